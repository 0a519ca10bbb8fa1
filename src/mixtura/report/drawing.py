"""What all figures share: colours, marks, quiet axes and names that are safe to draw."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import Stroke, withStroke
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

__all__ = [
    "COLOURS",
    "FAINT",
    "GRID",
    "INK",
    "MUTED",
    "colour",
    "drawn_name",
    "halo",
    "marker",
    "spread_apart",
    "tidy",
]

Float = NDArray[np.float64]

INK = "#1c2128"
MUTED = "#5b6470"
FAINT = "#a8afb9"
GRID = "#e6e9ed"

# Okabe and Ito's colours, told apart with every common kind of colour vision; yellow is left out
# because it vanishes on white. Marks repeat the distinction, and go on where colours run out.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "p", "<", "h", ">")

# Names are cut to this many characters in figures; tables have them whole.
DRAWN_CHARACTERS = 22

# Of rows that belong to no component.
NOISE_COLOUR, NOISE_MARKER = "#8a93a0", "*"


def colour(component: int) -> str:
    """Return the colour of a component, grey for noise."""
    return NOISE_COLOUR if component < 0 else COLOURS[component % len(COLOURS)]


def marker(component: int) -> str:
    """Return the mark of a component."""
    return NOISE_MARKER if component < 0 else MARKERS[component % len(MARKERS)]


def tidy(axes: Axes, grid: Literal["both", "x", "y"] | None = None) -> Axes:
    """Leave an axes its left and lower edge and small ticks; `grid` is "x", "y", "both" or None."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=MUTED, labelsize=8, length=3, width=0.7, which="both")
    axes.tick_params(which="minor", length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(size=7.5, color=MUTED)
        axis.label.set(size=9, color=INK)
    if grid is not None:
        axes.grid(axis=grid, color=GRID, linewidth=0.7)
        axes.set_axisbelow(True)
    return axes


def halo(width: float = 2.5) -> list[Stroke]:
    """Return the path effect that keeps a label readable on top of points."""
    return [withStroke(linewidth=width, foreground="white")]


def drawn_name(name: str) -> str:
    r"""Return a column name on one line, without what cannot be drawn, cut where it is long.

    Examples
    --------
    >>> drawn_name("waiting\n(minutes)")
    'waiting (minutes)'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(name)).split())
    if len(line) > DRAWN_CHARACTERS:
        return line[: DRAWN_CHARACTERS - 1].rstrip() + "…"
    return line or "(no name)"


def spread_apart(wanted: Sequence[float] | Float, distance: float) -> Float:
    """Return the places nearest to the wanted ones, by squares, at least `distance` apart.

    Parameters
    ----------
    wanted : (n,) in any order

    Returns
    -------
    (n,) float64, in the order given
    """
    places = np.asarray(wanted, dtype=np.float64)
    if len(places) < 2:
        return places
    order = np.argsort(places, kind="stable")
    steps = distance * np.arange(len(places))
    apart = np.empty_like(places)
    apart[order] = isotonic_regression(places[order] - steps).x + steps
    return apart
