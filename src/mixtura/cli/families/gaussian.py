"""`--family gaussian`: columns of numbers, with covariance structures."""

from collections.abc import Callable
from functools import partial
from typing import Any

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Fitting, Offer, Progress, Request
from mixtura.data.files import Table
from mixtura.data.gaps import Gaps, has_gaps
from mixtura.estimators import select
from mixtura.selection import Selection

__all__ = ["GAUSSIAN", "searching"]

STARTS = 1


def searching(rows: Any, request: Request, gaps: Callable[[], Gaps | None]) -> Fitting:
    """Return what searches models for rows of numbers, in memory or beyond it.

    Parameters
    ----------
    rows : a frame or a dataset
    gaps : counts their missing cells; None where there are none
    """
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
    )

    def fit(progress: Progress) -> tuple[Selection, dict[str, Any]]:
        selection, found = search(progress=progress), gaps()
        notes = [] if found is None else [found.words()]
        return selection, {**selection.result.facts(), "notes": notes}

    return fit


def _prepare(table: Table, request: Request) -> Fitting:
    names = number_columns(table, request.columns, request.left_out)
    rows = table.numeric(names, "nan")
    frame = number_frame(table, names, "nan")
    return searching(frame, request, lambda: Gaps.of(rows) if has_gaps(rows) else None)


GAUSSIAN = Offer("gaussian", _prepare, frozenset({"structures"}))
