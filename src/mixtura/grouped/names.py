"""The names of groups, told from the cells of a column."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from mixtura.data.plain import is_missing
from mixtura.errors import DataError

__all__ = ["Names", "Runs", "in_order", "places_by_group"]

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The groups of rows, of which many in a row are often of one.

    Attributes
    ----------
    numbers : (R) of the group of each run
    sizes : (R) its rows
    """

    numbers: Codes
    sizes: Codes

    @classmethod
    def of(cls, codes: Codes) -> "Runs":
        """Return the runs of the groups (n) of rows."""
        starts = _starts(codes)
        return cls(codes[starts], np.diff(starts, append=len(codes)))

    def of_rows(self) -> Codes:
        """Return the group (n) of each row."""
        return np.repeat(self.numbers, self.sizes)

    def where(self, kept: NDArray[np.bool_]) -> "Runs":
        """Return those of some of the rows."""
        return Runs.of(self.of_rows()[kept])

    def counts(self, n_groups: int) -> NDArray[np.int64]:
        """Return how many rows each group has."""
        found = np.zeros(n_groups, dtype=np.int64)
        np.add.at(found, self.numbers, self.sizes)
        return found


class Names:
    """Groups by name, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def runs(self, column: Any, called: str) -> Runs:
        """Return the groups of rows by number, those that are new after all others.

        Raises
        ------
        DataError
            Naming the first row whose group is missing, or if groups have no names.
        """
        try:
            runs, found = _distinct(column)
        except TypeError as error:
            raise DataError(
                f"'{called}' has cells that are lists or the like, by which no rows can be put "
                "together; name groups by text or numbers"
            ) from error
        known = self.numbers
        new = [place for place, name in enumerate(found) if name not in known]
        missing = [place for place in new if _names_none(found[place])]
        if missing:
            row = int(runs.sizes[: int(np.argmax(np.isin(runs.numbers, missing)))].sum())
            raise DataError(
                f"row {row} (counted from 0) has no group: '{called}' is missing there; drop such "
                "rows, or give them a group of their own"
            )
        for place in new:
            known[found[place]] = len(known)
        numbers = np.array([known[name] for name in found], dtype=np.intp)
        return Runs(numbers[runs.numbers], runs.sizes)


def _names_none(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, (float, np.floating)) and bool(np.isnan(cell)))


def in_order(names: list[Any]) -> tuple[tuple[Any, ...], Codes]:
    """Return names in their order, or as they came where they have none, and their places."""
    try:
        places = sorted(range(len(names)), key=names.__getitem__)
    except TypeError:
        places = list(range(len(names)))
    return tuple(names[place] for place in places), np.array(places, dtype=np.intp)


def places_by_group(column: Any, called: str) -> Iterator[tuple[Any, Codes]]:
    """Yield each group that some rows are of, and where these stand."""
    names = Names()
    codes = names.runs(column, called).of_rows()
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names.numbers))).tolist()
    for name, span in zip(names.numbers, pairwise([0, *ends]), strict=True):
        yield name, order[slice(*span)]


def _starts(values: NDArray[Any]) -> Codes:
    """Return where another value begins."""
    if not len(values):
        return np.zeros(0, dtype=np.intp)
    return np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)


def _distinct(column: Any) -> tuple[Runs, list[Any]]:
    """Return the distinct values of a column, and which of them cells are."""
    series = nw.from_native(column, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        plain = (
            series.dtype.is_numeric() or series.dtype == nw.Boolean
        ) and not series.null_count()
        if not plain:
            return _encoded(series)
        column = series.to_numpy()
    values = np.asarray(column)
    if values.ndim != 1 or values.dtype.kind == "O" or not len(values):
        return _listed(list(column))
    starts = _starts(values)
    found, codes = np.unique(values[starts], return_inverse=True)
    runs = Runs(codes.astype(np.intp, copy=False), np.diff(starts, append=len(values)))
    return runs, found.tolist()


def _encoded(series: Any) -> tuple[Runs, list[Any]]:
    """Return the same of text and the like, by Arrow where it is there."""
    try:
        encoded = series.to_arrow().dictionary_encode("encode").combine_chunks()
    except (ImportError, AttributeError, TypeError, ValueError, NotImplementedError):
        # Arrow is not there, or has no column of cells such as these.
        return _listed(series.to_list())
    if hasattr(encoded, "chunks"):
        (encoded,) = encoded.chunks
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return Runs.of(codes.astype(np.intp, copy=False)), encoded.dictionary.to_pylist()


def _listed(cells: list[Any]) -> tuple[Runs, list[Any]]:
    known: dict[Any, int] = {}
    codes = [known.setdefault(cell, len(known)) for cell in cells]
    return Runs.of(np.array(codes, dtype=np.intp)), list(known)
