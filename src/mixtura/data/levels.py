"""Columns of categories as numbers of levels: mapped by value, never by a library's codes.

1 and 1.0 are one value; 1, "1" and True are three. Text is compared as it stands: strings that
differ by a NUL or by their Unicode form are different values.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Real
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.plain import is_missing
from mixtura.errors import DataError

__all__ = [
    "IGNORED",
    "Codebook",
    "Labels",
    "codes_of",
    "levels_and_codes",
    "levels_of",
    "recoded",
    "shown_levels",
]

Codes = NDArray[np.int32]
Labels = tuple[Any, ...]
# For each distinct value its rows in order, the value as it stands, and its key.
Found = list[tuple[NDArray[np.intp], Any, tuple[str, Any] | None]]

KINDS = ("number", "truth", "text")
# What to try where a fit has not seen a level.
IGNORED = 'unknown="ignore" leaves such cells out'


def levels_of(column: Sequence[Any], label: str) -> Labels:
    """Return the distinct values of a column, in order: numbers, truths, texts, anything else.

    Raises
    ------
    DataError
        Naming the column if it has no value at all, and the row of one that is no category.
    """
    return _levels(_distinct(column, label), label)


def codes_of(column: Sequence[Any], labels: Labels, label: str, *, ignore: bool = False) -> Codes:
    """Return the number of each value's level (N,), and -1 where a value is missing.

    Parameters
    ----------
    labels : the levels' values
    label : what an error calls the column
    ignore : count a value that is no level as missing

    Raises
    ------
    DataError
        Naming the column, row and value of a value that is no level.
    """
    return _codes(len(column), _distinct(column, label), labels, label, ignore)


def levels_and_codes(
    column: Sequence[Any], label: str, *, kept: bool = True
) -> tuple[Labels, Codes]:
    """Return the levels of a column and the number of each value's, from one look at it.

    Parameters
    ----------
    kept : whether levels are text, finite numbers and truth values, as files can hold, or any
    """
    found = _distinct(column, label)
    labels = _levels(found, label, kept)
    return labels, _codes(len(column), found, labels, label, ignore=False)


def _levels(found: Found, label: str, kept: bool = True) -> Labels:
    keys = {key for _, _, key in found if key is not None}
    if not keys:
        raise _empty(label)
    for rows, value, key in found if kept else ():
        _check_kept(key, value, int(rows[0]), label)
    return tuple(value for _, value in sorted(keys, key=_order))


def _codes(n_rows: int, found: Found, labels: Labels, label: str, ignore: bool) -> Codes:
    places: dict[Any, int] = {_key(value): place for place, value in enumerate(labels)}
    codes = np.full(n_rows, -1, dtype=np.int32)
    for rows, value, key in found:
        if key is None:
            continue
        place = places.get(key)
        if place is None and not ignore:
            raise _unknown(value, int(rows[0]), labels, label)
        codes[rows] = -1 if place is None else place
    return codes


def recoded(
    codes: Codes, own: Labels, labels: Labels, label: str, *, ignore: bool = False
) -> Codes:
    """Return the number of each cell's level among others than those it was coded by.

    Parameters
    ----------
    codes : (N,) numbers of levels, -1 where a value is missing
    own : the levels that these stand for
    labels, label, ignore : as in `codes_of`
    """
    places = np.append(codes_of(own, labels, label, ignore=True), np.int32(-1))
    found = places[codes]
    unknown = (found < 0) & (codes >= 0)
    if unknown.any() and not ignore:
        row = int(unknown.argmax())
        raise _unknown(own[codes[row]], row, labels, label)
    return found


@final
class Codebook:
    """The categories of a column whose cells come some at a time, numbered as they come."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, Any], int] = {}

    def __len__(self) -> int:
        """Return how many levels were seen."""
        return len(self._places)

    def codes(self, column: Sequence[Any], label: str) -> Codes:
        """Return the number of each value (n,), and -1 where one is missing.

        Raises
        ------
        DataError
            Naming the row of one that is no category.
        """
        codes = np.full(len(column), -1, dtype=np.int32)
        for rows, value, key in _distinct(column, label) if len(column) else ():
            if key is not None:
                _check_kept(key, value, int(rows[0]), label)
                codes[rows] = self._places.setdefault(key, len(self._places))
        return codes

    def ended(self, label: str) -> tuple[Labels, Codes]:
        """Return the levels in order, and where each number stands there, with -1 for -1, last.

        Raises
        ------
        DataError
            If no cell held a value.
        """
        if not self._places:
            raise _empty(label)
        keys = sorted(self._places, key=_order)
        ranks = np.full(len(keys) + 1, -1, dtype=np.int32)
        ranks[[self._places[key] for key in keys]] = np.arange(len(keys), dtype=np.int32)
        return tuple(value for _, value in keys), ranks


def _empty(label: str) -> DataError:
    return DataError(f"{label} is missing in every row; drop it")


def _unknown(value: Any, row: int, labels: Labels, label: str) -> DataError:
    return DataError(
        f"{label} holds {value!r} at row {row} (counted from 0), which was not there in the fit; "
        f"known are {shown_levels(labels)}. {IGNORED}"
    )


def _check_kept(key: tuple[str, Any] | None, value: Any, row: int, label: str) -> None:
    if key is not None and not _can_be_kept(key):
        raise DataError(
            f"{label} holds {value!r} at row {row} (counted from 0), which is no category that a "
            "file could hold; give text, finite numbers or truth values"
        )


def shown_levels(labels: Iterable[Any], most: int = 8) -> str:
    """Return the first levels, for an error or a note."""
    listed = [repr(value) for value in labels]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def _distinct(column: Sequence[Any], label: str) -> Found:
    """Return for each distinct value its rows in order, the value as it stands, and its key."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        values, numbers = np.unique(column, return_inverse=True)
        found = values.tolist()
    else:
        seen: dict[Any, int] = {}
        numbers = np.empty(len(column), dtype=np.intp)
        for row, value in enumerate(column):
            try:
                numbers[row] = seen.setdefault((value.__class__, value), len(seen))
            except TypeError:
                raise DataError(
                    f"{label} holds {value!r} at row {row} (counted from 0), which is no category; "
                    "give text, numbers or truth values"
                ) from None
        found = [value for _, value in seen]
    order = np.argsort(numbers, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(numbers, minlength=len(found)))[:-1])
    return [(r, value, _key(value)) for r, value in zip(rows, found, strict=True)]


def _key(value: Any) -> tuple[str, Any] | None:
    """Return what two cells must share to be one category; None if the cell is missing."""
    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "truth", bool(value)
    if isinstance(value, str):
        return "text", str(value)
    if isinstance(value, Real):
        number: Any = value.item() if isinstance(value, np.generic) else value
        if number != number:
            return None
        return "number", int(number) if number == number // 1 else number
    return type(value).__name__, value


def _can_be_kept(key: tuple[str, Any]) -> bool:
    kind, value = key
    return kind in KINDS and (not isinstance(value, float) or isfinite(value))


def _order(key: Any) -> tuple[Any, ...]:
    kind, value = key
    return (KINDS.index(kind), value) if kind in KINDS else (len(KINDS), kind, repr(value))
