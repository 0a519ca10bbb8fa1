"""A part of what rows come from, some at a time: which of its columns are read, and for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.data.cleaning import AS_IT_STANDS, Cleaning
from mixtura.data.frames import columns_of_frame, is_frame, numbers_of_frame, picked, without
from mixtura.data.levels import Labels
from mixtura.data.paths import files_of
from mixtura.data.plain import plain_table
from mixtura.data.sparse_checks import refuse_sparse
from mixtura.data.transforms import transforms_of
from mixtura.errors import DataError, ParameterError

__all__ = ["Asked", "Coded", "Part", "ReadAs", "Where", "asked_of", "part_of"]

# The name of a column, or its place.
Where: TypeAlias = str | int
# What names columns, and what users call it.
NAMING = {"columns": "columns", "weights": "weights", "ids": "ids", "labels": "y"}


@dataclass(frozen=True, slots=True)
class Coded:
    """Which columns hold categories, of those that are taken.

    Attributes
    ----------
    columns : those taken, in this order, all when None
    categories : whether each of them holds categories, all when None; the others hold numbers
    """

    columns: tuple[Where, ...] | None = None
    categories: tuple[bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which columns are read.

    Attributes
    ----------
    columns : names of those to be fitted, all but the other when None
    weights : name of the one that holds row weights, or None
    coded : which of them hold categories, or None where all hold numbers
    called : names of the columns of an array, or None
    skips : whether row groups that are damaged are left out
    cleaning : what is done to the columns of files before
    ids : name of the one that says which row is which, or None
    labels : name of the one that says what is known of rows' components, or None
    text : names of those that stay text in a CSV file
    """

    columns: tuple[str, ...] | None
    weights: str | None = None
    coded: Coded | None = None
    called: tuple[str, ...] | None = None
    skips: bool = False
    cleaning: Cleaning = AS_IT_STANDS
    ids: str | None = None
    labels: str | None = None
    text: tuple[str, ...] = ()

    @property
    def others(self) -> list[str]:
        """Return the names of columns that are not fitted."""
        return [name for name in (self.weights, self.ids, self.labels) if name is not None]

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the names of all that are read of files, or None for all there are."""
        if self.columns is None:
            return None
        return self.cleaning.columns(dict.fromkeys([*self.columns, *self.others]))

    def fitted(self, frame: Any) -> Any:
        """Return the columns to be fitted of a frame."""
        if self.columns is not None:
            return picked(frame, self.columns)
        return without(frame, self.others)

    def labelled(self, column: str) -> "Asked":
        """Return the same where a column says what is known of rows' components.

        Raises
        ------
        ParameterError
            If the column has another job.
        """
        jobs = {"columns=": self.columns or (), "weights=": (self.weights,)}
        for job, names in jobs.items():
            if column in names:
                raise ParameterError(
                    f"column '{column}' is that of y and among those of {job}; leave one of them "
                    "out"
                )
        cleaning = replace(self.cleaning, kept=(*self.cleaning.kept, column))
        return replace(self, labels=column, cleaning=cleaning)

    def once_more(
        self, source: Any, columns: Sequence[str] | None, ids: str | None, text: Sequence[str]
    ) -> "Asked":
        """Return the same for columns of a source that are read again, with identifiers.

        Parameters
        ----------
        source : as `mixtura.dataset` takes it
        columns : names of those to read of files; rows of other sources have theirs looked up
        ids, text : as they are here
        """
        of_files = files_of(source) is not None
        cleaning = self.cleaning
        if ids is not None:
            cleaning = replace(cleaning, kept=(*cleaning.kept, ids))
            text = [*text, ids]
        named = tuple(columns) if of_files and columns is not None else self.columns
        return replace(
            self, columns=named, cleaning=cleaning, ids=ids, text=tuple(dict.fromkeys(text))
        )


def asked_of(
    source: Any,
    columns: Sequence[str] | None,
    weights: str | None,
    *,
    on_bad: str,
    missing: Sequence[str],
    transforms: Mapping[str, str],
) -> Asked:
    """Return which columns are read, as `mixtura.dataset` is told.

    Raises
    ------
    DataError
        If there is no such file.
    ParameterError
        If an argument is none of these, or the weights are among the columns.
    """
    if isinstance(columns, str):
        raise ParameterError(f"columns should be a list of names, such as [{columns!r}]")
    names = None if columns is None else tuple(columns)
    if names is not None and not (names and all(isinstance(name, str) for name in names)):
        raise ParameterError(
            f"columns should be a list of names, at least one, or None for all; not {columns!r}"
        )
    if names is not None and weights in names:
        raise ParameterError(
            f"column '{weights}' is one of columns= and that of weights; leave one of them out"
        )
    if on_bad not in ("error", "skip"):
        raise ParameterError(f'on_bad should be "error" or "skip", but got {on_bad!r}')
    # Whatever else is asked for: files that are not there are told at once.
    files = files_of(source)
    functions = transforms_of(transforms)
    if (missing or functions) and files is None:
        raise ParameterError("missing and transforms are of the columns of files; leave them out")
    kept = () if weights is None else (weights,)
    cleaning = Cleaning(tuple(missing), kept, functions)
    return Asked(names, weights, skips=on_bad == "skip", cleaning=cleaning)


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What is known of the columns of rows that were read.

    Attributes
    ----------
    names : of the columns, or None
    coded : which of them hold categories, which are numbers then; None where none does
    labels : the levels of each column, none of one that holds numbers; None where all do
    places : where the columns stood among all, None where these are all
    """

    names: tuple[str, ...] | None
    coded: Coded | None = None
    labels: tuple[Labels, ...] | None = None
    places: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows, as they come.

    Attributes
    ----------
    cells : the columns to be fitted: a frame, an array or a list of rows
    is_frame : whether they have names
    place : what an error says of where they come from
    weights : (n,) of the rows, as they stand in their column, or None
    file : that they were read from, or None
    ids : the column (n,) of identifiers, or None
    labels : (n,) what a column says of the rows' components, or None
    """

    cells: Any
    is_frame: bool
    place: str
    weights: NDArray[np.float64] | None = None
    file: Path | None = None
    ids: Any = None
    labels: NDArray[np.float64] | None = None


def part_of(cells: Any, asked: Asked, place: str, file: Path | None = None) -> Part:
    """Return an array or a frame as a part of some columns."""
    weights = ids = labels = None
    try:
        cells = plain_table(cells)
        refuse_sparse(cells)
        named = is_frame(cells)
        if named:
            if asked.weights is not None:
                weights = _numbers(cells, asked.weights)
            if asked.labels is not None:
                labels = _numbers(cells, asked.labels)
            if asked.ids is not None:
                ids = _column(cells, asked.ids)
            cells = asked.fitted(cells)
        else:
            for given, called in NAMING.items():
                if getattr(asked, given) is not None:
                    raise ParameterError(f"{called}= names columns, and the rows have no names")
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
    return Part(cells, named, place, weights, file, ids, labels)


def _numbers(frame: Any, name: str) -> NDArray[np.float64]:
    found = numbers_of_frame(picked(frame, [name]))[0][:, 0]
    return found.astype(np.float64, copy=False)


def _column(frame: Any, name: str) -> Any:
    """Return a column of a frame as it is where it is Arrow's, and else its values."""
    column = picked(frame, [name])
    return column[name] if hasattr(frame, "combine_chunks") else columns_of_frame(column)[0][0]
