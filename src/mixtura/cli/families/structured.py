"""`--family gaussian`, `t`, `contaminated` and `factor_analyser`: structures of covariances."""

from collections.abc import Callable
from functools import partial
from typing import Any

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Progress, Request
from mixtura.data.dataset import Dataset
from mixtura.data.files import Table
from mixtura.data.frames import numbers_of_frame
from mixtura.data.gaps import Gaps, words_of_empty
from mixtura.em.solve import FitResult
from mixtura.estimators import select
from mixtura.estimators.factor_search import heywood_words
from mixtura.selection import Selection

__all__ = ["CONTAMINATED", "FACTOR_ANALYSER", "GAUSSIAN", "STUDENT_T"]

STARTS = 1


def _columns(table: Table, request: Request) -> list[str]:
    return number_columns(table, request.columns, request.left_out)


def _searching(
    rows: Any,
    request: Request,
    noted: Callable[[FitResult], list[str]] = lambda _: [],
    **own: Any,
) -> Fitting:
    """Return what searches models for rows of numbers, a frame or a dataset.

    Parameters
    ----------
    noted : takes the best fit and returns what else is to be said of it
    own : what `select` is told of the family
    """
    search = partial(
        select,
        rows,
        request.sizes,
        request.structures,
        criterion=request.criterion,
        sample_weight=request.weights,
        mixing_weights=request.mixing_weights,
        fix=request.fix,
        equal=request.equal,
        n_init=request.starts or STARTS,
        noise=request.noise,
        constant="drop",
        prior=request.prior_of_numbers,
        random_state=request.seed,
        engine=request.engine,
        **own,
    )

    def fit(progress: Progress) -> tuple[Selection, dict[str, Any]]:
        selection = search(progress=progress)
        blocks = rows.batches() if isinstance(rows, Dataset) else [numbers_of_frame(rows)[0]]
        gaps = Gaps.among(blocks)
        notes = [gaps.words()] if gaps.n_missing else []
        notes += [words_of_empty(gaps.n_empty)] if gaps.n_empty else []
        notes += noted(selection.result)
        return selection, {**selection.result.facts(), "notes": notes}

    return fit


def _gaussian(rows: Any, request: Request) -> Fitting:
    return _searching(rows, request, missing="marginal")


def _scaled(family: str, rows: Any, request: Request) -> Fitting:
    return _searching(rows, request, family=family)


def _factor_analyser(rows: Any, request: Request) -> Fitting:
    told = {"family": "factor_analyser", "n_factors": request.factors}
    return _searching(rows, request, heywood_words, **told)


def _gaussian_of_table(table: Table, request: Request) -> Fitting:
    return _gaussian(number_frame(table, _columns(table, request), "nan"), request)


def _scaled_of_table(family: str, table: Table, request: Request) -> Fitting:
    return _scaled(family, number_frame(table, _columns(table, request)), request)


def _factor_analyser_of_table(table: Table, request: Request) -> Fitting:
    return _factor_analyser(number_frame(table, _columns(table, request)), request)


def _gaussian_beyond(table: Table, request: Request) -> Beyond:
    return Beyond(_columns(table, request), lambda data: _gaussian(data, request))


def _scaled_beyond(family: str, table: Table, request: Request) -> Beyond:
    return Beyond(_columns(table, request), lambda data: _scaled(family, data, request))


def _factor_analyser_beyond(table: Table, request: Request) -> Beyond:
    return Beyond(_columns(table, request), lambda data: _factor_analyser(data, request))


OPTIONS = frozenset({"structures"})
GAUSSIAN = Offer("gaussian", _gaussian_of_table, _gaussian_beyond, OPTIONS)
STUDENT_T, CONTAMINATED = (
    Offer(name, partial(_scaled_of_table, name), partial(_scaled_beyond, name), OPTIONS)
    for name in ("t", "contaminated")
)
FACTOR_ANALYSER = Offer(
    "factor_analyser",
    _factor_analyser_of_table,
    _factor_analyser_beyond,
    OPTIONS | {"factors"},
)
