"""Counts of rows against the fitted mass, column by column."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray
from scipy.stats import poisson

from mixtura.mixture import Mixture
from mixtura.report.drawing import INK, colour, drawn_name, marker, new_figure, tidy
from mixtura.report.profile import drawn_components, name_components

__all__ = ["masses_figure"]

Float = NDArray[np.float64]

# Counts up to this are drawn one by one; beyond, in bins.
MOST_BARS = 60

# The axis ends where this share of the rows lies below.
KEPT = 0.995


def masses_figure(
    mixture: Mixture, rows: Float, names: Sequence[str], columns: Sequence[int]
) -> Figure:
    """Draw for each column the shares of counts among the rows, and under the mixture.

    Parameters
    ----------
    mixture : of Poisson components
    rows : (N, D) counts
    names : the D names
    columns : numbers of the columns drawn
    """
    across = min(len(columns), 2)
    down = -(-len(columns) // across)
    figure = new_figure(4.6 * across + 0.6, 0.7 + 2.7 * down)
    panels = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    drawn = drawn_components(mixture)
    for axes, column in zip(panels, columns, strict=False):
        _panel(tidy(axes, "y"), mixture, rows[:, column], column, drawn)
        axes.set_xlabel(drawn_name(names[column]), parse_math=False)
    for axes in panels[len(columns) :]:
        axes.set_visible(False)
    name_components(figure, mixture, color=INK, linewidth=1.8)
    return figure


def _panel(
    axes: Axes, mixture: Mixture, counts: Float, column: int, drawn: NDArray[np.intp]
) -> None:
    rates = mixture.parameters.rates[:, column]
    last = int(max(np.quantile(counts, KEPT), (rates + 3 * np.sqrt(rates)).max(), 1.0))
    width = max(1, -(-(last + 1) // MOST_BARS))
    edges = np.arange(0, last + width + 1, width)
    places = edges[:-1] + (width - 1) / 2
    shares = np.histogram(counts, np.append(edges[:-1] - 0.5, edges[-1] - 0.5))[0] / len(counts)
    axes.bar(places, shares, 0.86 * width, color="#dfe4ea", linewidth=0)
    below = poisson.cdf(edges[:, None] - 1, rates)
    masses = mixture.weights * np.diff(below, axis=0)
    for k in drawn:
        axes.plot(places, masses[:, k], color=colour(k), marker=marker(k), ms=3.5, linewidth=1.2)
    axes.plot(places, masses.sum(axis=1), color=INK, linewidth=1.8)
    axes.set_ylim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
