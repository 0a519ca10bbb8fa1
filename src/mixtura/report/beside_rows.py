"""Figures that no page has: profiles, Q-Q plots, densities, boundaries, directions."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.report.canvases import Canvas
from mixtura.report.contents import Report
from mixtura.report.drawing import (
    FAINT,
    INK,
    colour,
    drawn_name,
    marker,
    tidy,
)
from mixtura.report.panels import draw_boundaries
from mixtura.report.parts import ASKED_PROJECTION, Drawing
from mixtura.report.standardised import has_profile, standardised_figure

__all__ = ["ASKED_FOR"]

Float = NDArray[np.float64]

# Columns that a Q-Q plot has panels for, and points in each.
DRAWN_COLUMNS, DRAWN_POINTS = 6, 500

# Shares of the mixture within the lines of a plane, from the outside in.
SHARES = (0.95, 0.9, 0.75, 0.5, 0.25)
SHADES = ("#e8eff7", "#d0dfee", "#a9c6e1", "#79a9d1", "#4789bd")
# Draws that levels are quantiles of, and points of a grid along a line and each side of a plane.
DRAWS, POINTS, CELLS = 20_000, 400, 120
# Axes end where so little of each column is left on a side, and rows may lie beyond.
TAIL = 1e-3

# What has a density, and what a column may hold to have quantiles.
AMOUNTS = ("number", "positive", "share")
ORDERED = (*AMOUNTS, "count", "binary")


def _ordered(report: Report) -> list[int]:
    """Return the columns that have quantiles, the first where they are many."""
    mixture = report.result.mixture
    if mixture.family.has_noise:
        return []
    found = [j for j, kind in enumerate(mixture.kinds) if kind.name in ORDERED]
    return [] if any(kind.name == "exposure" for kind in mixture.kinds) else found[:DRAWN_COLUMNS]


def _qq(report: Report, canvas: Canvas) -> Figure:
    columns = _ordered(report)
    across = min(len(columns), 3)
    down = -(-len(columns) // across)
    figure = canvas(3.4 * across + 0.4, 3.2 * down + 0.3)
    grid = figure.subplots() if len(columns) == 1 else figure.subplots(down, across)
    panels = np.atleast_1d(grid).ravel()
    for axes, column in zip(panels, columns, strict=False):
        margin = report.result.mixture.coded.marginal([column])
        _quantiles(tidy(axes, "both"), margin, report.rows[:, column])
        axes.set_title(drawn_name(report.columns[column]), size=9, color=INK, parse_math=False)
    for axes in panels[len(columns) :]:
        axes.set_visible(False)
    return figure


def _quantiles(axes: Axes, margin: Mixture, values: Float) -> None:
    """Draw the quantiles of rows against those of the mixture at the same levels."""
    rows = np.sort(values[~np.isnan(values)])
    places = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), DRAWN_POINTS)).round())
    levels = (places + 0.5) / len(rows)
    expected = margin.ppf(levels)
    axes.plot(expected, rows[places.astype(np.intp)], ".", color=colour(0), ms=4)
    axes.axline((float(expected[0]), float(expected[0])), slope=1, color=FAINT, linewidth=1.0)
    axes.set_xlabel("quantiles of the mixture")
    axes.set_ylabel("quantiles of the rows")


def _boundaries(report: Report, canvas: Canvas) -> Figure:
    mixture: Any = report.result.mixture
    figure = canvas(6.4, 5.6)
    axes = tidy(figure.subplots())
    ends = [_ends(report.rows[:, j]) for j in range(2)]
    axes.set_xlim(*ends[0])
    axes.set_ylim(*ends[1])
    draw_boundaries(axes, mixture)
    for k in mixture.labels:
        own = report.labels == k
        style = {"color": colour(k), "ms": 3.5, "markeredgewidth": 0, "alpha": 0.8}
        axes.plot(report.rows[own, 0], report.rows[own, 1], marker(k), **style)
    for j, place in enumerate((axes.set_xlabel, axes.set_ylabel)):
        place(drawn_name(report.columns[j]), parse_math=False)
    return figure


def _ends(values: Float) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        raise ParameterError("there are no rows to draw; give some that have both columns")
    low, high = float(known.min()), float(known.max())
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _is_plane(report: Report) -> bool:
    mixture = report.result.mixture
    amounts = all(kind.name in AMOUNTS for kind in mixture.kinds)
    return mixture.n_columns == 2 and amounts


def _has_density(report: Report) -> bool:
    """Return whether there is a density to draw: of one amount, or of two."""
    mixture = report.result.mixture
    amounts = all(kind.name in AMOUNTS for kind in mixture.kinds)
    return amounts and mixture.n_columns <= 2 and not mixture.family.has_noise


def _density_caption(report: Report) -> str:
    if report.result.mixture.n_columns == 1:
        return "The density in ink, and what each component adds to it in colour."
    told = ", ".join(f"{100 * share:g}" for share in reversed(SHARES))
    return f"Lines are regions of highest density, which hold {told} % of what is drawn from it."


def _density(report: Report, canvas: Canvas) -> Figure:
    figure = canvas(6.4, 4.4 if report.result.mixture.n_columns == 1 else 5.6)
    axes = tidy(figure.subplots())
    (_line if report.result.mixture.n_columns == 1 else _plane)(report, axes)
    axes.set_xlabel(drawn_name(report.columns[0]), parse_math=False)
    return figure


def _line(report: Report, axes: Axes) -> None:
    mixture: Any = report.result.mixture.coded
    grid = np.linspace(*_reach(report, 0), POINTS)
    parts = np.exp(mixture.component_log_density(grid[:, None])) * mixture.weights
    rows = report.rows[:, 0]
    rows = rows[~np.isnan(rows)]
    if len(rows):
        axes.hist(rows, "auto", density=True, color="#d9dee5", zorder=0)
    for k, part in enumerate(parts.T):
        axes.plot(grid, part, color=colour(k), linewidth=1.2)
    axes.plot(grid, parts.sum(axis=1), color=INK, linewidth=1.6)
    axes.set_ylabel("density")


def _plane(report: Report, axes: Axes) -> None:
    mixture: Any = report.result.mixture.coded
    sides = [np.linspace(*_reach(report, j), CELLS) for j in range(2)]
    nodes = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    heights = mixture.log_density(nodes).reshape(CELLS, CELLS)
    drawn = mixture.log_density(mixture.rvs(DRAWS, random_state=0))
    levels = np.unique(np.quantile(drawn, [1.0 - share for share in SHARES]))
    shades = SHADES[-len(levels) :]
    axes.contourf(*sides, heights, [*levels, np.inf], colors=shades, zorder=0)
    axes.contour(*sides, heights, levels, colors=INK, linewidths=0.6)
    axes.plot(report.rows[:, 0], report.rows[:, 1], ".", color=FAINT, ms=2, zorder=1)
    axes.set_ylabel(drawn_name(report.columns[1]), parse_math=False)


def _reach(report: Report, column: int) -> tuple[float, float]:
    """Return an axis that holds nearly all of the mixture, and all rows."""
    margin = report.result.mixture.coded.marginal([column])
    low, high = margin.ppf([TAIL, 1.0 - TAIL])
    values = report.rows[:, column]
    values = values[~np.isnan(values)]
    return float(min([low, *values])), float(max([high, *values]))


# In the order in which an error lists them.
ASKED_FOR = (
    Drawing(
        "profile",
        "Profiles of the components",
        lambda report, canvas: standardised_figure(report.result.mixture, report.columns, canvas),
        lambda _: "Where the lines of two components part, the column tells them apart.",
        lambda report: has_profile(report.result.mixture),
        of_rows=False,
    ),
    Drawing(
        "qq",
        "Quantiles of rows and of the mixture",
        _qq,
        lambda _: "Where points leave the line, the mixture has too much or too little on a side.",
        lambda report: bool(_ordered(report)),
        subject="columns of numbers or counts",
    ),
    Drawing(
        "density",
        "Density",
        _density,
        _density_caption,
        _has_density,
        of_rows=False,
        subject="one amount or two, without noise; mixture.marginal([...]) is the mixture of these",
    ),
    Drawing(
        "boundaries",
        "Which component a row would belong to",
        _boundaries,
        lambda _: "The shade says which component is the likeliest there.",
        _is_plane,
        subject="two amounts; mixture.marginal([...]) is the mixture of these",
    ),
    ASKED_PROJECTION,
)
