"""`plot`: what the report draws of a mixture, an estimator or a search, on axes of one's own."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.style import context

from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.regressions.effects import PartialEffects
from mixtura.report.beside_rows import ASKED_FOR
from mixtura.report.canvases import Within, shown_figure
from mixtura.report.effects import effect_figure
from mixtura.report.figures import drawing_of, drawings_of, mixture_of, shown_on
from mixtura.report.parts import CRITERION, Drawing
from mixtura.selection import CRITERIA, Selection

__all__ = ["plot"]


@dataclass(frozen=True, slots=True)
class Unfitted:
    """What figures ask of a fit that is not there: a mixture may come from a file."""

    mixture: Mixture
    history: tuple[()] = ()


def plot(
    model: Any, kind: str | None = None, X: Any = None, *, ax: Any = None, shares: Any = None
) -> Any:
    """Draw a fitted mixture or a search as the report does.

    Parameters
    ----------
    model : a `Mixture`, a fitted estimator, a search, of which the best is shown, or partial
        effects of regressions
    kind : which figure; None is the first of those that can be drawn
    X : (N, D) rows of the columns that were fitted, or None for what shows no rows
    ax : axes to draw in, or None for a new figure
    shares : (N, K) responsibilities for the rows, or None for those of the mixture

    Returns
    -------
    Axes, or an array of them where the figure has several panels
    """
    if isinstance(model, PartialEffects):
        return _effects(model, ax)
    report = _report(model, X, shares)
    if kind in CRITERIA and report.selection is not None:
        told = replace(report.selection, criterion=kind)
        report, kind = replace(report, selection=told), CRITERION.name
    elif isinstance(model, Selection) and kind is None and X is None:
        kind = CRITERION.name
    drawing = _chosen(report, kind, has_rows=X is not None)
    sample = report.plotted()
    if ax is not None:
        drawn = drawing.draw(sample, Within(ax))
    else:
        # The drawings have dark ink, whatever the user's style.
        with context("default"):
            drawn = drawing.draw(sample, shown_figure)
    axes = drawn.axes
    return axes[0] if len(axes) == 1 else np.array(axes, dtype=object)


def _effects(effects: PartialEffects, ax: Any) -> Any:
    if ax is not None:
        return effect_figure(effects, Within(ax)).axes[0]
    with context("default"):
        return effect_figure(effects, shown_figure).axes[0]


def _report(model: Any, X: Any, shares: Any) -> Any:
    if isinstance(model, Selection):
        return shown_on(X, model.result, model)
    mixture = mixture_of(model)
    result = getattr(model, "_result", None) or Unfitted(mixture)
    return shown_on(X, result, getattr(model, "selection_", None), shares)


def _chosen(report: Any, kind: str | None, *, has_rows: bool) -> Drawing:
    """Return the drawing of a kind, or the first.

    Raises
    ------
    ParameterError
        If there is none of that kind, or it shows rows and there are none.
    """

    def able(drawing: Drawing) -> bool:
        return has_rows or not drawing.of_rows

    if kind is None:
        first = next(filter(able, drawings_of(report)), None)
        if first is None:
            names = ", ".join(repr(drawing.name) for drawing in drawings_of(report))
            raise ParameterError(f"the figures {names} show rows; give them, as in plot(None, X)")
        return first
    drawing = drawing_of(report, kind, ASKED_FOR)
    if not able(drawing):
        raise ParameterError(f"figure {kind!r} shows rows; give them, as in plot({kind!r}, X)")
    return drawing
