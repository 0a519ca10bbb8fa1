"""`--family gaussian`: columns of numbers, with covariance structures."""

from functools import partial
from typing import Any

from mixtura.cli.columns import number_columns, number_frame
from mixtura.cli.families.fitting import Fitting, Offer, Progress, Request
from mixtura.data.files import Table
from mixtura.data.gaps import gap_words, has_gaps
from mixtura.estimators import select
from mixtura.selection import Selection

__all__ = ["GAUSSIAN"]

STARTS = 1


def _prepare(table: Table, request: Request) -> Fitting:
    names = number_columns(table, request.columns, request.left_out)
    rows = table.numeric(names, "nan")
    search = partial(
        select,
        number_frame(table, names, "nan"),
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
        selection = search(progress=progress)
        notes = [gap_words(rows)] if has_gaps(rows) else []
        return selection, {**selection.result.facts(), "notes": notes}

    return fit


GAUSSIAN = Offer("gaussian", _prepare, frozenset({"structures"}))
