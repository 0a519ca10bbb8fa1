"""Figures of classes told and groups compared: confusion, calibration, ROC, merged components."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.report.blank import new_figure
from mixtura.report.drawing import COLOURS, FAINT, INK, MUTED, drawn_name, tidy

__all__ = ["calibration_figure", "confusion_figure", "merging_figure", "roc_figure"]

Float = NDArray[np.float64]

# More cells than these have no numbers in them.
WRITTEN = 20


def _axes(ax: Axes | None, width: float, height: float) -> tuple[Figure, Axes]:
    """Return the axes to draw in, and their figure."""
    if ax is not None:
        found = ax.get_figure(root=True)
        assert found is not None
        return found, ax
    figure = new_figure(width, height)
    return figure, figure.subplots()


def confusion_figure(
    counts: Float,
    rows: Sequence[Any],
    columns: Sequence[Any],
    labels: tuple[str, str] = ("class", "said"),
    *,
    ax: Axes | None = None,
) -> Figure:
    """Draw a table of two groupings: the darker a cell, the more of its row's weight is in it.

    Parameters
    ----------
    counts : (R, C)
    rows, columns : what they are called
    labels : what is in rows and in columns
    ax : axes to draw in, or None for a new figure
    """
    side = max(3.0, min(0.55 * max(counts.shape) + 1.4, 9.0))
    figure, axes = _axes(ax, side + 0.6, side)
    totals = np.maximum(counts.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    shares = counts / totals
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    tidy(axes)
    axes.set_xticks(range(len(columns)), [drawn_name(name) for name in columns])
    axes.set_yticks(range(len(rows)), [drawn_name(name) for name in rows])
    if len(columns) > 4:
        axes.tick_params(axis="x", rotation=60)
    axes.set_xlabel(labels[1])
    axes.set_ylabel(labels[0])
    if max(counts.shape) <= WRITTEN:
        for row, column in np.ndindex(*counts.shape):
            ink = "white" if shares[row, column] > 0.6 else INK
            text = f"{counts[row, column]:.5g}"
            axes.text(column, row, text, ha="center", va="center", size=8, color=ink)
    return figure


def calibration_figure(rows: Sequence[Mapping[str, float]], *, ax: Axes | None = None) -> Figure:
    """Draw how often what is said is right against its probability.

    Parameters
    ----------
    rows : of `Judgement.calibration()`
    ax : axes to draw in, or None for a new figure
    """
    figure, axes = _axes(ax, 4.6, 4.2)
    tidy(axes, "both")
    axes.plot([0, 1], [0, 1], "--", color=FAINT, lw=1)
    sure = [row["probability"] for row in rows]
    right = [row["right"] for row in rows]
    sizes = np.array([row["rows"] for row in rows])
    axes.plot(sure, right, "-", color=COLOURS[0], lw=1)
    axes.scatter(sure, right, s=20 + 130 * sizes / sizes.sum(), color=COLOURS[0], zorder=3)
    low = max(min([*sure, *right]) - 0.05, 0.0)
    axes.set_xlim(low, 1.02)
    axes.set_ylim(low, 1.02)
    axes.set_xlabel("probability of the class that is said")
    axes.set_ylabel("share of these rows that are of it")
    return figure


def roc_figure(wrong: Float, right: Float, name: str, *, ax: Axes | None = None) -> Figure:
    """Draw the rate of true alarms against that of false ones.

    Parameters
    ----------
    wrong, right : of `Judgement.roc()`
    name : of the class that alarms are for
    ax : axes to draw in, or None for a new figure
    """
    figure, axes = _axes(ax, 4.6, 4.2)
    tidy(axes, "both")
    axes.plot([0, 1], [0, 1], "--", color=FAINT, lw=1)
    axes.plot(wrong, right, "-", color=COLOURS[0], lw=1.6, drawstyle="steps-post")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(f"share of other rows taken for {drawn_name(name)}")
    axes.set_ylabel(f"share of {drawn_name(name)} found")
    return figure


def merging_figure(tree: Any, *, ax: Axes | None = None) -> Figure:
    """Draw the entropy of clusters of each number, with a ring where merging ends.

    Parameters
    ----------
    tree : a `Merging`
    ax : axes to draw in, or None for a new figure
    """
    figure, axes = _axes(ax, 6.0, 3.8)
    tidy(axes, "y")
    sizes = np.arange(1, len(tree.entropies) + 1)
    axes.plot(sizes, tree.entropies, "-o", color=COLOURS[0], ms=5, lw=1.4)
    chosen = tree.n_clusters
    ring = {"ms": 12, "mfc": "none", "mec": INK, "mew": 1.2, "ls": "none"}
    axes.plot([chosen], [tree.entropies[chosen - 1]], marker="o", **ring)
    for size, (one, other) in zip(sizes[:-1][::-1], tree.merges, strict=True):
        axes.annotate(
            f"{one}+{other}",
            (size, tree.entropies[size - 1]),
            (0, 7),
            textcoords="offset points",
            ha="center",
            size=7.5,
            color=MUTED,
        )
    axes.set_xticks(sizes if len(sizes) <= 20 else sizes[:: len(sizes) // 10])
    axes.set_xlabel("clusters, with the two that were merged last")
    axes.set_ylabel("entropy, nats")
    return figure
