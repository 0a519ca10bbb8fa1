"""Columns of a table as the rows that a mixture reads, and rows as columns again."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.categories import codes_of
from mixtura.data.checks import Names, check_finite, column_label
from mixtura.data.counts import check_amounts, check_binary, check_counts, check_positive
from mixtura.errors import DataError
from mixtura.kinds import ColumnKind

__all__ = ["CHECKS", "decoded", "encoded"]

Float = NDArray[np.float64]


def encoded(
    columns: Sequence[Any],
    kinds: Sequence[ColumnKind],
    names: Names = None,
    *,
    ignore: bool = False,
    gaps: bool = False,
) -> NDArray[Any]:
    """Return rows (N, D): numbers as they are, and for a category the number of its label.

    A missing yes-or-no or category is -1. The rows are int32 where all columns are categories.

    Parameters
    ----------
    columns : D of them, each with N cells
    kinds : of the columns
    names : of the columns, for errors
    ignore : count a category that has no label as missing
    gaps : let numbers be missing, NaN

    Raises
    ------
    DataError
        Naming the column and row of the first cell that is not of its kind.
    """
    coded = all(kind.name == "category" for kind in kinds)
    shape = (len(columns[0]), len(columns))
    rows: NDArray[Any] = np.empty(shape, dtype=np.int32 if coded else np.float64)
    for place, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
        if kind.name == "category":
            label = column_label(names, place)
            rows[:, place] = codes_of(column, kind.labels, label, ignore=ignore)
        else:
            rows[:, place] = _numbers(column, column_label(names, place))
    for name, check in CHECKS.items():
        places = [place for place, kind in enumerate(kinds) if kind.name == name]
        if places:
            check(rows[:, places], [_bare(names, place) for place in places])
    numbers = [place for place, kind in enumerate(kinds) if kind.name == "number"]
    check_finite(rows[:, numbers], [_bare(names, place) for place in numbers], gaps=gaps)
    binary = [place for place, kind in enumerate(kinds) if kind.name == "binary"]
    rows[:, binary] = np.where(np.isnan(rows[:, binary]), -1, rows[:, binary])
    return rows


def decoded(rows: NDArray[Any], kinds: Sequence[ColumnKind]) -> list[Any]:
    """Return the columns that rows (N, D) stand for.

    Returns
    -------
    an array of numbers for each column, or a list of values, None where one is missing
    """
    return [_decoded(column, kind) for column, kind in zip(rows.T, kinds, strict=True)]


def _decoded(column: NDArray[Any], kind: ColumnKind) -> Any:
    if kind.name == "category":
        values = [*kind.labels, None]
        return [values[code] for code in column.astype(np.intp).tolist()]
    if kind.name == "binary" and (column < 0).any():
        return [None if cell < 0 else int(cell) for cell in column.tolist()]
    return column.astype(np.int64) if kind.name in ("binary", "count") else column


def _numbers(column: Any, label: str) -> Float:
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        return column.astype(np.float64)
    values = np.empty(len(column))
    for row, value in enumerate(column):
        try:
            if isinstance(value, str):
                raise TypeError
            values[row] = np.nan if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise DataError(
                f"{label} holds {value!r} at row {row} (counted from 0), which is not a number; "
                "mend the cell, or let the column be a categorical one"
            ) from None
    return values


def _bare(names: Names, place: int) -> str:
    return str(place) if names is None else names[place]


def _check_exposures(block: Float, names: Sequence[str]) -> None:
    for values, name in zip(block.T, names, strict=True):
        check_positive(values, f"the exposure, column '{name}',")


# What says whether cells (N, D) of a kind are of it, with the names of their columns.
CHECKS: dict[str, Callable[[Float, Sequence[str]], None]] = {
    "count": check_counts,
    "binary": check_binary,
    "exposure": _check_exposures,
    "positive": check_amounts,
}
