"""What a user says of the intervals that cells lie in, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.interval.layout import Layout
from mixtura.data.checks import check_finite, column_label
from mixtura.data.frames import frame_names, is_frame, picked
from mixtura.data.plain import is_missing, plain_table
from mixtura.errors import DataError
from mixtura.estimators.inputs import checked_rows

__all__ = ["Intervals", "check_known", "intervals_of"]

Float = NDArray[np.float64]
Names = Sequence[str] | None

# Squares of ends in units of a deviation are numbers up to this.
LARGEST = 1e140


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """The intervals that cells of rows lie in.

    Attributes
    ----------
    low, high : (N, D) ends; equal where a cell is known, infinite where one is open
    names : of the columns, or None
    """

    low: Float
    high: Float
    names: tuple[str, ...] | None

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Return which cells (N, D) are known exactly."""
        return self.low == self.high

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Return of which cells (N, D) nothing is known."""
        return np.isinf(self.low) & np.isinf(self.high)

    @property
    def has_intervals(self) -> bool:
        """Return whether a cell is neither known exactly nor missing."""
        return bool((~self.exact & ~self.missing).any())

    def taken(self, rows: NDArray[np.intp]) -> "Intervals":
        """Return the intervals of some rows."""
        return Intervals(self.low[rows], self.high[rows], self.names)

    def standing_at(self, places: Float) -> Float:
        """Return rows (N, 3 D) that a family reads, with places (N, D) for cells."""
        return Layout(self.low.shape[1]).joined(self.low, self.high, places)

    @property
    def middles(self) -> Float:
        """Return middles (N, D): the end where another is open, and 0 where both are."""
        low = np.where(np.isinf(self.low), self.high, self.low)
        high = np.where(np.isinf(self.high), self.low, self.high)
        low[self.missing] = high[self.missing] = 0.0
        return low + 0.5 * (high - low)


def intervals_of(X: Any, upper: Any, estimator: Any, *, least_rows: int = 1) -> Intervals:
    """Return rows as intervals, checked.

    Parameters
    ----------
    X : (N, D) lower ends, or cells; intervals of pandas among them have ends of their own
    upper : (N, D) upper ends; None where X has them, or cells are known exactly
    estimator : that asks, for errors to name

    Raises
    ------
    DataError
        Naming the first column and row that hold no interval.
    """
    parted = _parted(X)
    if parted is None:
        low, names = checked_rows(X, estimator, least_rows=least_rows, missing=True)
    elif upper is not None:
        raise DataError("X holds intervals, which have upper ends; leave 'upper' out")
    else:
        (low, upper), names = parted, frame_names(X) if is_frame(X) else None
    low = np.array(low, np.float64)
    if upper is None:
        check_finite(low, names, gaps=True)
        high = low.copy()
    else:
        high = _ends(upper, names, estimator)
    if high.shape != low.shape:
        raise DataError(
            f"upper has the shape {high.shape}, and X {low.shape}; give an upper end for each "
            "lower one, equal to it where a cell is known"
        )
    low[np.isnan(low)], high[np.isnan(high)] = -np.inf, np.inf
    _check_ordered(low, high, names)
    return Intervals(low, high, names)


def _ends(upper: Any, names: Names, estimator: Any) -> Float:
    """Return upper ends, columns by name where a frame has the same ones in another order."""
    table = plain_table(upper, "upper")
    if is_frame(table) and names is not None:
        own = frame_names(table)
        if own is not None and own != tuple(names):
            if sorted(own) == sorted(names):
                table = picked(table, names)
            elif shared := sorted(set(own) & set(names)):
                raise DataError(
                    f"upper has a column '{shared[0]}' as X has, and others that X has not; give "
                    "it the names of X, or others throughout for columns in the order of X"
                )
    return np.array(checked_rows(table, estimator, missing=True)[0], np.float64)


def _check_ordered(low: Float, high: Float, names: Names) -> None:
    with np.errstate(invalid="ignore"):
        wrong = ~(low <= high) | np.isposinf(low) | np.isneginf(high)
        wrong |= (np.abs(low) > LARGEST) & np.isfinite(low)
        wrong |= (np.abs(high) > LARGEST) & np.isfinite(high)
    if wrong.any():
        row, column = map(int, np.argwhere(wrong)[0])
        raise DataError(
            f"{column_label(names, column)} holds no interval at row {row} (counted from 0): from "
            f"{low[row, column]:g} to {high[row, column]:g}; the upper end is no less than the "
            f"lower one, and both are within {LARGEST:g}, or -inf and inf where open"
        )


def check_known(found: Intervals) -> None:
    """Raise `DataError` naming a column all of whose intervals have a value in common.

    A component of no width there would leave nothing to be explained.
    """
    alike = np.flatnonzero(found.low.max(axis=0) <= found.high.min(axis=0))
    if alike.size:
        label = column_label(found.names, int(alike[0]))
        raise DataError(
            f"{label}: all intervals of rows of weight have a value in common, so they say nothing "
            "of a width; drop it"
        )


def _parted(X: Any) -> tuple[Float, Float] | None:
    """Return the ends of intervals of pandas (N, D) among other numbers, or None without any."""
    columns = _columns(X)
    if columns is None or not any(_is_interval(cell) for column in columns for cell in column):
        return None
    ends = np.array([[_ends_of(cell) for cell in column] for column in columns], np.float64)
    return ends[:, :, 0].T, ends[:, :, 1].T


def _columns(X: Any) -> list[Any] | None:
    """Return columns whose cells may be intervals, or None."""
    if isinstance(X, np.ndarray):
        return list(X.T) if X.dtype == object and X.ndim == 2 else None
    if not (hasattr(X, "dtypes") and hasattr(X, "iloc") and getattr(X, "ndim", 0) == 2):
        return None
    kinds = [str(kind) for kind in X.dtypes]
    if not any(kind.startswith(("interval", "category", "object")) for kind in kinds):
        return None
    return [X.iloc[:, j].astype(object).tolist() for j in range(X.shape[1])]


def _is_interval(cell: Any) -> bool:
    return hasattr(cell, "left") and hasattr(cell, "right") and hasattr(cell, "closed")


def _ends_of(cell: Any) -> tuple[float, float]:
    if is_missing(cell):
        return np.nan, np.nan
    ends = (cell.left, cell.right) if _is_interval(cell) else (cell, cell)
    try:
        return float(ends[0]), float(ends[1])
    except (TypeError, ValueError):
        told = (
            "an interval whose ends are no numbers; turn dates and durations into numbers"
            if _is_interval(cell)
            else "which is neither an interval nor a number"
        )
        raise DataError(f"X holds {cell!r}, {told}") from None
