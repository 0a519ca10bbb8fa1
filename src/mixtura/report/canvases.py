"""What figures are drawn in from Python: axes of the user's, or a figure that notebooks show."""

from collections.abc import Callable
from typing import Any, final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mixtura.errors import ParameterError

__all__ = ["Canvas", "Within", "shown_figure"]

# Makes what is drawn in of a width and height in inches: a figure, or what stands for one.
Canvas = Callable[[float, float], Any]


def shown_figure(width: float, height: float) -> Figure:
    """Return an empty figure that pyplot knows, so that notebooks and `pyplot.show` show it."""
    # pyplot looks for a screen when it is loaded, which the page has no need of.
    from matplotlib import pyplot

    return pyplot.figure(figsize=(width, height), layout="constrained", facecolor="white")


@final
class Within:
    """An axes that stands for a figure: one panel is the axes itself, several take its place.

    Parameters
    ----------
    ax : the user's
    """

    def __init__(self, ax: Axes) -> None:
        self._ax = ax
        self._inside: Any = None

    def __call__(self, width: float, height: float) -> "Within":
        """Return itself: the user has said how large it is."""
        return self

    @property
    def axes(self) -> list[Axes]:
        """Return what was drawn in."""
        return [self._ax] if self._inside is None else list(self._inside.axes)

    def subplots(self, nrows: int = 1, ncols: int = 1, **options: Any) -> Any:
        """Return the axes, or several in its place; as a figure's."""
        if nrows == ncols == 1 and not options:
            return self._ax
        return self._parted().subplots(nrows, ncols, **options)

    def subplot_mosaic(self, mosaic: Any, **options: Any) -> Any:
        """Return several axes in its place by name; as a figure's."""
        return self._parted().subplot_mosaic(mosaic, **options)

    def legend(self, **options: Any) -> Any:
        """Draw a legend above what is drawn."""
        if self._inside is not None:
            return self._inside.legend(**options)
        return self._ax.legend(**options | {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)})

    def get_figwidth(self) -> float:
        """Return the width in inches."""
        figure = self._ax.get_figure(root=True)
        assert figure is not None
        return figure.get_figwidth() * self._ax.get_position().width

    def align_ylabels(self) -> None:
        """Set the labels of panels in a line."""
        if self._inside is not None:
            self._inside.align_ylabels()

    def _parted(self) -> Any:
        place, figure = self._ax.get_subplotspec(), self._ax.get_figure()
        if place is None or figure is None:
            raise ParameterError(
                "this figure has several panels, which take the place of an ax that subplots() "
                "made; give such a one, or no ax"
            )
        self._ax.set_axis_off()
        self._inside = figure.add_subfigure(place, facecolor="none")
        return self._inside
