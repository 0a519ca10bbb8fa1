"""How sure the fit is of each row."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import INK, MUTED, colour, drawn_name, marker, tidy
from mixtura.text import component_title

__all__ = ["BANDS", "uncertainty_figure"]

Float = NDArray[np.float64]

# Bars are drawn for this many components at most, those with the most rows.
MOST_BARS = 20

# Upper ends of the bands of uncertainty, and what they are called.
BANDS = ((0.05, "sure"), (0.2, "likely"), (0.4, "doubtful"), (1.0, "undecided"))
SHADES = ("#dde3ea", "#aab6c4", "#e0a458", "#b3401d")


def uncertainty_figure(
    uncertainty: Float,
    labels: NDArray[np.intp],
    mixture: Mixture,
    canvas: Canvas = new_figure,
) -> Figure:
    """Draw the sorted uncertainties, and for each component how many rows are how sure.

    Parameters
    ----------
    uncertainty : (N,) 1 - the largest posterior probability
    labels : (N,) the component of each row
    mixture : whose components they are, noise -1 and last
    canvas : makes what is drawn in
    """
    figure = canvas(9, max(3.2, 1.6 + 0.3 * min(mixture.n_components, MOST_BARS)))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _sorted(tidy(left, "y"), uncertainty, labels)
    _bands(tidy(right), uncertainty, labels, mixture)
    return figure


def _sorted(axes: Axes, uncertainty: Float, labels: NDArray[np.intp]) -> None:
    order = np.argsort(uncertainty, kind="stable")
    share = (np.arange(len(order)) + 0.5) / len(order)
    axes.fill_between(share, uncertainty[order], color="#eef1f5", linewidth=0)
    for k in np.unique(labels):
        own = labels[order] == k
        axes.plot(
            share[own],
            uncertainty[order][own],
            marker(k),
            color=colour(k),
            ms=3.2,
            markeredgewidth=0,
            rasterized=len(order) > 1500,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(0.05, 1.1 * float(uncertainty.max())))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("rows, from the surest to the least sure")
    axes.set_ylabel("uncertainty")


def _bands(axes: Axes, uncertainty: Float, labels: NDArray[np.intp], mixture: Mixture) -> None:
    edges = [0.0, *(upper for upper, _ in BANDS)]
    edges[-1] = 1.0 + 1e-9
    n_components = mixture.n_components
    places_of = labels % n_components
    sizes = np.bincount(places_of, minlength=n_components)
    drawn = np.sort(np.argsort(-sizes, kind="stable")[:MOST_BARS])
    places = np.arange(len(drawn))
    begin = np.zeros(len(drawn))
    for band, (_, name) in enumerate(BANDS):
        inside = (uncertainty >= edges[band]) & (uncertainty < edges[band + 1])
        counts = np.bincount(places_of[inside], minlength=n_components)
        share = (counts / np.maximum(sizes, 1))[drawn]
        axes.barh(places, share, 0.66, left=begin, color=SHADES[band], label=name)
        begin += share
    for place, k in zip(places, mixture.labels[drawn], strict=True):
        axes.plot(
            [-0.035],
            [place],
            marker(k),
            color=colour(k),
            ms=5,
            clip_on=False,
            transform=axes.get_yaxis_transform(),
            markeredgewidth=0,
        )
    axes.set_yticks(places, [drawn_name(component_title(mixture.names[k])) for k in drawn])
    axes.tick_params(axis="y", length=0, pad=12, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("share of the component's rows")
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.45, 1.0),
        ncols=4,
        frameon=False,
        fontsize=8,
        handlelength=1,
        handletextpad=0.4,
        columnspacing=1.0,
        labelcolor=MUTED,
    )
