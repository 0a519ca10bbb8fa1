"""Columns of categories as numbers of levels: mapped by value, never by a library's codes.

1 and 1.0 are one value; 1, "1" and True are three. Text is compared as it stands: strings that
differ by a NUL or by their Unicode form are different values.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.checks import Names, column_label
from mixtura.data.dataset import Dataset
from mixtura.data.frames import columns_of_frame, is_frame
from mixtura.data.plain import is_missing, plain_table
from mixtura.data.sparse_checks import refuse_sparse
from mixtura.errors import DataError

__all__ = ["codes_of", "columns_of", "levels_and_codes", "levels_of", "shown_levels"]

Codes = NDArray[np.int32]
Labels = tuple[Any, ...]
# For each distinct value its rows in order, the value as it stands, and its key.
Found = list[tuple[NDArray[np.intp], Any, tuple[str, Any] | None]]

KINDS = ("number", "truth", "text")


def columns_of(data: Any) -> tuple[list[Sequence[Any]], tuple[str, ...] | None]:
    """Return the columns of a frame, array or list of rows, and their names if there are any.

    Raises
    ------
    DataError
        If the data are not rows of one length, or there are none.
    """
    refuse_sparse(data)
    data = plain_table(data)
    if isinstance(data, Dataset):
        columns, names = _columns_of_array(data.array()), data.names
    elif is_frame(data):
        columns, names = columns_of_frame(data)
    else:
        columns, names = _columns_of_array(data), None
    if not columns or not len(columns[0]):
        raise DataError("X has no rows or no columns; give at least one row")
    return columns, names


def _columns_of_array(data: Any) -> list[Sequence[Any]]:
    try:
        # A list of 1 and "1" must not become an array of text.
        array = data if isinstance(data, np.ndarray) else np.array(data, dtype=object)
    except ValueError as error:
        raise DataError(f"X is no table: {error}; give rows of one length") from error
    if array.ndim != 2:
        raise DataError(
            f"X should be a table of rows and columns, but has {array.ndim} dimension(s); "
            "reshape a single column with X.reshape(-1, 1)"
        )
    if array.dtype.kind in "biuf":
        return list(array.T)
    return [column.tolist() for column in array.T]


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


def levels_and_codes(column: Sequence[Any], label: str) -> tuple[Labels, Codes]:
    """Return the levels of a column and the number of each value's, from one look at it."""
    found = _distinct(column, label)
    labels = _levels(found, label)
    return labels, _codes(len(column), found, labels, label, ignore=False)


def _levels(found: Found, label: str) -> Labels:
    keys = {key for _, _, key in found if key is not None}
    if not keys:
        raise DataError(f"{label} is missing in every row; drop it")
    for rows, value, key in found:
        if key is not None and not _can_be_kept(key):
            raise DataError(
                f"{label} holds {value!r} at row {int(rows[0])} (counted from 0), which is no "
                "category that a file could hold; give text, finite numbers or truth values"
            )
    return tuple(value for _, value in sorted(keys, key=_order))


def _codes(n_rows: int, found: Found, labels: Labels, label: str, ignore: bool) -> Codes:
    places: dict[Any, int] = {_key(value): place for place, value in enumerate(labels)}
    codes = np.full(n_rows, -1, dtype=np.int32)
    for rows, value, key in found:
        if key is None:
            continue
        place = places.get(key)
        if place is None and not ignore:
            raise DataError(
                f"{label} holds {value!r} at row {int(rows[0])} (counted from 0), which was not "
                f"there in the fit; known are {shown_levels(labels)}. "
                'unknown="ignore" leaves such cells out'
            )
        codes[rows] = -1 if place is None else place
    return codes


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


def column_labels(names: Names, n_columns: int) -> list[str]:
    """Return how errors call the columns."""
    return [column_label(names, column) for column in range(n_columns)]
