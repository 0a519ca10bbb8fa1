"""Rows that may be more than memory holds: read once, and put where they are read again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import whole_number
from mixtura.data.arrays import ArrayRows
from mixtura.data.batches import parts_of
from mixtura.data.blocks import Block
from mixtura.data.levels import Labels
from mixtura.data.parts import Asked, Coded, Part, ReadAs, Where
from mixtura.data.paths import called
from mixtura.data.reading import Read, checked_weights, read_rows
from mixtura.data.spool import SpooledRows
from mixtura.data.survey import Survey
from mixtura.errors import DataError

__all__ = ["Dataset"]


class Dataset:
    """Rows of files or batches, in memory where they are few enough.

    Estimators take it for X. It is read when it is first needed, once for numbers and once for
    categories, by who needs these: what is more than `memory` goes to a file in `cache`, which goes
    when the dataset does, or with `close`.

    Parameters
    ----------
    source, memory, cache : as `dataset` takes them
    asked : which columns are read, and for what
    """

    def __init__(self, source: Any, asked: Asked, memory: int, cache: Path | None) -> None:
        self._source, self._asked = source, asked
        self._memory, self._cache = memory, cache
        self._lock = Lock()
        self._rows: NDArray[Any] | SpooledRows | None = None
        self._weights: NDArray[np.float64] | None = None
        self._row_labels: NDArray[np.float64] | None = None
        self._survey: Survey | None = None
        self._names: tuple[str, ...] | None = None
        self._labels: tuple[Labels, ...] | None = None
        self._places: tuple[int, ...] | None = None
        self._is_spent = False
        # The same source read for categories, and that of which this one is.
        self._others: dict[Coded, Dataset] = {}
        # The same source without a column that says what is known of components.
        self._labelled: dict[str, Dataset] = {}
        self._origin: Dataset | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __len__(self) -> int:
        """Return N."""
        return self.n_rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the rows as an array, for what takes arrays of others; names are left behind.

        Raises
        ------
        DataError
            If there is a column of weights, which an array would lose.
        """
        if self.has_weights:
            raise DataError(
                f"{called(self._source)} has a column of weights, which an array of rows would "
                "lose; take .array() and .row_weights"
            )
        return np.array(self.array(), dtype=dtype, copy=copy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the rows behind, which whoever gets the dataset reads again."""
        return Dataset, (self._source, self._asked, self._memory, self._cache)

    def __repr__(self) -> str:
        """Return what it is made of, and how many rows if that is known."""
        known = ""
        if self._any._rows is not None:
            known = f", {self.n_rows:,} x {self.n_columns}"
        return f"<mixtura dataset of {called(self._source)}{known}>"

    @property
    def rows(self) -> NDArray[Any] | SpooledRows:
        """Return the rows (N, D): an array, or what reads them from the cache."""
        with self._lock:
            if self._rows is None:
                found = self._read()
                self._survey, self._names = found.survey, found.names
                self._labels, self._places = found.labels, found.places
                if isinstance(found.rows, Block):
                    self._rows, self._weights = found.rows.rows, found.rows.weights
                    self._row_labels = found.rows.labels
                else:
                    self._rows = found.rows
            assert self._rows is not None
            return self._rows

    @property
    def survey(self) -> Survey:
        """Return what one pass found of the rows."""
        rows = self.rows
        if self._survey is None:
            # Of a part, which few ask about: it was looked at with the others.
            self._survey = Survey.of(np.asarray(rows), self._weights)
        return self._survey

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the names of the columns, or None if they have none."""
        assert self.rows is not None
        return self._names

    @property
    def has_weights(self) -> bool:
        """Return whether a column holds row weights."""
        return self._asked.weights is not None

    @property
    def row_weights(self) -> NDArray[np.float64] | None:
        """Return the row weights (N,), or None where every row counts once."""
        rows = self.rows
        return rows.row_weights(0, len(rows)) if isinstance(rows, SpooledRows) else self._weights

    @property
    def row_labels(self) -> NDArray[np.float64] | None:
        """Return what a column says of the components of rows in memory (N,), if there is one."""
        assert self.rows is not None
        return self._row_labels

    @property
    def n_rows(self) -> int:
        """Return N."""
        return len(self._any.rows)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self._any.rows.shape[1]

    @property
    def is_in_memory(self) -> bool:
        """Return whether the rows are an array."""
        return isinstance(self._any.rows, np.ndarray)

    @property
    def memory(self) -> int:
        """Return how many bytes the rows may take in memory."""
        return self._memory

    @property
    def labels(self) -> tuple[Labels, ...] | None:
        """Return the levels of each column, none of one that holds numbers; None if all do."""
        assert self.rows is not None
        return self._labels

    @property
    def places(self) -> tuple[int, ...]:
        """Return where the columns stand among all of the source."""
        assert self.rows is not None
        return tuple(range(self.n_columns)) if self._places is None else self._places

    @property
    def _any(self) -> "Dataset":
        """Return what was read already, for facts that are the same of numbers and categories."""
        if self._rows is not None:
            return self
        return next((one for one in self._others.values() if one._rows is not None), self)

    def coded(
        self,
        columns: Sequence[Where] | None = None,
        categories: Sequence[bool] | None = None,
    ) -> "Dataset":
        """Return the same rows with categories as the numbers of their levels, -1 where missing.

        Parameters
        ----------
        columns : names or places of those taken, in this order; all when None
        categories : whether each of them holds categories, all when None; the others hold numbers
        """
        if self._asked.coded is not None:
            return self
        wanted = Coded(
            None if columns is None else tuple(columns),
            None if categories is None else tuple(categories),
        )
        if wanted not in self._others:
            asked = replace(self._asked, coded=wanted)
            self._others[wanted] = self._again(asked)
        return self._others[wanted]

    def labelled(self, column: str) -> "Dataset":
        """Return the same rows without a column, which says what is known of their components.

        Parameters
        ----------
        column : its name
        """
        if column not in self._labelled:
            self._labelled[column] = self._again(self._asked.labelled(column))
        return self._labelled[column]

    def as_fitted(self, names: Sequence[str] | None) -> "Dataset":
        """Return the rows as some fit read them that left a column out, else as they are.

        Parameters
        ----------
        names : of the columns that were fitted, or None
        """
        for one in self._labelled.values():
            if one._any._rows is not None and one._any.names == names:
                return one
        return self

    def _again(self, asked: Asked) -> "Dataset":
        """Return the same source read for something else."""
        other = Dataset(self._source, asked, self._memory, self._cache)
        other._origin = self if self._origin is None else self._origin
        return other

    def array(self) -> NDArray[Any]:
        """Return the rows as an array.

        Raises
        ------
        DataError
            If they are more than memory may hold.
        """
        rows = self.rows
        if isinstance(rows, np.ndarray):
            return rows
        size = rows.n_rows * rows.n_columns * rows.dtype.itemsize
        raise DataError(
            f"{called(self._source)} holds {rows.n_rows:,} rows of {size:,} bytes, more than "
            f"the {self._memory:,} of memory=; rows beyond memory are for fits and "
            "what reads rows part by part; let memory= be more, or take a sample"
        )

    def sample(self, size: int, seed: int = 0) -> NDArray[Any]:
        """Return at most `size` distinct rows, drawn by what stands in them and the seed.

        A row of weight two is drawn as one that stands there twice.

        Raises
        ------
        ParameterError
            If `size` is no whole number from 1 up.
        """
        size = whole_number("size", size, 1)
        rows = self.rows
        source = ArrayRows(rows, self._weights) if isinstance(rows, np.ndarray) else rows
        return source.subsample(size, seed)[0]

    def batches(self) -> Iterator[NDArray[Any]]:
        """Return all rows in order, arrays (n, D) of some at a time."""
        return (block.rows for block in self.blocks())

    def blocks(self) -> Iterator[Block]:
        """Yield all rows in order with their weights, some at a time."""
        rows = self.rows
        if isinstance(rows, np.ndarray):
            yield Block(rows, self._weights)
        else:
            yield from rows.blocks()

    def parts(self) -> Iterator["Dataset"]:
        """Yield datasets in memory, of some rows each, in order."""
        for rows in self.batches():
            read_as = ReadAs(self.names, self._asked.coded, self._labels, self._places)
            yield Dataset.of_rows(rows, read_as, self._memory)

    @classmethod
    def of_rows(cls, rows: NDArray[Any], read_as: ReadAs, memory: int = 0) -> Self:
        """Return rows (n, D) in memory as a dataset that was read.

        Parameters
        ----------
        rows, read_as : the rows, and what is known of their columns
        memory : bytes that rows may take
        """
        asked = Asked(None, coded=read_as.coded, called=read_as.names)
        part = cls(rows, asked, memory, None)
        part._rows, part._names = rows, read_as.names
        part._labels, part._places = read_as.labels, read_as.places
        return part

    def source_parts(
        self, columns: Sequence[str] | None, ids: str | None, text: Sequence[str] = ()
    ) -> Iterator[Part]:
        """Return all rows as they come from the source, which is read once more, with identifiers.

        Parameters
        ----------
        columns : names of those to read of files, None for those of the dataset
        ids : name of the column of identifiers, or None
        text : names of columns that stay text in a CSV file
        """
        if self._is_left and ids is None:
            # As they were read: there is no other way to them.
            return (
                Part(block.rows, False, "the dataset", block.weights) for block in self.blocks()
            )
        self._take_once()
        asked = self._asked.once_more(self._source, columns, ids, text)
        parts = parts_of(self._source, asked)
        return (replace(part, weights=checked_weights(part, asked)) for part in parts)

    def close(self) -> None:
        """Let the rows go; they are read again if they are needed."""
        with self._lock:
            if isinstance(self._rows, SpooledRows):
                self._rows.remove()
            self._rows = self._survey = self._weights = self._row_labels = None
        for other in (*self._others.values(), *self._labelled.values()):
            other.close()

    def _read(self) -> Read:
        self._take_once()
        return read_rows(self._source, self._asked, self._memory, self._cache)

    @property
    def _is_left(self) -> bool:
        """Return whether numbers are here of a source that gave them once."""
        return isinstance(self._source, Iterator) and self._rows is not None and not self._labels

    def _take_once(self) -> None:
        """Raise `DataError` if the source gives its rows once, and did."""
        origin = self if self._origin is None else self._origin
        if isinstance(self._source, Iterator):
            # What is left of it would pass for all rows.
            if origin._is_spent:
                raise DataError(
                    f"{called(self._source)} gives its rows once, and they were read already; "
                    "make the dataset of a function that returns a new one, or of files"
                )
            origin._is_spent = True
