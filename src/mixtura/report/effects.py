"""Partial effects of regressions: a line or marks for each component, and bands about them."""

from typing import Any

import numpy as np

from mixtura.regressions.effects import PartialEffects
from mixtura.report.blank import new_figure
from mixtura.report.canvases import Canvas
from mixtura.report.drawing import INK, colour, drawn_name, marker, tidy
from mixtura.text import component_title

__all__ = ["effect_figure"]


def effect_figure(effects: PartialEffects, canvas: Canvas = new_figure) -> Any:
    """Draw means of responses along a column, of each component, with bands.

    Parameters
    ----------
    canvas : makes what is drawn in
    """
    figure = canvas(6.4, 4.0)
    axes = tidy(figure.subplots(), "y")
    numbers = effects.values.dtype.kind == "f"
    places = effects.values if numbers else np.arange(len(effects.values))
    many = len(effects.names)
    for k, name in enumerate(effects.names):
        label = drawn_name(component_title(name))
        low, mean, high = effects.lower[:, k], effects.means[:, k], effects.upper[:, k]
        if numbers:
            axes.fill_between(places, low, high, color=colour(k), alpha=0.18, linewidth=0)
            axes.plot(places, mean, color=colour(k), linewidth=1.8, label=label)
            continue
        # Levels side by side, so that intervals do not hide each other.
        beside = places + (0.0 if many == 1 else 0.3 * (k / (many - 1) - 0.5))
        ends = np.stack([mean - low, high - mean])
        axes.errorbar(
            beside, mean, ends, fmt=marker(k), color=colour(k), ms=6, capsize=3, label=label
        )
    if not numbers:
        axes.set_xticks(places, [drawn_name(str(value)) for value in effects.values.tolist()])
        axes.set_xlim(-0.6, len(places) - 0.4)
    axes.set_xlabel(drawn_name(effects.column), color=INK)
    axes.set_ylabel("mean response", color=INK)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=INK)
    return figure
