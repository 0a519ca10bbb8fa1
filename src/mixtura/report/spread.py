"""Probabilities or rates of the items that tell components apart, a point for each component."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import INK, colour, drawn_name, marker, tidy
from mixtura.report.profile import WHOLE_MARK, drawn_components, name_components

__all__ = ["MOST_ITEMS", "spread_figure"]

Float = NDArray[np.float64]

MOST_ITEMS = 30

# Items whose overall values differ more than this need a log axis; points too small for it are set
# on its edge, this far below the smallest overall value.
WIDE, EDGE = 20.0, 30.0


def spread_figure(
    mixture: Mixture,
    names: Sequence[str],
    values: Float,
    overall: Float,
    label: str,
    canvas: Canvas = new_figure,
) -> Figure:
    """Draw a row for each item, and a point for each component.

    Parameters
    ----------
    names : (M,) of the items shown
    values : (K, M) probabilities or rates
    overall : (M,) of the whole mixture
    label : what the axis is called
    canvas : makes what is drawn in
    """
    figure = canvas(7.6, 1.2 + 0.25 * len(names))
    axes = tidy(figure.subplots(), "x")
    heights = np.arange(len(names))
    drawn = drawn_components(mixture)
    shown, low = values[drawn], 0.0
    if overall.max() > WIDE * overall.min() > 0:
        low = overall.min() / EDGE
        axes.set_xscale("log")
        shown = np.maximum(shown, low)
    axes.hlines(
        heights, shown.min(axis=0), shown.max(axis=0), color="#d5dae1", linewidth=2.2, zorder=1
    )
    axes.plot(overall, heights, zorder=2, **WHOLE_MARK)
    for row, k in enumerate(drawn):
        axes.plot(
            shown[row],
            heights,
            marker(k),
            color=colour(k),
            ms=6,
            markeredgecolor="white",
            markeredgewidth=0.5,
            clip_on=False,
            zorder=3,
        )
    axes.set_xlim(low if low else 0.0, None)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(heights, [drawn_name(name) for name in names], parse_math=False)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=8.5, length=0, pad=8)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(label)
    name_components(figure, mixture)
    return figure
