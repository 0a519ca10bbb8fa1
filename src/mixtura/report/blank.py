"""The empty figure that is drawn in where nobody has axes of their own."""

from matplotlib.figure import Figure

__all__ = ["new_figure"]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, laid out by constraints."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")
