"""A fit to files whose rows are more than memory may hold."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.budget import searched
from mixtura.cli.families import Offer, Request
from mixtura.cli.families.fitting import Beyond
from mixtura.cli.fitted import Fitted, relabelled
from mixtura.cli.long import WITHIN_MEMORY
from mixtura.cli.output import MANY_ASSIGNMENTS
from mixtura.cli.voice import say
from mixtura.data import ArrayRows
from mixtura.data.batches import tables_of
from mixtura.data.dataset import Dataset
from mixtura.data.opening import dataset
from mixtura.data.partitions import Partitions
from mixtura.data.paths import is_spelled
from mixtura.data.table import table_of
from mixtura.errors import DataError, ParameterError
from mixtura.mixture import Mixture
from mixtura.report import PLOTTED_ROWS
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import AssignedRows, assigned_rows
from mixtura.scoring.writing import write_parts

__all__ = ["StreamedAssignments", "fitted_beyond", "rows_beyond", "shown_rows"]


def rows_beyond(
    files: Sequence[Path], request: Request, offer: Offer, memory: int, cache: Path | None
) -> tuple[Dataset, Beyond]:
    """Return the columns to be fitted of files that are more than memory holds, and how they are.

    Raises
    ------
    DataError
        If there are no rows.
    ParameterError
        If something is asked for that takes all rows at once.
    """
    if request.long is not None:
        raise ParameterError(WITHIN_MEMORY)
    if request.skips and request.id_column is not None:
        raise ParameterError(
            "--on-bad skip goes with --id for rows within --memory only; give more of it, or leave "
            "one of them out"
        )
    skips = request.skips
    partitions = Partitions.of(files)
    parts = (
        (file, part)
        for file in files
        for _, part in tables_of(file, None, skips=skips, beside=partitions.beside(file, None))
    )
    first = next(((file, part) for file, part in parts if part.num_rows), None)
    if first is None:
        raise DataError("there are no rows; give at least one file that has some")
    file, part = first
    table = table_of(file, part, spelled=is_spelled(file))
    table.check_known(request.left_out)
    request.check_transformed(table)
    beyond = offer.beyond(request.cleaning.of(table), request)
    say(f"reading {len(files)} file(s) of more than memory may hold", err=True)
    weights, bad = request.weights_column, "skip" if skips else "error"
    data = dataset(
        list(files),
        beyond.names,
        weights=weights,
        memory=memory,
        cache=cache,
        on_bad=bad,
        missing=request.missing,
        transforms={one.column: one.spelled for one in request.transforms},
    )
    return data, beyond


def fitted_beyond(
    data: Dataset,
    request: Request,
    beyond: Beyond,
    files: Sequence[Path],
    called: Path,
    *,
    all_components: bool = False,
    labels: Sequence[str] = (),
) -> Fitted:
    """Return the best fit to rows beyond memory.

    Parameters
    ----------
    files : from which the rows come, and their identifiers
    called : what an error calls them all
    all_components : whether assignments have the probabilities of all components
    labels : names for components, where the best fit has as many
    """
    read = beyond.read(data)
    say(f"{read.n_rows:,} rows of {read.n_columns} columns", err=True)
    search = beyond.search(data)
    selection, facts = searched(search, request.budget)
    selection = relabelled(selection, labels)
    mixture = selection.result.mixture
    assert read.names is not None
    assert mixture.columns is not None
    # Columns of one value were left out.
    places = [read.names.index(name) for name in mixture.columns]
    sample = _coded(shown_rows(read, PLOTTED_ROWS, request.seed)[:, places])
    drawn = assigned_rows(Answers.of(mixture), sample, None, None)
    assignments = StreamedAssignments(
        mixture, read, places, files, request, all_components=all_components
    )
    shown = {
        "rows": sample,
        "labels": drawn.label,
        "probabilities": drawn.probability,
        "all_rows": read.n_rows,
    }
    return Fitted(selection, facts, assignments, request, called.name, shown)


def shown_rows(data: Dataset, size: int, seed: int) -> NDArray[Any]:
    """Return rows to be shown, where few are different each as often as its weight asks for."""
    source = data.rows
    if isinstance(source, np.ndarray):
        source = ArrayRows(source, data.row_weights)
    rows, weights = source.subsample(size, seed)
    if weights is None or len(rows) >= min(size, data.n_rows):
        return rows
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(rows), min(size, data.n_rows), p=weights / weights.sum())
    return rows[np.sort(drawn)]


def _coded(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows as a mixture reads them: numbers of categories are whole."""
    return rows.astype(np.int32 if rows.dtype.kind == "i" else np.float64)


class StreamedAssignments:
    """The component of each row, part by part.

    Parameters
    ----------
    mixture : whose components they are
    data : the rows
    places : of the columns that were fitted
    files : from which the rows come
    request : names the column of identifiers, if there is one
    all_components : whether the probabilities of all components are told
    """

    file: ClassVar[str] = MANY_ASSIGNMENTS

    def __init__(
        self,
        mixture: Mixture,
        data: Dataset,
        places: Sequence[int],
        files: Sequence[Path],
        request: Request,
        *,
        all_components: bool = False,
    ) -> None:
        self._mixture, self._data, self._places = mixture, data, list(places)
        self._files, self._request, self._everything = files, request, all_components
        self._sizes: NDArray[Any] | None = None

    def parts(self) -> Iterator[AssignedRows]:
        """Yield the assignments of all rows, some at a time; without identifiers from 0 on."""
        asked, start = self._request, 0
        names = None if asked.id_column is None else self._identifiers(asked.id_column)
        for block in self._data.blocks():
            rows = _coded(block.rows[:, self._places])
            stop = start + len(rows)
            yield assigned_rows(
                Answers.of(self._mixture),
                rows,
                range(start, stop) if names is None else list(islice(names, len(rows))),
                asked.id_column,
                asked.keep_formulas,
                weights=block.weights,
                all_components=self._everything,
            )
            start = stop

    def _identifiers(self, column: str) -> Iterator[Any]:
        """Yield the identifiers of all rows, which are read from the files once more."""
        partitions = Partitions.of(self._files)
        for file in self._files:
            beside = partitions.beside(file, [column])
            # As they are spelled: whole numbers of a text file would be read as others.
            for _, part in tables_of(file, [column], (column,), beside=beside):
                yield from table_of(file, part).column(column)

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

    def _counted(self) -> Iterator[AssignedRows]:
        """Yield all assignments, and know the sizes in the end."""
        sizes = np.zeros(self._mixture.n_components, float if self._data.has_weights else np.intp)
        for part in self.parts():
            # One after the other, as sums round in memory.
            np.add.at(sizes, part.component, 1 if part.weights is None else part.weights)
            yield part
        self._sizes = sizes
