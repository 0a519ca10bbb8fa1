"""Columns of a table as the rows that a mixture reads, and rows as columns again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.data.categories import columns_of
from mixtura.data.checks import Names, check_finite, column_label, name_or_place
from mixtura.data.counts import (
    canonical,
    check_amounts,
    check_binary,
    check_counts,
    check_most,
    check_positive,
    check_shares,
)
from mixtura.data.levels import codes_of
from mixtura.data.plain import numbers_of_column
from mixtura.data.sparse_checks import checked_sparse, refuse_sparse
from mixtura.errors import DataError, ParameterError
from mixtura.kinds import ColumnKind

__all__ = [
    "AS_IT_COMES",
    "Reading",
    "check_cells",
    "decoded",
    "decoded_rows",
    "encoded",
    "rows_of_table",
]

Float = NDArray[np.float64]

REMEDY = "mend the cell, or let the column be a categorical one"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table becomes rows of numbers, as it did in a fit.

    Attributes
    ----------
    unknown : "error", or "ignore" to count a category that the fit did not see as missing
    missing : "error", or "marginal" to let numbers be NaN, in rows that count by their others
    places : where the columns (D,) stand in a table without names; None for one after the other
    """

    unknown: str = "error"
    missing: str = "marginal"
    places: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Raise `ParameterError` for a rule that there is not."""
        for name, other in (("unknown", "ignore"), ("missing", "marginal")):
            if (said := getattr(self, name)) not in ("error", other):
                raise ParameterError(f"{name} should be 'error' or '{other}', but got {said!r}")

    def but(self, unknown: str | None, missing: str | None) -> "Reading":
        """Return the same with other rules, None for one that stays."""
        return Reading(unknown or self.unknown, missing or self.missing, self.places)

    @property
    def order(self) -> NDArray[np.intp] | None:
        """Return which column (D,) comes first, second, ... in the table; None as it comes."""
        return None if self.places is None else np.argsort(self.places)


AS_IT_COMES = Reading()


def rows_of_table(
    data: Any, kinds: Sequence[ColumnKind], names: Names, rules: Reading
) -> NDArray[Any]:
    """Return rows (N, D) as `encoded` does, the columns of a frame found by name.

    Parameters
    ----------
    data : data frame of any library, array, list of rows, or sparse rows of counts or yes-or-no
    kinds : of the columns
    names : of the columns, or None
    rules : how missing cells and unknown categories are read

    Raises
    ------
    DataError
        Naming a column that is missing, or the first cell that cannot be used.
    """
    if issparse(data):
        return _sparse_rows(data, kinds, names)
    columns, given = columns_of(data)
    if given is not None and names is not None:
        found: dict[Any, Any] = dict(zip(given, columns, strict=True))
        lacking = [name for name in names if name not in found]
        if lacking:
            raise DataError(f"X lacks the column '{lacking[0]}', on which the fit was made")
        columns = [found[name] for name in names]
    elif rules.places is None and len(columns) != len(kinds):
        raise DataError(f"X has {len(columns)} columns, and the fit had {len(kinds)}")
    elif rules.places is not None:
        if max(rules.places) >= len(columns):
            raise DataError(f"X has {len(columns)} columns, and the fit used more")
        columns = [columns[place] for place in rules.places]
    ignore, gaps = rules.unknown == "ignore", rules.missing == "marginal"
    return encoded(columns, kinds, names or given, ignore=ignore, gaps=gaps)


def _sparse_rows(data: Any, kinds: Sequence[ColumnKind], names: Names) -> Any:
    if not {kind.name for kind in kinds} <= {"count", "draws", "binary"}:
        refuse_sparse(data)
    rows = canonical(checked_sparse(data))
    if data.shape[1] != len(kinds):
        raise DataError(f"X has {data.shape[1]} columns, and the fit had {len(kinds)}")
    check_cells(rows, kinds, names, gaps=False)
    return rows


def decoded_rows(rows: NDArray[Any], kinds: Sequence[ColumnKind]) -> NDArray[Any]:
    """Return rows (N, D) with categories by value, as objects where there are any."""
    if not any(kind.name == "category" for kind in kinds):
        return rows
    table = np.empty(rows.shape, dtype=object)
    for place, column in enumerate(decoded(rows, kinds)):
        # Cell by cell: a value that is a sequence would be taken for several.
        for row, value in enumerate(column):
            table[row, place] = value
    return table


def encoded(
    columns: Sequence[Any],
    kinds: Sequence[ColumnKind],
    names: Names = None,
    *,
    ignore: bool = False,
    gaps: bool = False,
) -> NDArray[Any]:
    """Return rows (N, D): numbers as they are, and for a category the number of its label.

    A missing category is -1, any other missing cell NaN. The rows are int32 where all columns are
    categories.

    Parameters
    ----------
    columns : D of them, each with N cells
    kinds : of the columns
    names : of the columns, for errors
    ignore : count a category that has no label as missing
    gaps : let numbers, counts and amounts be missing; a yes-or-no or category always may

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
            rows[:, place] = numbers_of_column(column, column_label(names, place), REMEDY)
    check_cells(rows, kinds, names, gaps=gaps)
    return rows


def check_cells(
    rows: Any, kinds: Sequence[ColumnKind], names: Names, *, gaps: bool, advice: str = ""
) -> None:
    """Raise `DataError` naming the first cell of rows (N, D), dense or CSR, not of its kind.

    Parameters
    ----------
    gaps : let numbers, counts and amounts be missing; a yes-or-no or category always may
    advice : what else may be done about a missing cell
    """
    for kind in dict.fromkeys(kinds):
        check = CHECKS.get(kind.name)
        if check is None:
            continue
        places = [place for place, own in enumerate(kinds) if own == kind]
        block = rows if len(places) == len(kinds) else rows[:, places]
        called = [name_or_place(names, place) for place in places]
        if kind.may_be_missing:
            check(block, called, gaps=gaps, advice=advice)
        else:
            check(block, called)
        if isfinite(kind.most):
            check_most(block, kind.most, called)


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
    if kind.name not in ("binary", "count", "draws"):
        return column
    if np.isnan(column).any():
        return [None if np.isnan(cell) else int(cell) for cell in column.tolist()]
    return column.astype(np.int64)


def _check_exposures(block: Float, names: Names) -> None:
    for place, values in enumerate(block.T):
        check_positive(values, f"the exposure, {column_label(names, place)},")


def _check_binary(block: Any, names: Names, **rules: Any) -> None:
    check_binary(block, names)


# What says whether cells (N, D) of a kind are of it, with the names of their columns.
CHECKS: dict[str, Callable[..., None]] = {
    "number": check_finite,
    "count": check_counts,
    "draws": check_counts,
    "binary": _check_binary,
    "exposure": _check_exposures,
    "positive": check_amounts,
    "share": check_shares,
}
