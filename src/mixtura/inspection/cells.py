"""The cells of one column, whatever table they come from: what an inspection looks at."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixtura.data.categories import columns_of
from mixtura.data.frames import declared_categories, is_frame
from mixtura.data.plain import is_missing
from mixtura.data.table import BLANK, NUMBER, Table

__all__ = ["Cells", "Sort", "cells_of", "cells_of_table"]

Sort = Literal["numbers", "truth values", "text", "dates"]

# A zero in front is part of a code, and of no number.
CODE = re.compile(r"\s*0[0-9]")
# What Python and NumPy call the types of dates and times.
DATES = ("date", "datetime", "time", "timedelta", "Timestamp", "Timedelta")


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of one column that are not missing.

    Attributes
    ----------
    name : of the column
    sort : what they are stored as
    values : (n,) float64 of numbers and truth values, else objects
    rows : (n,) the rows they stand in, from 0 on
    n_rows : N, those of missing cells included
    declared : whether the table says itself that they are categories
    """

    name: str
    sort: Sort
    values: NDArray[Any]
    rows: NDArray[np.intp]
    n_rows: int
    declared: bool = False

    def whole(self, missing: Any) -> NDArray[Any]:
        """Return the cells of all rows (N,), with `missing` where there is none."""
        found = np.full(self.n_rows, missing, self.values.dtype)
        found[self.rows] = self.values
        return found

    def without(self, codes: Sequence[float]) -> "Cells":
        """Return the cells that hold none of some numbers."""
        if not len(codes):
            return self
        kept = ~np.isin(self.values, codes)
        return Cells(
            self.name, self.sort, self.values[kept], self.rows[kept], self.n_rows, self.declared
        )


def cells_of(data: Any) -> Iterator[Cells]:
    """Yield the columns of a frame, an array or rows of Python values."""
    columns, names = columns_of(data)
    declared = declared_categories(data) if is_frame(data) else []
    for place, column in enumerate(columns):
        name = f"x{place}" if names is None else names[place]
        yield _cells(name, column, declared=bool(declared) and declared[place])


def cells_of_table(table: Table, names: Sequence[str] | None = None) -> Iterator[Cells]:
    """Yield columns of a file, all or those named.

    Raises
    ------
    DataError
        If there is no such column, or it holds what is neither text nor a number.
    """
    for name in table.names if names is None else names:
        if name in table.kinds and table.kinds[name] == "number" and not table.has_labels(name):
            yield _cells(name, table.numeric([name], "nan")[:, 0])
            continue
        # Numbers whose values have labels are called by these.
        cells = _cells(name, table.categories(name))
        if table.kinds[name] == "text" and len(cells.values) and _spell_numbers(cells.values):
            cells = _cells(name, table.numeric([name], "nan")[:, 0])
        if table.kinds[name] == "date":
            cells = Cells(name, "dates", cells.values, cells.rows, cells.n_rows)
        yield cells


def _spell_numbers(cells: NDArray[Any]) -> bool:
    """Return whether text (n,) spells numbers and no codes such as 007."""
    return all(re.fullmatch(NUMBER, cell) and not CODE.match(cell) for cell in cells)


def _cells(name: str, column: Any, *, declared: bool = False) -> Cells:
    array = column if isinstance(column, np.ndarray) else np.array([*column, None], object)[:-1]
    if array.dtype.kind in "iufb":
        numbers = array.astype(np.float64)
        rows = np.flatnonzero(np.isfinite(numbers))
        sort: Sort = "truth values" if array.dtype.kind == "b" else "numbers"
        return Cells(name, sort, numbers[rows], rows, len(array), declared)
    if array.dtype.kind in "mM":
        rows = np.flatnonzero(~np.isnat(array))
        return Cells(name, "dates", array[rows].astype(str).astype(object), rows, len(array))
    rows = np.flatnonzero([_is_there(cell) for cell in array])
    there = array[rows]
    sort = _sort(there)
    if sort in ("numbers", "truth values"):
        return Cells(name, sort, there.astype(np.float64), rows, len(array), declared)
    return Cells(
        name, sort, np.array([*map(str, there), ""], object)[:-1], rows, len(array), declared
    )


def _is_there(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip() not in BLANK
    return not is_missing(cell) and not (isinstance(cell, float) and not np.isfinite(cell))


def _sort(cells: NDArray[Any]) -> Sort:
    kinds = {type(cell) for cell in cells}
    if kinds and kinds <= {bool, np.bool_}:
        return "truth values"
    if kinds and all(kind.__name__ in DATES for kind in kinds):
        return "dates"
    if any(issubclass(kind, str | bytes) for kind in kinds) or not kinds:
        return "text"
    try:
        cells.astype(np.float64)
    except (TypeError, ValueError):
        return "text"
    return "numbers"
