"""The criteria against the number of classes, for a paper: in grey, by lines and marks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mixtura.report.blank import new_figure
from mixtura.report.drawing import INK, MUTED, tidy

__all__ = ["scree_figure", "write_scree"]

# Name, line, mark and grey of each.
DRAWN = (
    ("bic", "BIC", "-", "o", INK),
    ("sabic", "SABIC", "--", "s", INK),
    ("caic", "CAIC", "-.", "^", MUTED),
    ("aic", "AIC", ":", "D", MUTED),
)


def write_scree(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the figure as SVG, the same bytes for the same rows.

    Parameters
    ----------
    path : of the file, within a folder that appears whole
    rows : as in `scree_figure`
    """
    with matplotlib.rc_context({"svg.hashsalt": "scree", "font.size": 9}):
        scree_figure(rows).savefig(path, format="svg", metadata={"Date": None})


def scree_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw BIC, SABIC, CAIC and AIC of each number of classes; the lowest BIC has a ring.

    Parameters
    ----------
    rows : of `Enumeration.table()`
    """
    fitted = [row for row in rows if row["failure"] is None]
    sizes = np.array([row["n_classes"] for row in fitted])
    figure = new_figure(6.0, 3.8)
    axes = tidy(figure.subplots(), "y")
    for name, called, line, mark, ink in DRAWN:
        values = [row[name] for row in fitted]
        axes.plot(sizes, values, line, marker=mark, ms=4.5, lw=1.3, color=ink, label=called)
    sound = [row for row in fitted if row["sound"]] or fitted
    best = min(sound, key=lambda row: row["bic"])
    ring = {"ms": 11, "mfc": "none", "mec": INK, "mew": 1.2, "ls": "none"}
    axes.plot([best["n_classes"]], [best["bic"]], marker="o", **ring)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("classes")
    axes.set_ylabel("criterion (lower is better)")
    axes.legend(frameon=False, fontsize=8)
    return figure
