"""What a model says of each row of data that may be larger than memory, as tables of Arrow's."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from mixtura.data.dataset import Dataset
from mixtura.errors import DataError, ParameterError
from mixtura.mixture.parts import encoded_parts
from mixtura.scoring.answers import Answers
from mixtura.scoring.assigned import AssignedRows, assigned_rows
from mixtura.scoring.writing import PARQUET, in_form, write_parts

__all__ = ["Assignments"]


class Assignments:
    """What a model says of each row, some rows at a time and in their order.

    It iterates over Arrow tables, and hands itself to what reads streams of Arrow (polars, DuckDB,
    pandas, pyarrow). Each goes through the rows once more.

    Parameters
    ----------
    answers : of the model
    data : the rows
    ids : the column that says which row is which, or None
    proba : whether the probabilities of all components are told
    """

    def __init__(self, answers: Answers, data: Dataset, ids: str | None, *, proba: bool) -> None:
        self._answers, self._data, self._ids, self._proba = answers, data, ids, proba

    def __repr__(self) -> str:
        answers = self._answers
        return f"<Assignments of {self._data!r} to {len(answers.labels)} {answers.what}(s)>"

    def __iter__(self) -> Iterator[pa.Table]:
        """Yield a table of the next rows.

        Raises
        ------
        DataError
            If a row cannot be read, there are none, or identifiers change their type.
        """
        form = None
        for part in self._parts():
            table = part.table()
            form = table.schema if form is None else form
            yield in_form(table, form)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the same as a stream of Arrow's."""
        tables = iter(self)
        first = next(tables)
        batches = (batch for table in chain([first], tables) for batch in table.to_batches())
        reader = pa.RecordBatchReader.from_batches(first.schema, batches)
        return reader.__arrow_c_stream__(requested_schema)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a Parquet file, which appears whole or not at all.

        Parameters
        ----------
        path : the file; what stands there goes

        Raises
        ------
        ParameterError
            If its name is not that of a Parquet file, or it is one of those that are read.
        DataError
            If a row cannot be read, there are none, or identifiers change their type.
        """
        target = Path(path)
        if target.suffix.lower() not in PARQUET:
            raise ParameterError(
                f"'{target}' should end in .parquet; other formats are written by what takes the "
                "tables that it iterates over"
            )
        write_parts(self._parts(target), target)

    def _parts(self, target: Path | None = None) -> Iterator[AssignedRows]:
        """Yield what is said of some rows at a time, without identifiers from 0 on.

        Parameters
        ----------
        target : the file that is written, which may be none of those that are read
        """
        mixture, start = self._answers.mixture, 0
        replaced = target if target is not None and target.exists() else None
        for rows, part in encoded_parts(mixture, self._data, self._ids):
            if replaced is not None and part.file is not None and replaced.samefile(part.file):
                raise ParameterError(
                    f"'{target}' is read for its rows and would be replaced; name another file"
                )
            stop = start + rows.shape[0]
            names: Sequence[Any] = range(start, stop) if part.ids is None else part.ids
            if stop > start:
                yield assigned_rows(
                    self._answers, rows, names, self._ids, True, all_components=self._proba
                )
            start = stop
        if not start:
            raise DataError("there are no rows; give at least one")
