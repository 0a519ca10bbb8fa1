"""The names of groups, told from the cells of a column."""

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from mixtura.data.plain import is_missing
from mixtura.errors import DataError

__all__ = ["Names", "in_order"]

Codes = NDArray[np.intp]


class Names:
    """Groups by name, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def coded(self, column: Any, called: str) -> Codes:
        """Return the numbers of groups (n), those that are new after all others.

        Raises
        ------
        DataError
            Naming the first row whose group is missing, or if groups have no names.
        """
        try:
            codes, found = _distinct(column)
        except TypeError as error:
            raise DataError(
                f"'{called}' has cells that are lists or the like, by which no rows can be put "
                "together; name groups by text or numbers"
            ) from error
        missing = [place for place, name in enumerate(found) if _names_none(name)]
        if missing:
            row = int(np.flatnonzero(np.isin(codes, missing))[0])
            raise DataError(
                f"row {row} (counted from 0) has no group: '{called}' is missing there; drop such "
                "rows, or give them a group of their own"
            )
        known = self.numbers
        numbers = [known.setdefault(name, len(known)) for name in found]
        return np.array(numbers, dtype=np.intp)[codes]


def _names_none(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, (float, np.floating)) and bool(np.isnan(cell)))


def in_order(names: list[Any]) -> tuple[tuple[Any, ...], Codes]:
    """Return names in their order, or as they came where they have none, and their places."""
    try:
        places = sorted(range(len(names)), key=names.__getitem__)
    except TypeError:
        places = list(range(len(names)))
    return tuple(names[place] for place in places), np.array(places, dtype=np.intp)


def _distinct(column: Any) -> tuple[Codes, list[Any]]:
    """Return the distinct values of a column, and which of them each cell is."""
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
    # Rows that are sorted by group are few runs, however long.
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    found, codes = np.unique(values[starts], return_inverse=True)
    sizes = np.diff(starts, append=len(values))
    return np.repeat(codes.astype(np.intp, copy=False), sizes), found.tolist()


def _encoded(series: Any) -> tuple[Codes, list[Any]]:
    """Return the same of text and the like, by Arrow where it is there."""
    try:
        encoded = series.to_arrow().dictionary_encode("encode").combine_chunks()
    except (ImportError, AttributeError, TypeError, ValueError, NotImplementedError):
        # Arrow is not there, or has no column of cells such as these.
        return _listed(series.to_list())
    if hasattr(encoded, "chunks"):
        (encoded,) = encoded.chunks
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return codes.astype(np.intp, copy=False), encoded.dictionary.to_pylist()


def _listed(cells: list[Any]) -> tuple[Codes, list[Any]]:
    known: dict[Any, int] = {}
    codes = [known.setdefault(cell, len(known)) for cell in cells]
    return np.array(codes, dtype=np.intp), list(known)
