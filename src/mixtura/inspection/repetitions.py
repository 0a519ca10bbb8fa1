"""Columns that say what others say: copies, codes of the same categories, sums."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.inspection.cells import Cells
from mixtura.inspection.column import AMOUNTS_FROM

__all__ = ["repetitions"]

Float = NDArray[np.float64]

# Rows by which columns are judged, evenly through the table; fewer than the least say nothing.
JUDGED, LEAST = 5000, 20
# Rows beyond the number of columns that a sum has to hold in.
BEYOND = 10
# What a sum may leave of a column, of its width; what a part has to bring.
ROUNDING, PART = 1e-9, 1e-6
# Columns with a larger share of gaps are judged as categories only.
GAPS = 0.2


def repetitions(columns: Sequence[Cells]) -> dict[str, tuple[str, ...]]:
    """Return the names of columns that repeat earlier ones, and of those which each does.

    A column repeats another if their values go together one to one in all rows, missing cells
    included, amounts of many values in order, and several if it is a weighted sum of them but for a
    constant.
    """
    if not columns or columns[0].n_rows < LEAST:
        return {}
    rows = np.unique(np.linspace(0, columns[0].n_rows - 1, JUDGED).astype(np.intp))
    found = _copies(columns, rows)
    numbers = [
        one
        for one in columns
        if one.name not in found
        and one.sort != "text"
        and one.sort != "dates"
        and len(one.values) >= (1 - GAPS) * one.n_rows
    ]
    return found | _sums(numbers, rows)


def _copies(columns: Sequence[Cells], rows: NDArray[np.intp]) -> dict[str, tuple[str, ...]]:
    firsts: dict[bytes, list[Cells]] = {}
    found = {}
    for column in columns:
        whole = _whole(column)
        n_levels = len(np.unique(_numbered(whole[rows])))
        # Where most values are different, only sums can say that two columns are one.
        if 1 < n_levels <= len(rows) / 2:
            alike = firsts.setdefault(_numbered(whole).tobytes(), [])
            known = next((one for one in alike if _says_the_same(one, column)), None)
            if known is None:
                alike.append(column)
            else:
                found[column.name] = (known.name,)
    return found


def _says_the_same(one: Cells, other: Cells) -> bool:
    """Return whether columns that go together one to one say the same of a row.

    Two amounts of many values, such as a station's latitude and longitude, are one column only if
    each grows or falls with the other.
    """
    if one.sort != "numbers" or other.sort != "numbers":
        return True
    values, ranks = np.unique(one.values, return_inverse=True)
    if len(values) < AMOUNTS_FROM:
        return True
    others = np.unique(other.values, return_inverse=True)[1]
    return np.array_equal(ranks, others) or np.array_equal(ranks, len(values) - 1 - others)


def _whole(column: Cells) -> NDArray[np.generic]:
    return column.whole(None if column.values.dtype == object else np.nan)


def _numbered(values: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return values by the order in which they first come: 0, 1, 0, 2, ..."""
    if values.dtype == object:
        places: dict[object, int] = {}
        return np.array([places.setdefault(value, len(places)) for value in values], np.intp)
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _sums(columns: Sequence[Cells], rows: NDArray[np.intp]) -> dict[str, tuple[str, ...]]:
    if len(rows) < len(columns) + BEYOND:
        return {}
    table = np.full((len(rows), len(columns)), np.nan)
    for place, column in enumerate(columns):
        table[:, place] = column.whole(np.nan)[rows]
    # A row that stands there often says no more of a sum than once.
    table = np.unique(table[~np.isnan(table).any(axis=1)], axis=0)
    if len(table) < len(columns) + BEYOND:
        return {}
    largest = np.abs(table).max(axis=0)
    table = table / np.where(largest > 0, largest, 1.0)
    away = table - table.mean(axis=0)
    width = np.sqrt((away**2).sum(axis=0))
    away = away / np.where(width > 0, width, 1.0)
    kept, basis, found = [], np.empty((len(table), 0)), {}
    for place in np.flatnonzero(width > 0).tolist():
        rest = away[:, place] - basis @ (basis.T @ away[:, place])
        rest -= basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        # Digits that deviations from a far mean have lost are no difference.
        if left > ROUNDING / min(1.0, float(width[place])):
            kept.append(place)
            basis = np.column_stack((basis, rest / left))
            continue
        parts = np.linalg.lstsq(away[:, kept], away[:, place], rcond=None)[0]
        found[columns[place].name] = tuple(
            columns[own].name for own, part in zip(kept, parts, strict=True) if abs(part) > PART
        )
    return found
