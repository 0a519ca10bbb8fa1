"""A report of a fit from Python: its page, and its figures one by one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mixtura.em.given import as_given
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture
from mixtura.report.blank import new_figure
from mixtura.report.contents import Report
from mixtura.report.families import page_of
from mixtura.report.parts import COMMON, Drawing
from mixtura.selection import Selection

__all__ = [
    "drawing_of",
    "drawings_of",
    "figure_names",
    "figure_of",
    "given_report",
    "mixture_of",
    "report_of",
    "shown_on",
]


def report_of(model: Any, X: Any, *, title: str = "Mixture", source: str = "") -> Report:
    """Return a fit and rows, of which `write_report` makes a page and `figure_of` figures.

    Parameters
    ----------
    model : a fitted estimator, or a search, of which the best is shown and all are ranked; also a
        `Mixture` or an estimator that was read from a file, whose numbers are then of `X`;
        criteria of a `Mixture` leave nothing out where columns are rounded
    X : (N, D) rows of the columns that were fitted; frames by name
    title : heading of the page
    source : where the rows came from, for the header

    Raises
    ------
    ParameterError
        If the model is not fitted.
    DataError
        If the rows have other columns, or a cell cannot be used.
    """
    if isinstance(model, Selection):
        result, selection, facts = model.result, model, model.result.facts()
    elif hasattr(model, "_result"):
        result, selection, facts = model._result, getattr(model, "selection_", None), model.facts_
    else:
        mixture = mixture_of(model)
        result = as_given(mixture, mixture.encode(X), None, getattr(model, "_excess", None))
        selection, facts = None, result.facts()
    return replace(shown_on(X, result, selection), title=title, source=source, facts=facts)


def mixture_of(model: Any) -> Mixture:
    """Return a mixture, or that of a fitted estimator.

    Raises
    ------
    ParameterError
        If it is not fitted.
    """
    mixture = model if isinstance(model, Mixture) else getattr(model, "mixture_", None)
    if mixture is None:
        raise ParameterError(f"this {type(model).__name__} is not fitted; call fit first")
    return mixture


def given_report(
    mixture: Mixture,
    rows: NDArray[Any],
    weights: NDArray[np.float64] | None = None,
    *,
    title: str,
    source: str,
) -> Report:
    """Return a mixture, whatever it was fitted to, on rows as `Mixture.encode` returns them.

    Parameters
    ----------
    weights : (N,) row weights, or None where each counts one
    """
    result = as_given(mixture, rows, weights)
    shown = _on_rows(np.asarray(rows, dtype=np.float64), result, None, None)
    return replace(shown, title=title, source=source, facts=result.facts())


def shown_on(X: Any, result: Any, selection: Selection | None = None, shares: Any = None) -> Report:
    """Return a fit on rows, or on none, where `X` is None.

    Parameters
    ----------
    result : a `FitResult`, or what has a `mixture` and a `history` where only figures are wanted
    shares : (N, K) responsibilities, or None for those of the mixture
    """
    mixture = result.mixture
    if X is None:
        rows = np.empty((0, mixture.n_columns))
        shares = np.empty((0, mixture.n_components))
    else:
        rows = np.asarray(mixture.encode(X), dtype=np.float64)
    return _on_rows(rows, result, selection, shares)


def _on_rows(
    rows: NDArray[np.float64], result: Any, selection: Selection | None, shares: Any
) -> Report:
    mixture = result.mixture
    shares = mixture.coded.responsibilities(rows) if shares is None else shares
    best = shares.argmax(axis=1)
    return Report(
        title="",
        result=result,
        selection=selection,
        rows=rows,
        columns=mixture.column_names,
        labels=mixture.labels[best],
        probabilities=shares[np.arange(len(best)), best],
        source="",
    )


def figure_names(report: Report) -> tuple[str, ...]:
    """Return the names of the figures that a report has, in the order of its page."""
    return tuple(drawing.name for drawing in drawings_of(report))


def figure_of(report: Report, name: str) -> Figure:
    """Return a figure of a report, as the page has it.

    Parameters
    ----------
    report : of `report_of`
    name : one of `figure_names`

    Returns
    -------
    matplotlib.figure.Figure
        With `savefig`, and `axes` to change; a notebook shows it.

    Raises
    ------
    ParameterError
        If the report has no figure of that name.
    """
    return drawing_of(report, name).draw(report.plotted(), new_figure)


def drawing_of(report: Report, name: str, others: Sequence[Drawing] = ()) -> Drawing:
    """Return the figure of that name, of a report's page or of others that apply to it.

    Raises
    ------
    ParameterError
        If the report has no figure of that name.
    """
    more = (drawing for drawing in others if drawing.applies(report))
    found = {drawing.name: drawing for drawing in (*drawings_of(report), *more)}
    if name not in found:
        subjects = (drawing.subject for drawing in others if drawing.name == name)
        why = "".join(f", which is drawn of {subject}" for subject in subjects if subject)
        raise ParameterError(f"this model has the figures {', '.join(found)}, but no {name!r}{why}")
    return found[name]


def drawings_of(report: Report) -> list[Drawing]:
    """Return the figures that a report has, in the order of its page."""
    own, sample = page_of(report.result.mixture.family.name).figures(report), report.plotted()
    return [drawing for drawing in (*own, *COMMON) if drawing.applies(sample)]
