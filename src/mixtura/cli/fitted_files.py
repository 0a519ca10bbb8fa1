"""The best fit to some files: to rows in memory or beyond it, or to counts that are sparse."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.beyond import fitted_beyond, rows_beyond
from mixtura.cli.budget import searched
from mixtura.cli.counts import CountedRows, Naming, counted_rows
from mixtura.cli.families import Offer, Request
from mixtura.cli.families.columns_of_numbers import searching
from mixtura.cli.fitted import Fitted, fitted_table
from mixtura.components.catalogue import ROWS
from mixtura.data.memory import bytes_of
from mixtura.data.paths import bytes_in_memory, called_together, files_of
from mixtura.errors import DegenerateComponentWarning, DisagreementWarning
from mixtura.report import PLOTTED_ROWS
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import assigned_rows

__all__ = ["fitted_files"]

# Cells of the rows that a page is drawn of, which are held with their zeros.
SHOWN_CELLS = 20_000_000


@contextmanager
def fitted_files(
    names: Sequence[str],
    offer: Offer,
    request: Request,
    naming: Naming,
    memory: int | None,
    cache: Path | None,
) -> Iterator[Fitted]:
    """Yield the fit to some files, whose rows are there meanwhile.

    Parameters
    ----------
    names : as they were given
    naming : what options say of a matrix of counts
    memory : bytes that rows may take, or None for a part of the machine's
    cache : a folder for rows beyond that, or None
    """
    files = files_of(list(names)) or []
    called = called_together(names)
    with ExitStack() as stack:
        # What is written while the rows are there is no matter of their files.
        with in_words_of_the_command(called), warnings.catch_warnings():
            # The summary says it.
            for said in (DegenerateComponentWarning, DisagreementWarning):
                warnings.simplefilter("ignore", said)
            counts = counted_rows(
                files,
                called,
                offer.name,
                naming,
                request.long,
                missing=request.missing,
                weights=request.weights_column,
                id_column=request.id_column,
                refused=_of_columns(request),
            )
            if counts is not None:
                found = _fitted_counts(counts, request, offer.name)
            elif bytes_in_memory(files) > (most := bytes_of(memory)):
                data, beyond = rows_beyond(files, request, offer, most, cache)
                found = fitted_beyond(stack.enter_context(data), request, beyond, files, called)
            else:
                found = fitted_table(request.read(files, called), offer, request)
        yield found


def _of_columns(request: Request) -> dict[str, bool]:
    """Return which options are given that name columns of a table of rows."""
    return {
        "--weights": request.weights_column is not None,
        "--id": request.id_column is not None,
        "--exposure": request.exposure is not None,
        "--missing": bool(request.missing),
        **{f"--{one.function}": True for one in request.transforms},
    }


def _fitted_counts(rows: CountedRows, request: Request, family: str) -> Fitted:
    """Return the best fit to counts."""
    jobs = (request.weights_column, rows.id_column)
    draws = rows.of(request.columns, [name for name in request.left_out if name not in jobs])
    search = searching(ROWS[family], draws, replace(request, weights=rows.weights))
    selection, facts = searched(search, request.budget)
    mixture = selection.result.mixture
    counts: Any = draws.of_items(mixture.columns or ()).counts
    assignments = assigned_rows(
        Answers.of(mixture),
        counts,
        rows.identifiers,
        rows.id_column,
        request.keep_formulas,
        weights=rows.weights,
    )
    n_rows, n_columns = counts.shape
    most = max(1, min(PLOTTED_ROWS, SHOWN_CELLS // n_columns))
    kept = np.arange(n_rows)
    if n_rows > most:
        kept = np.sort(np.random.default_rng(request.seed).choice(n_rows, most, replace=False))
    shown = {
        "rows": counts[kept].toarray(),
        "labels": assignments.label[kept],
        "probabilities": assignments.probability[kept],
    }
    if len(kept) < n_rows:
        shown["all_rows"] = n_rows
    return Fitted(selection, facts, assignments, request, rows.path.name, shown)
