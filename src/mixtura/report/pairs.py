"""The rows and the fitted Gaussians, and noise: a line, a plane or pairs of columns."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mixtura.components.gaussian.covariance import check_widths, deviations_of
from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import FAINT, INK, colour, drawn_name, halo, marker, tidy
from mixtura.report.marginals import separating_columns
from mixtura.report.panels import (
    Points,
    draw_boundaries,
    draw_density,
    draw_ellipses,
    draw_points,
    draw_regions,
    limits,
)
from mixtura.text import component_title

__all__ = ["MOST_COLUMNS", "drawn_columns", "pairs_figure", "plane_figure"]

# More columns than this make panels too small to read.
MOST_COLUMNS = 6

# A legend with more components than this would be longer than the figure.
MOST_NAMED = 14

# Inches that one of its entries takes.
LEGEND_ENTRY = 1.75


def drawn_columns(mixture: Mixture) -> list[int]:
    """Return the columns that are drawn, in their order: those that separate components most."""
    if mixture.n_columns <= MOST_COLUMNS:
        return list(range(mixture.n_columns))
    return separating_columns(mixture, MOST_COLUMNS)


def pairs_figure(
    mixture: Mixture, points: Points, names: Sequence[str], canvas: Canvas = new_figure
) -> Figure:
    """Draw rows and components, in the way that suits the number of columns.

    Parameters
    ----------
    mixture : of Gaussian components, and maybe noise
    points : the rows
    names : the D column names
    canvas : makes what is drawn in

    Raises
    ------
    ParameterError
        If components are so wide or narrow that squares of it are beyond numbers.
    """
    check_widths(deviations_of(mixture.parameters.covariance, mixture.n_columns))
    drawn = [drawn_name(name) for name in names]
    if mixture.n_columns == 1:
        return _line(mixture, points, drawn[0], canvas)
    if mixture.n_columns == 2:
        return _plane(mixture, points, drawn, canvas)
    return _pairs(mixture, points, drawn, drawn_columns(mixture), canvas)


def plane_figure(
    mixture: Mixture, points: Points, names: Sequence[str], canvas: Canvas = new_figure
) -> Figure:
    """Draw rows and components of two columns over the regions where each is the likeliest.

    Arguments are those of `pairs_figure`.
    """
    check_widths(deviations_of(mixture.parameters.covariance, mixture.n_columns))
    figure = canvas(7.2, 5.8)
    axes = tidy(figure.subplots())
    axes.set_xlim(*limits(mixture, points.rows, 0))
    axes.set_ylim(*limits(mixture, points.rows, 1))
    draw_boundaries(axes, mixture)
    draw_points(axes, points, 0, 1)
    draw_ellipses(axes, mixture, 0, 1, label_size=11)
    axes.set_xlabel(drawn_name(names[0]), parse_math=False)
    axes.set_ylabel(drawn_name(names[1]), parse_math=False)
    _legend(figure, mixture)
    return figure


def _line(mixture: Mixture, points: Points, name: str, canvas: Canvas) -> Figure:
    figure = canvas(8.5, 4.4)
    axes = tidy(figure.subplots())
    axes.set_xlim(*limits(mixture, points.rows, 0))
    draw_density(axes, mixture, points, 0, fill=True)
    top = axes.get_ylim()[1]
    height = 0.045 * top
    for k in np.unique(points.labels):
        own = points.rows[points.labels == k, 0]
        axes.vlines(
            own,
            -height * 1.5,
            -height * 0.5,
            color=colour(k),
            linewidth=0.8,
            alpha=0.7,
            rasterized=len(points.rows) > 1500,
        )
    deviations = np.sqrt(mixture.parameters.covariance.dense()[:, 0, 0])
    for k, mean in enumerate(mixture.parameters.means[:, 0]):
        peak = mixture.weights[k] / (deviations[k] * np.sqrt(2 * np.pi))
        axes.annotate(
            str(k),
            (mean, min(peak, 0.93 * top)),
            (0, 4),
            textcoords="offset points",
            ha="center",
            size=11,
            weight="bold",
            color=colour(k),
            path_effects=halo(3),
            zorder=4,
        )
    axes.set_ylim(-2 * height, top * 1.06)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= top])
    axes.spines["bottom"].set_position(("data", -2 * height))
    axes.set_xlabel(name, parse_math=False)
    axes.set_ylabel("density")
    _legend(figure, mixture)
    return figure


def _plane(mixture: Mixture, points: Points, names: Sequence[str], canvas: Canvas) -> Figure:
    figure = canvas(8.5, 7.6)
    places = figure.subplot_mosaic(
        [["top", "."], ["main", "right"]], width_ratios=(5, 1), height_ratios=(1, 5)
    )
    main = tidy(places["main"])
    main.set_xlim(*limits(mixture, points.rows, 0))
    main.set_ylim(*limits(mixture, points.rows, 1))
    draw_regions(main, mixture, 0, 1, cells=160)
    draw_points(main, points, 0, 1, size=4)
    draw_ellipses(main, mixture, 0, 1, label_size=13)
    main.set_xlabel(names[0], parse_math=False)
    main.set_ylabel(names[1], parse_math=False)
    for place, column in (("top", 0), ("right", 1)):
        axes = places[place]
        (axes.set_xlim if column == 0 else axes.set_ylim)(
            main.get_xlim() if column == 0 else main.get_ylim()
        )
        draw_density(axes, mixture, points, column, upright=column == 0)
        axes.axis("off")
    _legend(figure, mixture)
    return figure


def _pairs(
    mixture: Mixture,
    points: Points,
    names: Sequence[str],
    columns: Sequence[int],
    canvas: Canvas,
) -> Figure:
    count = len(columns)
    side = max(1.65, 6.6 / count)
    figure = canvas(side * count + 0.6, side * count + 0.7)
    grid = figure.subplots(count, count, squeeze=False)
    ranges = {column: limits(mixture, points.rows, column) for column in columns}
    n_panels = count * (count - 1) // 2
    size = float(np.clip(np.sqrt(60 / count / np.sqrt(1 + len(points.rows) / 300)), 1.6, 3.5))
    for i, up in enumerate(columns):
        for j, across in enumerate(columns):
            axes = grid[i, j]
            _frame(axes)
            axes.set_xlim(*ranges[across])
            if i == j:
                draw_density(axes, mixture, points, across)
                axes.set_yticks([])
                axes.set_title(
                    names[across], size=9, weight="bold", color=INK, pad=3, parse_math=False
                )
                _edges(axes, i, j, count)
                continue
            axes.set_ylim(*ranges[up])
            if j > i:
                draw_regions(axes, mixture, across, up, cells=60)
                _numbers(axes, mixture, across, up)
            else:
                draw_points(axes, points, across, up, size=size, panels=n_panels)
                draw_ellipses(axes, mixture, across, up, label_size=8.5)
            _edges(axes, i, j, count)
    _legend(figure, mixture)
    return figure


def _numbers(axes: Axes, mixture: Mixture, across: int, up: int) -> None:
    for k, (x, y) in enumerate(mixture.parameters.means[:, [across, up]]):
        axes.text(
            x,
            y,
            str(k),
            size=8.5,
            weight="bold",
            color=colour(k),
            ha="center",
            va="center",
            clip_on=True,
            path_effects=halo(),
        )


def _frame(axes: Axes) -> None:
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6)
    axes.tick_params(labelsize=7, length=2, width=0.6, colors="#5b6470")
    axes.locator_params(nbins=4)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_offset_text().set(size=6.5)


def _edges(axes: Axes, i: int, j: int, count: int) -> None:
    """Leave tick labels to the outer panels."""
    axes.tick_params(labelbottom=i == count - 1, labelleft=j == 0 and i > 0)
    if i != count - 1:
        axes.xaxis.get_offset_text().set_visible(False)
    if j != 0:
        axes.yaxis.get_offset_text().set_visible(False)


def _legend(figure: Figure, mixture: Mixture) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=colour(k),
            marker=marker(k),
            linestyle="",
            ms=6,
            label=f"{drawn_name(component_title(name))}  ({weight:.0%})",
        )
        for k, name, weight in list(
            zip(mixture.labels, mixture.names, mixture.weights, strict=True)
        )[:MOST_NAMED]
    ]
    if mixture.n_components > MOST_NAMED:
        more = mixture.n_components - MOST_NAMED
        handles.append(Line2D([], [], linestyle="", label=f"and {more} more"))
    columns = min(len(handles), int(figure.get_figwidth() / LEGEND_ENTRY))
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.3,
    )
