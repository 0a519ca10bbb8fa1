"""A fit to files whose rows are more than memory may hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.assignments import Assignments, assignments_of, write_parts
from mixtura.cli.families import Offer, Request
from mixtura.cli.families.auto import AUTO
from mixtura.cli.families.fitting import Beyond
from mixtura.cli.families.gaussian import GAUSSIAN
from mixtura.cli.fitted import Fitted
from mixtura.cli.looks import blocks_of, looks_of
from mixtura.cli.output import MANY_ASSIGNMENTS
from mixtura.cli.progress import search_progress
from mixtura.cli.voice import say
from mixtura.data.batches import tables_of
from mixtura.data.dataset import Dataset, dataset
from mixtura.data.table import Table, table_of
from mixtura.errors import DataError, ParameterError
from mixtura.mixture import Mixture
from mixtura.report import PLOTTED_ROWS

__all__ = ["StreamedAssignments", "fitted_beyond", "rows_beyond"]


def rows_beyond(
    files: Sequence[Path], request: Request, offer: Offer, memory: int, cache: Path | None
) -> Dataset:
    """Return the columns to be fitted of files that are more than memory holds.

    Raises
    ------
    ParameterError
        For a family, or an option, that has to have all rows at once.
    """
    beyond = beyond_of(offer)
    if beyond is None:
        raise ParameterError(
            f"the rows are more than --memory {memory:,} bytes, and so many are not for --family "
            f"{offer.name}; let --memory be more, or give fewer files"
        )
    if request.id_column:
        raise ParameterError(
            f"--id is not for rows that are more than --memory ({memory:,} bytes); leave it out, "
            "or let --memory be more"
        )
    parts = ((file, part) for file in files for _, part in tables_of(file, None))
    first = next(((file, part) for file, part in parts if part.num_rows), None)
    if first is None:
        raise DataError("there are no rows; give at least one file that has some")
    table = table_of(*first)
    if offer is AUTO:
        _check_numbers(table, request)
    names = beyond.columns(table, request)
    say(f"reading {len(files)} file(s) of more than memory may hold", err=True)
    weights = request.weights_column
    return dataset(list(files), names, weights=weights, memory=memory, cache=cache)


def beyond_of(offer: Offer) -> Beyond | None:
    """Return how rows beyond memory are fitted, None where they are not."""
    return GAUSSIAN.beyond if offer is AUTO else offer.beyond


def _check_numbers(table: Table, request: Request) -> None:
    """Raise `ParameterError` unless all columns look as Gaussian components have them."""
    kinds = blocks_of(table, looks_of(table, request.columns, request.left_out))
    if set(kinds) != {"gaussian"}:
        raise ParameterError(
            f"--family auto would take columns as {' and '.join(kinds)}, by the first rows, and "
            "rows that are more than --memory are for gaussian only; say --family gaussian, name "
            "such columns with --columns, or let --memory be more"
        )
    say("family auto: gaussian, as all columns look like numbers in the first rows", err=True)


def fitted_beyond(data: Dataset, request: Request, offer: Offer, called: Path) -> Fitted:
    """Return the best fit to rows beyond memory."""
    beyond = beyond_of(offer)
    assert beyond is not None
    say(f"{data.n_rows:,} rows of {data.n_columns} columns", err=True)
    search = beyond.search(data, request)
    with search_progress() as progress:
        selection, facts = search(progress)
    mixture = selection.result.mixture
    assert data.names is not None
    assert mixture.columns is not None
    # Columns of one value were left out.
    places = [data.names.index(name) for name in mixture.columns]
    sample = data.sample(PLOTTED_ROWS, request.seed)[:, places]
    drawn = assignments_of(mixture, sample, None, None)
    assignments = StreamedAssignments(mixture, data, places)
    shown = {
        "rows": np.asarray(sample, dtype=np.float64),
        "labels": drawn.label,
        "probabilities": drawn.probability,
        "all_rows": data.n_rows,
    }
    return Fitted(selection, facts, assignments, request, called.name, shown)


class StreamedAssignments:
    """The component of each row, part by part.

    Parameters
    ----------
    mixture : whose components they are
    data : the rows
    places : of the columns that were fitted
    """

    file: ClassVar[str] = MANY_ASSIGNMENTS

    def __init__(self, mixture: Mixture, data: Dataset, places: Sequence[int]) -> None:
        self._mixture, self._data, self._places = mixture, data, list(places)
        self._sizes: NDArray[Any] | None = None

    def parts(self) -> Iterator[Assignments]:
        """Yield the assignments of all rows, some at a time, numbered from 0."""
        start = 0
        for block in self._data.blocks():
            rows = block.rows[:, self._places].astype(np.float64)
            stop = start + len(rows)
            yield assignments_of(
                self._mixture, rows, range(start, stop), None, weights=block.weights
            )
            start = stop

    @property
    def sizes(self) -> NDArray[Any]:
        """Return the weight (K,) of the rows that each component is the most probable one of."""
        if self._sizes is None:
            for _ in self._counted():
                pass
        assert self._sizes is not None
        return self._sizes

    def write(self, path: Path) -> None:
        """Write the table to a Parquet file, which appears whole or not at all."""
        write_parts(self._counted(), path)

    def _counted(self) -> Iterator[Assignments]:
        """Yield all assignments, and know the sizes in the end."""
        sizes = np.zeros(self._mixture.n_components, float if self._data.has_weights else np.intp)
        for part in self.parts():
            # One after the other, as sums round in memory.
            np.add.at(sizes, part.component, 1 if part.weights is None else part.weights)
            yield part
        self._sizes = sizes
