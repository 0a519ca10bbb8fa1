"""A profile: what each component is likely to answer, a line for each."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import FAINT, INK, MUTED, colour, drawn_name, marker, tidy
from mixtura.report.levels import LevelRows
from mixtura.text import component_title

__all__ = ["WHOLE_MARK", "drawn_components", "name_components", "profile_figure", "unnamed_note"]

# Inches of a row.
ROW = 0.25

# More lines than this hide each other; the heaviest components are drawn.
MOST_LINES = 10

# How the whole mixture is drawn beside its components.
WHOLE_MARK = {"color": MUTED, "marker": "|", "linewidth": 0, "ms": 9, "markeredgewidth": 1.6}


def profile_figure(mixture: Mixture, rows: LevelRows, canvas: Canvas = new_figure) -> Figure:
    """Draw a point for each level and component, joined along the levels of an item.

    Items that have one row each are joined to one another.

    Parameters
    ----------
    mixture : of an item family
    rows : what is shown
    canvas : makes what is drawn in
    """
    n_rows = len(rows.labels)
    figure = canvas(7.4, 1.1 + ROW * n_rows)
    axes = tidy(figure.subplots(), "x")
    drawn = drawn_components(mixture)
    heights = np.arange(n_rows, dtype=np.float64)
    runs = [slice(0, n_rows)] if rows.all_single else _runs(rows)
    axes.plot(rows.overall, heights, zorder=1.5, **WHOLE_MARK)
    for k in drawn:
        for run in runs:
            axes.plot(
                rows.probabilities[k, run],
                heights[run],
                color=colour(k),
                marker=marker(k),
                linewidth=1.5,
                ms=5.5,
                markeredgecolor="white",
                markeredgewidth=0.5,
                clip_on=False,
                zorder=3,
            )
    _label(axes, rows)
    axes.set_xlim(0, 1)
    axes.set_ylim(n_rows - 0.5, -0.5)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("probability")
    name_components(figure, mixture)
    return figure


def drawn_components(mixture: Mixture) -> NDArray[np.intp]:
    """Return the components that get a line, in order: the heaviest where there are many."""
    return np.sort(np.argsort(-mixture.weights, kind="stable")[:MOST_LINES])


def unnamed_note(mixture: Mixture) -> str:
    """Return a sentence if some components get no line, otherwise nothing."""
    if mixture.n_components <= MOST_LINES:
        return ""
    return f" The {MOST_LINES} components with the largest weights are drawn."


def name_components(figure: Figure, mixture: Mixture, **whole: Any) -> None:
    """Name the components drawn and their shares above a figure, and how the whole is drawn."""
    handles = [
        Line2D(
            [],
            [],
            color=colour(k),
            marker=marker(k),
            linewidth=1.5,
            ms=5.5,
            label=f"{drawn_name(component_title(name))} ({100 * mixture.weights[k]:.0f} %)",
        )
        for k, name in ((k, mixture.names[k]) for k in drawn_components(mixture))
    ]
    handles.append(Line2D([], [], label="all", **(whole or WHOLE_MARK)))
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=min(len(handles), 4),
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )


def _runs(rows: LevelRows) -> list[slice]:
    ends = [*rows.starts[1:], len(rows.labels)]
    return [slice(*pair) for pair in zip(rows.starts, ends, strict=True)]


def _label(axes: Axes, rows: LevelRows) -> None:
    names = [
        f"{drawn_name(item)} = {drawn_name(label)}"
        for item, label in zip(rows.items, rows.labels, strict=True)
    ]
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=8.5, length=0, pad=8)
    axes.spines["left"].set_visible(False)
    if not rows.all_single:
        for start in rows.starts[1:]:
            axes.axhline(start - 0.5, color=FAINT, linewidth=0.7)
    else:
        axes.hlines(np.arange(len(names)), 0, 1, color="#f0f2f5", linewidth=0.8, zorder=0.5)
