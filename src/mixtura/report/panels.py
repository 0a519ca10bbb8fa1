"""The panels that pairs plots are put together from: points with ellipses, bars with densities."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import dense_within
from mixtura.mixture import Mixture
from mixtura.report.drawing import INK, colour, halo, marker
from mixtura.report.ellipses import LEVELS, ellipse_path
from mixtura.report.marginals import log_density, marginal, noise_density, region_levels

__all__ = [
    "Points",
    "draw_boundaries",
    "draw_density",
    "draw_ellipses",
    "draw_points",
    "draw_regions",
    "limits",
]

Float = NDArray[np.float64]

# Shares of the mixture inside the shaded regions, and their shades from the outside in.
REGIONS = (0.95, 0.75, 0.5)
REGION_SHADES = ("#f1f3f6", "#e3e8ee", "#d2dae3")

# Sizes of points go in so many steps from sure to undecided: a drawing stays small with few.
SIZE_STEPS = 6

# A star has less ink than other marks of its size.
STAR = 1.7

# Where rows that lack a column stand, as a share of the panel.
EDGE = 0.015

# Cells of a plane along each side, where it is shaded by components.
CELLS = 200

# Figures with more marks than this hold them as a picture, not as shapes.
MOST_SHAPES = 4000


@dataclass(frozen=True, slots=True)
class Points:
    """Rows as they are drawn.

    Attributes
    ----------
    rows : (N, D) float64, NaN where a cell is missing
    labels : (N,) the component of each row, -1 for noise
    uncertainty : (N,) 1 - the probability of that component
    """

    rows: Float
    labels: NDArray[np.intp]
    uncertainty: Float

    def steps(self) -> NDArray[np.intp]:
        """Return a number (N,) from 0, for a sure row, to SIZE_STEPS - 1 for an undecided one."""
        return np.minimum(2 * self.uncertainty * SIZE_STEPS, SIZE_STEPS - 1).astype(np.intp)


def limits(mixture: Mixture, rows: Float, column: int) -> tuple[float, float]:
    """Return an axis that holds the rows, and the ellipses as far as they stay near the rows."""
    means = mixture.parameters.means[:, column]
    values = _observed(rows, column)
    values = values if len(values) else means
    low, high = float(values.min()), float(values.max())
    room = high - low or abs(high) or 1.0
    spread = np.sqrt(mixture.parameters.covariance.variances()[:, column]) * LEVELS["95"]
    low = min(low, max(float((means - spread).min()), low - 0.25 * room))
    high = max(high, min(float((means + spread).max()), high + 0.25 * room))
    return low - 0.04 * room, high + 0.04 * room


def draw_points(
    axes: Axes, points: Points, across: int, up: int, *, size: float = 3.0, panels: int = 1
) -> None:
    """Scatter one column against another; the unsure rows are larger and lie on top.

    Rows that lack one of the two are ticks along the edge that is the other's axis.
    """
    alpha = float(np.clip(30 / np.sqrt(len(points.rows)), 0.35, 0.85))
    steps = points.steps()
    for step, k in product(range(SIZE_STEPS), np.unique(points.labels)):
        own = (points.labels == k) & (steps == step)
        axes.plot(
            points.rows[own, across],
            points.rows[own, up],
            marker(k),
            color=colour(k),
            ms=size * (1 + step / (SIZE_STEPS - 1)) * (STAR if k < 0 else 1.0),
            alpha=alpha,
            markeredgewidth=0,
            rasterized=len(points.rows) * panels > MOST_SHAPES,
            zorder=2,
        )
    _draw_edges(axes, points, across, up)


def _draw_edges(axes: Axes, points: Points, across: int, up: int) -> None:
    """Draw rows that lack one of two columns where the other's axis is."""
    missing = np.isnan(points.rows)
    for k in np.unique(points.labels):
        own = points.labels == k
        right = points.rows[own & missing[:, up] & ~missing[:, across], across]
        above = points.rows[own & missing[:, across] & ~missing[:, up], up]
        style: Any = {"color": colour(k), "alpha": 0.6, "linestyle": "", "ms": 5, "zorder": 2}
        axes.plot(
            right, np.full(len(right), EDGE), "|", transform=axes.get_xaxis_transform(), **style
        )
        axes.plot(
            np.full(len(above), EDGE), above, "_", transform=axes.get_yaxis_transform(), **style
        )


def draw_ellipses(axes: Axes, mixture: Mixture, across: int, up: int, label_size: float) -> None:
    """Draw each Gaussian component's ellipses, and its number at its mean."""
    pair = [across, up]
    covariances = dense_within(mixture.parameters.covariance, pair)
    means = mixture.parameters.means[:, pair]
    for k in range(len(means)):
        for level, radius in LEVELS.items():
            inner = level == "1sd"
            axes.add_patch(
                PathPatch(
                    ellipse_path(means[k], covariances[k], radius),
                    facecolor="none",
                    edgecolor=colour(k),
                    linewidth=1.5 if inner else 1.1,
                    linestyle="-" if inner else (0, (4, 2)),
                    gid=f"ellipse-{k}-{across}-{up}-{level}",
                    zorder=3,
                    path_effects=halo(2.2) if inner else None,
                )
            )
        axes.text(
            float(means[k][0]),
            float(means[k][1]),
            str(k),
            size=label_size,
            weight="bold",
            color=colour(k),
            ha="center",
            va="center",
            clip_on=True,
            path_effects=halo(3),
            zorder=4,
        )


def draw_regions(axes: Axes, mixture: Mixture, across: int, up: int, cells: int = 90) -> None:
    """Shade the regions that hold half, three quarters and 95 % of the fitted mixture."""
    levels = region_levels(mixture, [across, up], REGIONS)
    x = np.linspace(*axes.get_xlim(), cells)
    y = np.linspace(*axes.get_ylim(), cells)
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    density = log_density(mixture, [across, up], nodes).reshape(cells, cells)
    axes.contourf(x, y, density, [*levels, np.inf], colors=REGION_SHADES[-len(levels) :], zorder=0)


def draw_boundaries(axes: Axes, mixture: Mixture) -> None:
    """Shade a plane by the component that is the likeliest there, within the axes' limits."""
    x, y = (np.linspace(*ends, CELLS) for ends in (axes.get_xlim(), axes.get_ylim()))
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    likeliest = mixture.coded.predict(nodes).reshape(CELLS, CELLS)
    for k in mixture.labels:
        inside: Any = (likeliest == k).astype(float)
        if inside.any():
            axes.contourf(x, y, inside, [0.5, 1.5], colors=[colour(k)], alpha=0.16, zorder=0)


def draw_density(
    axes: Axes,
    mixture: Mixture,
    points: Points,
    column: int,
    *,
    upright: bool = True,
    fill: bool = False,
) -> None:
    """Draw a histogram with the components' weighted densities and their sum.

    Parameters
    ----------
    upright : whether the column runs across; otherwise it runs up the page
    fill : whether the components' areas are tinted
    """
    values = _observed(points.rows, column)
    heights, edges = np.histogram(values, _bins(len(values)), density=len(values) > 0)
    line = marginal(mixture, [column])
    across = axes.get_xlim() if upright else axes.get_ylim()
    grid = _nodes(line, across)
    parts = np.exp(line.component_log_density(grid[:, None])) * line.weights
    if mixture.family.has_noise:
        parts = np.column_stack([parts, noise_density(mixture, [column], grid[:, None])])
    axes.stairs(
        heights,
        edges,
        fill=True,
        color="#d9dee5",
        zorder=0,
        orientation="vertical" if upright else "horizontal",
    )
    total = parts.sum(axis=1)
    # A component far away would be a coloured line along the axis.
    parts[parts < 2e-3 * total.max()] = np.nan
    for k, part in zip(mixture.labels, parts.T, strict=True):
        xy = (grid, part) if upright else (part, grid)
        axes.plot(*xy, color=colour(k), linewidth=1.4, zorder=2)
        if fill:
            axes.fill_between(grid, part, color=colour(k), alpha=0.14, linewidth=0, zorder=1)
    axes.plot(*((grid, total) if upright else (total, grid)), color=INK, linewidth=0.9, zorder=3)
    highest = float(heights.max())
    top = min(float(total.max()), 2.5 * highest or np.inf)
    (axes.set_ylim if upright else axes.set_xlim)(0, 1.1 * max(top, highest))


def _observed(rows: Float, column: int) -> Float:
    """Return the cells of a column that are not missing."""
    values = rows[:, column]
    return values[~np.isnan(values)]


def _bins(n_values: int) -> int:
    return int(np.clip(np.ceil(2 * np.sqrt(n_values)), 10, 36))


def _nodes(line: Mixture, ends: tuple[float, float]) -> Float:
    """Return where a density is evaluated: evenly, and more densely around narrow components."""
    means = line.parameters.means[:, 0]
    deviations = np.sqrt(line.parameters.covariance.dense()[:, 0, 0])
    near = (means[:, None] + deviations[:, None] * np.linspace(-4, 4, 41)).ravel()
    nodes = np.concatenate([np.linspace(*ends, 160), near])
    return np.unique(nodes[(nodes >= ends[0]) & (nodes <= ends[1])])
