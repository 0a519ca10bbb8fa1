"""Checks at the door: each says what is wrong, where, and what to try."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.blocks import RowSource, blocks_of
from mixtura.errors import DataError, ParameterError

__all__ = [
    "check_enough_rows",
    "check_finite",
    "check_memory",
    "check_names",
    "check_normal",
    "check_observed",
    "check_squares",
    "check_varying",
    "check_within_reach",
    "column_label",
    "machine_memory",
    "name_or_place",
    "row_weights",
    "words_of_held_up",
    "words_of_one_value",
]

Float = NDArray[np.float64]

# Of columns, some of which may have numbers only.
Names = Sequence[str | int] | None

LISTED = 5

# In units of a column's spread; squares of deviations are squared again on the way to moments.
FARTHEST = 1e100

REMEDY = "drop it, or set constant='drop', or give reg_covar a number"


def name_or_place(names: Names, column: int) -> str | int:
    """Return what a column is called, or where it stands."""
    return column if names is None else names[column]


def column_label(names: Names, column: int) -> str:
    """Return how an error names a column."""
    called = name_or_place(names, column)
    return f"column '{called}'" if isinstance(called, str) else f"column {called}"


def check_finite(
    rows: NDArray[Any], names: Names = None, *, gaps: bool = False, advice: str = ""
) -> None:
    """Raise `DataError` naming the first column and row that hold NaN or infinity.

    Parameters
    ----------
    gaps : let NaN through
    advice : what else may be done about NaN
    """
    # One sum decides for good data; a finite array whose sum overflows is looked at in full.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(rows.sum(dtype=np.float64)):
            return
    finite = ~np.isinf(rows) if gaps else np.isfinite(rows)
    if finite.all():
        return
    column = int(np.flatnonzero(~finite.all(axis=0))[0])
    row = int(np.flatnonzero(~finite[:, column])[0])
    nan = np.isnan(rows[row, column])
    what = "NaN" if nan else "infinity"
    count = int((~finite).sum())
    raise DataError(
        f"{column_label(names, column)} holds {what} at row {row} (counted from 0); "
        f"{count} cell(s) are NaN or infinity (inf) in all. Drop those rows, or fill the cells"
        f"{advice if nan else ''}"
    )


def check_within_reach(source: RowSource, names: Names, middle: Float, spread: Float) -> None:
    """Raise `DataError` naming the first cell so far out that its square is no number.

    Parameters
    ----------
    middle, spread : (D,) of the columns
    """
    before = 0
    for block in blocks_of(source):
        # Halves, as a difference may be beyond the floats too.
        far = np.abs(block.rows / 2 - middle / 2) / FARTHEST > spread
        if far.any():
            row, column = map(int, np.argwhere(far)[0])
            raise DataError(
                f"{column_label(names, column)} holds {block.rows[row, column]:g} at row "
                f"{before + row} (counted from 0) of those fitted, so far from all others that its "
                "square is beyond numbers; drop the row, or mend the cell"
            )
        before += len(block.rows)


def check_observed(rows: NDArray[Any], names: Names = None) -> None:
    """Raise `DataError` naming columns of which every cell is NaN."""
    empty = np.flatnonzero(np.isnan(rows).all(axis=0))
    if empty.size:
        raise DataError(f"{column_label(names, int(empty[0]))} is missing in every row; drop it")


def check_normal(deviations: Float, names: Names = None) -> None:
    """Raise `DataError` naming columns so narrow that floats have no digits left there.

    Parameters
    ----------
    deviations : (D,) of the columns; 0 where one has no width
    """
    narrow = np.flatnonzero((deviations > 0) & (deviations < np.finfo(np.float64).tiny))
    if narrow.size:
        raise DataError(
            f"{_labels(narrow, names)}: the values differ by less than 2e-308, where numbers have "
            "no digits left; multiply by a power of ten"
        )


def check_squares(deviations: Float, names: Names = None) -> None:
    """Raise `DataError` naming columns whose variances are beyond what numbers reach.

    Parameters
    ----------
    deviations : (D,) of the columns; 0 where one has no width
    """
    wrong = np.flatnonzero((deviations > 0) & ((deviations < 1e-145) | (deviations > 1e150)))
    if wrong.size:
        raise DataError(
            f"{_labels(wrong, names)}: the values differ by less than 1e-145, or by more than "
            "1e150, where variances are beyond numbers; multiply by a power of ten"
        )


def words_of_one_value(low: Float, high: Float, names: Names = None) -> list[str]:
    """Return what is said of columns whose lowest (D,) and highest cells are one value."""
    constant = np.flatnonzero(low == high)
    if not constant.size:
        return []
    values = ", ".join(f"{value:g}" for value in dict.fromkeys(low[constant].tolist()[:LISTED]))
    each = "" if len(constant) == 1 else " each"
    return [
        f"{_labels(constant, names)}: all rows hold one value{each} ({values}), which tells no "
        "components apart; drop what is not needed"
    ]


def _labels(columns: NDArray[np.intp], names: Names) -> str:
    listed = ", ".join(column_label(names, int(column)) for column in columns[:LISTED])
    return listed if len(columns) <= LISTED else f"{listed} and {len(columns) - LISTED} more"


def check_varying(deviations: Float, names: Names = None, advice: str = REMEDY) -> None:
    """Raise `DataError` naming columns whose standard deviation (D,) is zero.

    Parameters
    ----------
    advice : what to try
    """
    constant = np.flatnonzero(deviations == 0)
    if constant.size:
        raise DataError(
            f"{_labels(constant, names)}: all rows hold one value, so no density has a width "
            f"there; {advice}"
        )
    check_normal(deviations, names)


def words_of_held_up(deviations: Float, names: Names = None) -> list[str]:
    """Return what is said of columns without a width that a number added to variances holds up."""
    constant = np.flatnonzero(deviations == 0)
    if not constant.size:
        return []
    return [
        f"{_labels(constant, names)}: all rows hold one value, and reg_covar alone gives densities "
        "a width there; drop it, or set constant='drop'"
    ]


def row_weights(
    weights: ArrayLike | None, n_rows: int, called: str = "sample_weight"
) -> Float | None:
    """Return row weights (N,) as float64, or None where every row counts once.

    Parameters
    ----------
    called : what an error calls them

    Raises
    ------
    DataError
        Where a weight is negative or not finite, all are zero, or there are too few or many.
    """
    if weights is None:
        return None
    masked = isinstance(weights, np.ma.MaskedArray) and np.flatnonzero(weights.mask)
    if isinstance(masked, np.ndarray) and masked.size:
        row = int(masked[0])
        raise DataError(f"{called} of row {row} is masked; weights must be numbers from 0 up")
    given = np.asarray(weights)
    if given.dtype.kind in "cUSmM":
        shown = next(iter(given.ravel()[:1].tolist()), "nothing")
        raise DataError(
            f"{called} holds {given.dtype}, the first {shown!r}; give one number from 0 up "
            "for each row"
        )
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{called}: {error}; give one number for each row") from error
    if array.ndim == 0:
        array = np.full(n_rows, float(array))
    if array.ndim != 1:
        raise DataError(f"Sample weights must be 1D array or scalar, got {array.ndim} dimensions")
    if len(array) != n_rows:
        raise DataError(
            f"{called}.shape == {array.shape}, expected {(n_rows,)}: one weight for each row"
        )
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(f"{called} of row {row} is {array[row]}; weights must be numbers from 0 up")
    if not array.any():
        raise DataError(f"{called} is zero for every row; give some rows a positive weight")
    with np.errstate(over="ignore"):
        if not np.isfinite(array.sum()):
            raise DataError(
                f"{called} adds up to more than floats hold; divide all weights by one number"
            )
    return array


def check_enough_rows(n_rows: int, n_components: int) -> None:
    """Raise `DataError` if there are fewer rows than components."""
    if n_rows < n_components:
        raise DataError(
            f"Expected n_samples >= n_components but got n_components = {n_components}, "
            f"n_samples = {n_rows} (rows of weight zero left out); use fewer components"
        )


def check_memory(
    n_bytes: int, what: str, advice: str = "use fewer components or a simpler covariance structure"
) -> None:
    """Raise `ParameterError` if `n_bytes` are more than this machine's memory."""
    memory = machine_memory()
    if n_bytes > memory:
        raise ParameterError(
            f"{what} would take about {n_bytes / 2**30:,.0f} GiB, and this machine has "
            f"{memory / 2**30:,.0f} GiB; {advice}"
        )


def machine_memory() -> int:
    """Return the bytes of memory that this machine has, or 64 GiB where it does not say."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**36


def check_names(given: Names, fitted: Names) -> None:
    """Raise `DataError` if the columns given are not those fitted, in their order."""
    if given is None or fitted is None or tuple(given) == tuple(fitted):
        return
    unseen = sorted(map(str, set(given) - set(fitted)))
    missing = sorted(map(str, set(fitted) - set(given)))
    lines = ["The feature names should match those that were passed during fit."]
    if unseen:
        lines += ["Feature names unseen at fit time:", *_listed(unseen)]
    if missing:
        lines += ["Feature names seen at fit time, yet now missing:", *_listed(missing)]
    if not unseen and not missing:
        lines.append("Feature names must be in the same order as they were in fit.")
        lines.append("Pass X[model.feature_names_in_], which takes them by name.")
    raise DataError("\n".join(lines) + "\n")


def _listed(names: list[str]) -> list[str]:
    shown = [f"- {name}" for name in names[:LISTED]]
    return shown if len(names) <= LISTED else [*shown, "- ..."]
