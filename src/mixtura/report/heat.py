"""Heat maps: a row for each item or level, a column for each component."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import INK, MUTED, colour, drawn_name
from mixtura.report.levels import LevelRows

__all__ = ["heat_figure", "lift_figure"]

Float = NDArray[np.float64]

SHARES = LinearSegmentedColormap.from_list("share", ["#ffffff", "#bcd7ea", "#3f8cc0", "#084b7c"])
# Orange below, blue above, white in the middle.
LIFTS = LinearSegmentedColormap.from_list(
    "lift", ["#b3500a", "#e9a56b", "#fbe9da", "#ffffff", "#d6e7f3", "#5ea3cf", "#084b7c"]
)

# With more components than this, cells are too narrow for numbers.
MOST_NUMBERED = 14

# Inches of a row and of a column, and points that a letter takes.
ROW, COLUMN, LETTER = 0.25, 0.72, 4.3

# The shade of a lift is full from this factor on.
FULL_LIFT = 8.0


@dataclass(frozen=True, slots=True)
class Cells:
    """What a heat map shows: first a column for all rows together, then one for each component.

    Attributes
    ----------
    shades : (M, 1 + K) from 0 to 1, NaN for none
    texts : (M, 1 + K)
    white : (M, 1 + K) whether the text is on a dark shade
    """

    shades: Float
    texts: Sequence[Sequence[str]]
    white: NDArray[np.bool_]


def heat_figure(mixture: Mixture, rows: LevelRows, canvas: Canvas = new_figure) -> Figure:
    """Draw the probabilities of levels.

    Parameters
    ----------
    mixture : of an item family
    rows : what is shown
    canvas : makes what is drawn in
    """
    values = np.insert(rows.probabilities, 0, rows.overall, axis=0).T
    texts = [[f"{100 * share:.0f}" for share in row] for row in values]
    labels = [drawn_name(label) for label in rows.labels]
    names = [drawn_name(name) for name in rows.items]
    cells = Cells(values, texts, values > 0.6)
    if rows.all_single:
        joined = [f"{name} = {label}" for name, label in zip(names, labels, strict=True)]
        return _figure(mixture, cells, joined, SHARES, canvas)
    groups = {start: names[start] for start in rows.starts}
    return _figure(mixture, cells, labels, SHARES, canvas, groups)


def lift_figure(
    mixture: Mixture,
    names: Sequence[str],
    values: Float,
    overall: Float,
    canvas: Canvas = new_figure,
) -> Figure:
    """Draw how many times as frequent each item is in each component as in all.

    Parameters
    ----------
    names : (M,) of the items shown
    values : (K, M) probabilities or rates
    overall : (M,) of the whole mixture
    canvas : makes what is drawn in
    """
    ratio = np.maximum(values, 1e-300) / np.maximum(overall, 1e-300)
    shades = 0.5 + np.clip(np.log(ratio) / np.log(FULL_LIFT), -1, 1) / 2
    shades = np.vstack([np.full(len(names), np.nan), shades]).T
    texts = [
        [f"{overall[j]:.2g}", *(_factor(value) for value in ratio[:, j])] for j in range(len(names))
    ]
    dark = np.nan_to_num(np.abs(shades - 0.5), nan=0.0) > 0.38
    labels = [drawn_name(name) for name in names]
    return _figure(mixture, Cells(shades, texts, dark), labels, LIFTS, canvas)


def _factor(ratio: float) -> str:
    if ratio < 0.005:
        return "0"
    if ratio < 1:
        return f"×{ratio:.2f}"
    return f"×{ratio:.2g}" if ratio < 99.5 else f"×{ratio:.0f}"


def _figure(
    mixture: Mixture,
    cells: Cells,
    labels: Sequence[str],
    shades: Colormap,
    canvas: Canvas,
    groups: dict[int, str] | None = None,
) -> Figure:
    """Draw cells with a label for each row, and names before the rows where groups begin."""
    n_rows, n_components = len(labels), mixture.n_components
    letters = max(map(len, labels)) + max(map(len, (groups or {0: ""}).values()))
    figure = canvas(1.2 + 0.075 * letters + COLUMN * (n_components + 1), 0.9 + ROW * n_rows)
    axes = figure.subplots()
    # The column of all rows stands apart, at the left.
    edges = np.concatenate([[-1.25, -0.25], np.arange(n_components + 1)])
    axes.pcolormesh(
        edges,
        np.arange(n_rows + 1),
        np.ma.masked_invalid(np.insert(cells.shades, 1, np.nan, axis=1)),
        cmap=shades,
        vmin=0.0,
        vmax=1.0,
        edgecolors="white",
        linewidth=1.0,
    )
    if n_components <= MOST_NUMBERED:
        _write(axes, cells)
    _head(axes, mixture)
    axes.set_yticks(np.arange(n_rows) + 0.5, labels, size=8.5, color=INK, parse_math=False)
    if groups:
        _name_groups(axes, groups, LETTER * max(map(len, labels)) + 14, n_components)
    axes.set_xlim(-1.25, n_components)
    axes.set_ylim(n_rows, 0)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


def _write(axes: Axes, cells: Cells) -> None:
    for row, texts in enumerate(cells.texts):
        for column, text in enumerate(texts):
            axes.text(
                -0.75 if column == 0 else column - 0.5,
                row + 0.52,
                text,
                ha="center",
                va="center",
                size=8,
                color="white" if cells.white[row, column] else INK,
            )


def _head(axes: Axes, mixture: Mixture) -> None:
    """Write each component's number and weight above its column."""
    heads = [(-0.75, "all")]
    heads += [(k + 0.5, f"{k}\n{100 * weight:.0f} %") for k, weight in enumerate(mixture.weights)]
    for place, text in heads:
        axes.annotate(
            text,
            (place, 1),
            (0, 7),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            size=8.5,
            color=INK,
            linespacing=1.25,
        )
    for k in range(mixture.n_components):
        axes.plot(
            [k + 0.06, k + 0.94],
            [-0.12, -0.12],
            color=colour(k),
            linewidth=2.5,
            solid_capstyle="butt",
            clip_on=False,
        )


def _name_groups(axes: Axes, groups: dict[int, str], away: float, n_components: int) -> None:
    for start, name in groups.items():
        axes.annotate(
            name,
            (0, start + 0.5),
            (-away, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="center",
            size=8.5,
            weight="bold",
            color=INK,
            parse_math=False,
        )
    for left, right in ((-1.25, -0.25), (0, n_components)):
        axes.hlines([start for start in groups if start], left, right, color=MUTED, linewidth=0.8)
