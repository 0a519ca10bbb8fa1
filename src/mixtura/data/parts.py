"""A part of what rows come from, some at a time: which of its columns are read, and for what."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.data.cleaning import AS_IT_STANDS, Cleaning
from mixtura.data.frames import is_frame, numbers_of_frame, picked, without
from mixtura.data.plain import plain_table
from mixtura.data.sparse_checks import refuse_sparse
from mixtura.errors import DataError, ParameterError

__all__ = ["Asked", "Coded", "Part", "Where", "part_of"]

# The name of a column, or its place.
Where: TypeAlias = str | int


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
    """

    columns: tuple[str, ...] | None
    weights: str | None = None
    coded: Coded | None = None
    called: tuple[str, ...] | None = None
    skips: bool = False
    cleaning: Cleaning = AS_IT_STANDS

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the names of all that are read of files, or None for all there are."""
        if self.columns is None or self.weights is None:
            return self.cleaning.columns(self.columns)
        return self.cleaning.columns(dict.fromkeys([*self.columns, self.weights]))

    def fitted(self, frame: Any) -> Any:
        """Return the columns to be fitted of a frame."""
        if self.columns is not None:
            return picked(frame, self.columns)
        return frame if self.weights is None else without(frame, self.weights)


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
    """

    cells: Any
    is_frame: bool
    place: str
    weights: NDArray[np.float64] | None = None
    file: Path | None = None


def part_of(cells: Any, asked: Asked, place: str, file: Path | None = None) -> Part:
    """Return an array or a frame as a part of some columns."""
    weights = None
    try:
        cells = plain_table(cells)
        refuse_sparse(cells)
        named = is_frame(cells)
        if named:
            if asked.weights is not None:
                weights = numbers_of_frame(picked(cells, [asked.weights]))[0][:, 0]
                weights = weights.astype(np.float64, copy=False)
            cells = asked.fitted(cells)
        else:
            for given in ("columns", "weights"):
                if getattr(asked, given) is not None:
                    raise ParameterError(f"{given}= names columns, and the rows have no names")
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
    return Part(cells, named, place, weights, file)
