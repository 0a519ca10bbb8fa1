"""Rows of numbers from parts of a source, with the columns of the first in their order."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.checks import Names, check_finite
from mixtura.data.frames import numbers_of_frame
from mixtura.data.gaps import has_gaps, with_one_nan
from mixtura.data.parts import Part
from mixtura.data.plain import numbers_of_cells
from mixtura.errors import DataError

__all__ = ["Aligned", "Numbers", "finite"]


class Aligned:
    """Columns of parts, brought into the order of the first part's."""

    def __init__(self) -> None:
        self._first: tuple[str, Names, int] | None = None

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the names of the columns, if there are any."""
        names = None if self._first is None else self._first[1]
        return None if names is None else tuple(map(str, names))

    def order_of(self, part: Part, names: Names, n_columns: int) -> list[int] | None:
        """Return where the columns of the first part stand, None for one after the other.

        Raises
        ------
        DataError
            If there are other columns.
        """
        if self._first is None:
            self._first = part.place, names, n_columns
        place, first, n_first = self._first
        if n_columns != n_first or (names is None) != (first is None):
            raise DataError(
                f"{part.place} has {n_columns} columns, and {place} has {n_first}; name those to "
                "read by columns="
            )
        if names is None or first is None or names == first:
            return None
        lacking = [name for name in first if name not in names]
        if lacking:
            raise DataError(f"{part.place} has no column '{lacking[0]}', which {place} has")
        return [names.index(name) for name in first]


@final
class Numbers(Aligned):
    """Makes rows of numbers, float32 as long as all are."""

    def __init__(self) -> None:
        super().__init__()
        self._wide = False

    def rows(self, part: Part) -> NDArray[Any]:
        """Return the rows (n, D) of a part, float64 or float32, NaN where a cell is missing.

        Raises
        ------
        DataError
            Naming the first cell that is no number, or is infinite.
        """
        try:
            if part.is_frame:
                rows, names = numbers_of_frame(part.cells)
            else:
                rows, names = numbers_of_cells(part.cells), None
        except DataError as error:
            raise DataError(f"{part.place}: {error}") from error
        rows = np.asarray(rows)
        _check_table(rows.shape, part)
        self._wide |= rows.dtype != np.float32
        rows = rows.astype(np.float64 if self._wide else np.float32, copy=False)
        order = self.order_of(part, names, rows.shape[1])
        rows = np.ascontiguousarray(rows if order is None else rows[:, order])
        return finite(rows, names if order is None else self.names, part)


def _check_table(shape: tuple[int, ...], part: Part) -> None:
    if len(shape) != 2 or shape[1] == 0:
        raise DataError(f"{part.place} is no table of rows and columns: its shape is {shape}")


def finite(rows: NDArray[Any], names: Names, part: Part) -> NDArray[Any]:
    """Return rows without an infinite cell, all NaN of the same bits."""
    try:
        check_finite(rows, names, gaps=True)
    except DataError as error:
        raise DataError(f"{part.place}: {error}") from error
    return with_one_nan(rows) if has_gaps(rows) else rows
