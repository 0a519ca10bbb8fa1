"""The criterion against the number of components, a line for each kind of model."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import (
    FAINT,
    INK,
    MUTED,
    colour,
    drawn_name,
    halo,
    marker,
    spread_apart,
    tidy,
)
from mixtura.selection import Selection

__all__ = ["COLOURED", "criterion_figure"]

Float = NDArray[np.float64]

# Kinds in colour; the others are grey, told apart by their labels.
COLOURED = 5

# The second panel has this share of the models, but at least and at most so many.
CLOSE_SHARE, CLOSE_LEAST, CLOSE_MOST = 0.25, 5, 14

# So few lines need no second panel.
FEW_KINDS = 3

# Share of the models that the first panel has to show.
KEPT_SHARE = 0.75

# With fewer models than this every one is shown.
CUT_FROM = 12

# Smallest distance of two labels, as a share of an axes' height.
LABEL_DISTANCE = 0.047


def criterion_figure(selection: Selection, canvas: Canvas = new_figure) -> Figure:
    """Draw all fitted candidates, and beside them those that come close to the best.

    Failed candidates, and those ranked last as they are not sound, are absent: a line has a gap.

    Parameters
    ----------
    selection : with at least one fitted candidate
    canvas : makes what is drawn in
    """
    grid = selection.grid(comparable=True)
    sizes = sorted({candidate.n_components for candidate in selection.candidates})
    name = selection.criterion.upper()
    if len(sizes) == 1:
        return _one_size(grid, sizes[0], name, canvas)
    kinds = _best_first(grid)
    curves = {
        kind: np.array([grid[kind].get(size, np.inf) for size in sizes], dtype=np.float64)
        for kind in kinds
    }
    values = np.sort(np.concatenate(list(curves.values())))
    values = values[np.isfinite(values)]
    close = values[min(_n_close(len(values)), len(values)) - 1]
    if len(kinds) <= FEW_KINDS or close == values[-1]:
        figure = canvas(7.2, 4.2)
        whole = figure.subplots()
    else:
        figure = canvas(10, 4.8)
        whole, near = figure.subplots(1, 2, width_ratios=(1, 1.1))
        _draw(tidy(near, "y"), curves, sizes)
        _show_close(near, curves, sizes, float(values[0]), float(close))
        near.set_title(
            f"The {_n_close(len(values))} models closest to the best",
            loc="left",
            size=10,
            color=INK,
        )
        whole.set_title("All models", loc="left", size=10, color=INK)
    _draw(tidy(whole, "y"), curves, sizes)
    _cut(whole, values)
    whole.set_ylabel(f"{name} (lower is better)")
    _label_ends(whole, curves, sizes)
    return figure


def _n_close(n_values: int) -> int:
    return min(max(CLOSE_LEAST, round(CLOSE_SHARE * n_values)), CLOSE_MOST)


def _best_first(grid: Mapping[str, Mapping[int, float]]) -> list[str]:
    fitted = {kind: min(cells.values()) for kind, cells in grid.items()}
    return sorted((kind for kind in fitted if np.isfinite(fitted[kind])), key=fitted.__getitem__)


def _look(rank: int) -> tuple[str, str, float]:
    """Return colour, mark and width of the line of the kind of this rank."""
    if rank < COLOURED:
        return colour(rank), marker(rank), 1.8 if rank == 0 else 1.3
    return FAINT, ".", 0.9


def _draw(axes: Axes, curves: Mapping[str, Float], sizes: list[int]) -> None:
    for rank, (kind, values) in reversed(list(enumerate(curves.items()))):
        ink, mark, width = _look(rank)
        finite = np.where(np.isfinite(values), values, np.nan)
        axes.plot(
            sizes,
            finite,
            color=ink,
            marker=mark,
            linewidth=width,
            ms=4.2,
            markeredgewidth=0,
            zorder=3 - rank / 100,
            label=f"_{kind}",
        )
    best = next(iter(curves.values()))
    where = int(np.argmin(best))
    axes.plot(
        [sizes[where]],
        [best[where]],
        "o",
        ms=13,
        markerfacecolor="none",
        markeredgecolor=INK,
        markeredgewidth=1.3,
        zorder=4,
        label="_best",
    )
    axes.set_xlabel("components")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.ticklabel_format(axis="y", useOffset=False)


def _cut(axes: Axes, values: Float) -> None:
    """Cut an axes above most models where the rest would press those together.

    Parameters
    ----------
    values : (n,) of all models, sorted
    """
    best, most = values[0], np.quantile(values, KEPT_SHARE)
    if len(values) >= CUT_FROM and values[-1] - best > 3 * (most - best) > 0:
        axes.set_ylim(best - 0.06 * (most - best), most + 0.15 * (most - best))


def _label_ends(axes: Axes, curves: Mapping[str, Float], sizes: list[int]) -> None:
    """Write each kind at the right of its line, moved apart where lines end together."""
    low, high = axes.get_ylim()
    ends = [np.flatnonzero(np.isfinite(values))[-1] for values in curves.values()]
    heights = [min(values[end], high) for values, end in zip(curves.values(), ends, strict=True)]
    places = spread_apart((np.array(heights) - low) / (high - low), LABEL_DISTANCE)
    places -= max(0.0, places.max() - 1.02)
    places += max(0.0, 0.01 - places.min())
    for rank, kind in enumerate(curves):
        ink, _, _ = _look(rank)
        axes.annotate(
            drawn_name(kind) + (" ↑" if heights[rank] == high else ""),
            (sizes[ends[rank]], heights[rank]),
            (1.07, places[rank]),
            textcoords=axes.transAxes,
            va="center",
            size=8,
            color=MUTED if ink == FAINT else ink,
            weight="bold" if rank == 0 else "normal",
            arrowprops={
                "arrowstyle": "-",
                "color": ink,
                "linewidth": 0.5,
                "shrinkA": 1,
                "shrinkB": 3,
            },
            annotation_clip=False,
            parse_math=False,
        )


def _show_close(
    axes: Axes, curves: Mapping[str, Float], sizes: list[int], best: float, close: float
) -> None:
    """Narrow an axes to the best models, and write the kind beside every point in it."""
    room = close - best
    low, high = best - 0.14 * room, close + 0.12 * room
    axes.set_ylim(low, high)
    inside = [
        (position, rank, values[position])
        for rank, values in enumerate(curves.values())
        for position in np.flatnonzero(values <= close)
    ]
    columns = [position for position, _, _ in inside]
    axes.set_xlim(sizes[min(columns)] - 0.35, sizes[max(columns)] + 0.8)
    names = list(curves)
    for column in sorted(set(columns)):
        here = [(rank, value) for position, rank, value in inside if position == column]
        places = spread_apart(
            (np.array([value for _, value in here]) - low) / (high - low), LABEL_DISTANCE * 0.9
        )
        for (rank, _), place in zip(here, places, strict=True):
            ink, _, _ = _look(rank)
            axes.annotate(
                drawn_name(names[rank]),
                (sizes[column], low + place * (high - low)),
                (10 if rank == 0 else 6, 0),
                textcoords="offset points",
                va="center",
                size=8,
                color=MUTED if ink == FAINT else ink,
                weight="bold" if rank == 0 else "normal",
                path_effects=halo(),
                zorder=5,
                parse_math=False,
            )


def _one_size(
    grid: Mapping[str, Mapping[int, float]], size: int, name: str, canvas: Canvas
) -> Figure:
    """Draw a dot for each kind, the best on top, where only one size was tried."""
    kinds = _best_first(grid)
    values = [grid[kind][size] for kind in kinds]
    figure = canvas(7.2, 1.2 + 0.26 * len(kinds))
    axes = tidy(figure.subplots(), "x")
    for rank, value in enumerate(values):
        ink, mark, _ = _look(rank)
        axes.plot([value], [rank], mark if rank < COLOURED else "o", color=ink, ms=6)
    axes.plot(
        [values[0]], [0], "o", ms=13, markerfacecolor="none", markeredgecolor=INK, label="_best"
    )
    axes.set_yticks(range(len(kinds)), [drawn_name(kind) for kind in kinds])
    axes.set_ylim(len(kinds) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.ticklabel_format(axis="x", useOffset=False)
    many = "1 component" if size == 1 else f"{size} components"
    axes.set_xlabel(f"{name} with {many} (lower is better)")
    return figure
