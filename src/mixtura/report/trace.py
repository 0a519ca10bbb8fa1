"""The log-likelihood by sweep, above the gap that Jensen's bound leaves."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mixtura.em.history import History
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import INK, MUTED, colour, halo, tidy

__all__ = ["trace_figure"]

# Penalised and plain curves closer than this, in nats, are one curve to the eye.
VISIBLE_PENALTY = 1e-6

# Beyond this the marks of single sweeps run together.
MARKED_SWEEPS = 60


def trace_figure(history: History, canvas: Canvas = new_figure) -> Figure:
    """Draw ℓ by sweep, the objective where a prior makes it differ, and the gap on a log axis.

    Parameters
    ----------
    history : of a run with at least one sweep
    canvas : makes what is drawn in
    """
    sweeps = np.arange(1, len(history) + 1)
    likelihood, objective = np.array(history.log_likelihood), np.array(history.objective)
    gap = np.array(history.gap)
    mark = "o" if len(history) <= MARKED_SWEEPS else ""
    figure = canvas(7.2, 4.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))

    tidy(upper, "y").plot(sweeps, likelihood, color=colour(0), linewidth=1.6, marker=mark, ms=3)
    if np.abs(likelihood - objective).max() > VISIBLE_PENALTY:
        upper.plot(sweeps, objective, color=colour(1), linewidth=1.3, linestyle=(0, (4, 2)))
        upper.annotate(
            "with log prior",
            (sweeps[-1], objective[-1]),
            (-4, -12),
            color=colour(1),
            textcoords="offset points",
            ha="right",
            size=8,
            path_effects=halo(),
        )
    upper.annotate(
        f"{likelihood[-1]:.4f}",
        (sweeps[-1], likelihood[-1]),
        (-4, 6),
        color=colour(0),
        textcoords="offset points",
        ha="right",
        size=8,
        path_effects=halo(),
    )
    upper.margins(y=0.18)
    upper.ticklabel_format(axis="y", useOffset=False)
    upper.set_ylabel("log-likelihood (nats)")

    shown = np.isfinite(gap) & (gap > 0)
    tidy(lower, "y").plot(sweeps[shown], gap[shown], color=INK, linewidth=1.2, marker=mark, ms=3)
    if shown.any():
        lower.set_yscale("log")
    else:
        lower.set_yticks([])
        lower.text(
            0.5,
            0.5,
            "no gap above rounding",
            transform=lower.transAxes,
            ha="center",
            va="center",
            size=9,
            color=MUTED,
        )
    lower.set_ylabel("gap to bound")
    lower.set_xlabel("iteration")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(history) == 1:
        lower.set_xlim(0, 2)
    figure.align_ylabels()
    return figure
