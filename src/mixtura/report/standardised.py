"""Where components are in each column, in standard deviations of the whole mixture."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.components.margins import moments_of
from mixtura.mixture import Mixture
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import FAINT, INK, colour, drawn_name, marker, tidy
from mixtura.report.profile import drawn_components, name_components

__all__ = ["has_profile", "standardised_figure", "standardised_means"]

Float = NDArray[np.float64]

# Families of amounts whose pages have no profile of their own.
FAMILIES = ("gaussian", "t", "factor_analyser")

# More columns than these are too many to read; those are drawn that tell components apart best.
MOST_COLUMNS = 40

# Inches of a row.
ROW = 0.25


def has_profile(mixture: Mixture) -> bool:
    """Return whether there are components to tell apart, of variances that there are."""
    if mixture.family.name not in FAMILIES or mixture.n_components < 2:
        return False
    spread = mixture.std()
    return bool(np.isfinite(spread).all() and (spread > 0).all())


def standardised_means(mixture: Mixture) -> Float:
    """Return (μ_kj - E[x_j]) / sd(x_j) (K, D)."""
    means = moments_of(mixture.family, mixture.parameters)[0]
    return (means - mixture.mean()) / mixture.std()


def standardised_figure(mixture: Mixture, names: Sequence[str], canvas: Canvas) -> Figure:
    """Draw a line for each component through its standardised means.

    Parameters
    ----------
    names : the D column names
    canvas : makes what is drawn in
    """
    means = standardised_means(mixture)
    telling = np.argsort(-(mixture.weights @ means**2), kind="stable")[:MOST_COLUMNS]
    chosen = np.sort(telling)
    heights = np.arange(len(chosen))
    figure = canvas(7.4, 1.3 + ROW * len(chosen))
    axes = tidy(figure.subplots(), "x")
    axes.axvline(0.0, color=FAINT, linewidth=1.0)
    for k in drawn_components(mixture):
        axes.plot(
            means[k, chosen],
            heights,
            color=colour(k),
            marker=marker(k),
            linewidth=1.5,
            ms=5.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
    axes.set_yticks(heights, [drawn_name(names[j]) for j in map(int, chosen)], parse_math=False)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=8.5, length=0, pad=8)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(chosen) - 0.5, -0.5)
    axes.set_xlabel("standard deviations from the mean of all")
    name_components(figure, mixture, color=FAINT, linewidth=1.0)
    return figure
