"""`--family gaussian`: columns of numbers, with covariance structures."""

from functools import partial
from typing import Any

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Beyond, Fitting, Offer, Progress, Request
from mixtura.data.dataset import Dataset
from mixtura.data.files import Table
from mixtura.data.frames import numbers_of_frame
from mixtura.data.gaps import Gaps
from mixtura.estimators import select
from mixtura.selection import Selection

__all__ = ["GAUSSIAN"]

STARTS = 1


def _columns(table: Table, request: Request) -> list[str]:
    return number_columns(table, request.columns, request.left_out)


def _searching(rows: Any, request: Request) -> Fitting:
    """Return what searches models for rows of numbers, a frame or a dataset."""
    search = partial(
        select,
        rows,
        request.sizes,
        request.structures,
        criterion=request.criterion,
        sample_weight=request.weights,
        mixing_weights=request.mixing_weights,
        n_init=request.starts or STARTS,
        noise=request.noise,
        missing="marginal",
        constant="drop",
        prior=request.prior_of_numbers,
        random_state=request.seed,
        engine=request.engine,
    )

    def fit(progress: Progress) -> tuple[Selection, dict[str, Any]]:
        selection = search(progress=progress)
        blocks = rows.batches() if isinstance(rows, Dataset) else [numbers_of_frame(rows)[0]]
        gaps = Gaps.among(blocks)
        notes = [gaps.words()] if gaps.n_missing else []
        return selection, {**selection.result.facts(), "notes": notes}

    return fit


def _prepare(table: Table, request: Request) -> Fitting:
    return _searching(number_frame(table, _columns(table, request), "nan"), request)


def _beyond(table: Table, request: Request) -> Beyond:
    return Beyond(_columns(table, request), lambda data: _searching(data, request))


GAUSSIAN = Offer("gaussian", _prepare, _beyond, frozenset({"structures"}))
