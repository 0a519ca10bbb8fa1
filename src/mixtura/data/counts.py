"""Checks of counts, dense or sparse, of zeros and ones, and of amounts: each names a cell."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mixtura.data.checks import Names, column_label
from mixtura.data.sparse import CsrRows
from mixtura.errors import DataError
from mixtura.kinds import SMALLEST_AMOUNT

__all__ = [
    "canonical",
    "check_amounts",
    "check_binary",
    "check_counts",
    "check_most",
    "check_positive",
    "check_shares",
    "row_totals",
]

Float = NDArray[np.float64]

# Where fewer cells of a column than this are no shares, they are what is wrong, and not its unit.
FEW = 0.1


def canonical(rows: Any) -> Any:
    """Return sparse rows in float64 with sorted columns and no stored zero or repeated entry."""
    rows = CsrRows(rows.astype(np.float64, copy=False))
    if not rows.has_canonical_format or not rows.data.all():
        rows = rows.copy()
        rows.sum_duplicates()
        rows.eliminate_zeros()
    return rows


def check_counts(rows: Any, names: Names = None, *, gaps: bool = False, advice: str = "") -> None:
    """Raise `DataError` naming the first cell that is no whole number from 0 up.

    Parameters
    ----------
    rows : (N, D) float64 array or CSR
    gaps : let NaN through where rows are dense
    advice : what else may be done about NaN
    """
    values = rows.data if sparse.issparse(rows) else rows
    with np.errstate(invalid="ignore"):
        wrong = ~((values >= 0) & (values == np.floor(values)) & np.isfinite(values))
    if gaps and not sparse.issparse(rows):
        wrong &= ~np.isnan(rows)
    if not wrong.any():
        return
    row, column, value = _first(rows, wrong)
    if np.isnan(value):
        what, advice = "NaN", f"drop such rows, or fill the cells{advice}"
    elif not np.isfinite(value):
        what, advice = "infinity", "mend the cell"
    elif value < 0:
        what, advice = f"{value:g}", "counts start at 0"
    else:
        what, advice = f"{value!r}", "round it, or use a density for amounts"
    raise DataError(
        f"{column_label(names, column)} holds {what} at row {row} (counted from 0), which is no "
        f"count; {int(wrong.sum())} cell(s) are none in all; {advice}"
    )


def check_most(rows: Any, most: float, names: Names = None) -> None:
    """Raise `DataError` naming the first cell that is more than there are trials."""
    values = rows.data if sparse.issparse(rows) else rows
    wrong = values > most
    if not wrong.any():
        return
    row, column, value = _first(rows, wrong)
    raise DataError(
        f"{column_label(names, column)} holds {value:g} at row {row} (counted from 0), more than "
        f"its {most:g} trials; {int(wrong.sum())} cell(s) are more in all; mend the cell, or fit "
        "with more trials"
    )


def check_binary(rows: Any, names: Names = None) -> None:
    """Raise `DataError` naming the first cell that is neither 0 nor 1 nor NaN."""
    values = rows.data if sparse.issparse(rows) else rows
    wrong = ~((values == 0) | (values == 1) | np.isnan(values))
    if not wrong.any():
        return
    row, column, value = _first(rows, wrong)
    raise DataError(
        f"{column_label(names, column)} holds {value:g} at row {row} (counted from 0), which is "
        f"neither 0 nor 1; {int(wrong.sum())} cell(s) are neither in all. Use MultinomialMixture "
        "or PoissonMixture for counts and CategoricalMixture for categories"
    )


def check_amounts(
    rows: Float, names: Names = None, *, gaps: bool = False, advice: str = ""
) -> None:
    """Raise `DataError` naming the first cell (N, D) that is no number above 0, or out of range.

    Parameters
    ----------
    gaps : let NaN through
    advice : what else may be done about NaN
    """
    wrong = ~((rows >= SMALLEST_AMOUNT) & (rows <= 1.0 / SMALLEST_AMOUNT))
    if gaps:
        wrong &= ~np.isnan(rows)
    if not wrong.any():
        return
    row, column, value = _first(rows, wrong)
    if value > 0 and np.isfinite(value):
        raise DataError(
            f"{column_label(names, column)} holds {value:g} at row {row} (counted from 0), and "
            f"amounts may be from {SMALLEST_AMOUNT:g} to {1 / SMALLEST_AMOUNT:g}; give the column "
            "in other units"
        )
    if value == 0:
        what = "0"
        advice = (
            "give what was rounded to 0 half a step of the column, or keep whether it is 0 as a "
            "column of its own"
        )
    elif np.isnan(value):
        what, advice = "NaN", f"drop such rows, or fill the cells{advice}"
    elif not np.isfinite(value):
        what, advice = "infinity", "mend the cell"
    else:
        what, advice = f"{value:g}", "subtract where the column begins, or use GaussianMixture"
    raise DataError(
        f"{column_label(names, column)} holds {what} at row {row} (counted from 0), which is no "
        f"amount above 0; {int(wrong.sum())} cell(s) are none in all; {advice}"
    )


def check_shares(rows: Float, names: Names = None, *, gaps: bool = False, advice: str = "") -> None:
    """Raise `DataError` naming the first cell (N, D) that is no number between 0 and 1.

    Parameters
    ----------
    gaps : let NaN through
    advice : what else may be done about NaN
    """
    wrong = ~((rows >= SMALLEST_AMOUNT) & (rows < 1.0))
    if gaps:
        wrong &= ~np.isnan(rows)
    if not wrong.any():
        return
    row, column, value = _first(rows, wrong)
    what, of_column = f"{value:g}", wrong[:, column].mean()
    if 0 < value < SMALLEST_AMOUNT:
        advice = f"shares may be from {SMALLEST_AMOUNT:g} up; fit their logarithms"
    elif 0 <= value <= 1:
        advice = (
            "give what was rounded to an end half a step of the column instead, or all cells x as "
            "(x (n - 1) + 0.5) / n of n rows (Smithson and Verkuilen 2006), or keep whether it is "
            "an end as a column of its own"
        )
    elif np.isnan(value):
        what, advice = "NaN", f"drop such rows, or fill the cells{advice}"
    elif not np.isfinite(value):
        what, advice = "infinity", "mend the cell"
    elif of_column < FEW:
        advice = "mend the cell, or make it missing (NaN) where it is a code for that"
    elif 1 < value <= 100:
        advice = "divide per cent by 100, or use GaussianMixture"
    elif value > 100:
        advice = "divide by what the shares are of, or use GaussianMixture"
    else:
        advice = "use GaussianMixture"
    raise DataError(
        f"{column_label(names, column)} holds {what} at row {row} (counted from 0), which is no "
        f"share between 0 and 1; {int(wrong.sum())} cell(s) are none in all; {advice}"
    )


def check_positive(values: Float, label: str) -> None:
    """Raise `DataError` naming the first of some exposures (N,) that is not above zero."""
    wrong = np.flatnonzero(~((values > 0) & np.isfinite(values)))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{label} holds {values[row]:g} at row {row} (counted from 0); exposures are finite "
            "numbers above 0"
        )


def row_totals(rows: Any) -> Float:
    """Return the sum of each row (N,), whether rows are dense or sparse."""
    return np.asarray(rows.sum(axis=1), dtype=np.float64).ravel()


def _first(rows: Any, wrong: NDArray[np.bool_]) -> tuple[int, int, float]:
    if not sparse.issparse(rows):
        row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
        return int(row), int(column), float(rows[row, column])
    place = int(wrong.argmax())
    row = int(np.searchsorted(rows.indptr, place, side="right")) - 1
    return row, int(rows.indices[place]), float(rows.data[place])
