"""What a user says of the errors that rows were measured with, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.measured.layout import Layout
from mixtura.data.checks import check_finite, column_label
from mixtura.data.frames import frame_names, is_frame, numbers_of_frame, picked
from mixtura.data.plain import is_missing, plain_table
from mixtura.errors import DataError

__all__ = ["Measurements", "check_measured", "measured"]

Float = NDArray[np.float64]
Names = Sequence[str] | None

# Of a correlation, what rounding may leave.
ROUNDED = 1e-8
# In units of a cell and its errors squared are beyond numbers soon.
LARGEST = 1e140
# Names that a sentence has of a frame's columns.
LISTED = 10


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Cells and errors of rows.

    Attributes
    ----------
    cells : (N, D) float64, 0 where not measured
    errors : (N, D) variances or (N, D, D) covariances, infinite where not measured
    """

    cells: Float
    errors: Float

    @property
    def layout(self) -> Layout:
        """Return how rows hold both."""
        return Layout(self.cells.shape[1], self.errors.ndim == 3)

    @property
    def rows(self) -> Float:
        """Return the rows (N, W) that a family reads."""
        return self.layout.joined(self.cells, self.errors)

    @property
    def covariances(self) -> Float:
        """Return the errors as (N, D, D)."""
        return self.layout.covariances(self.rows)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Return which cells (N, D) were measured."""
        return np.isfinite(self.layout.variances(self.rows))

    @property
    def has_errors(self) -> bool:
        """Return whether a cell that was measured has an error."""
        variances = self.layout.variances(self.rows)
        return bool((np.isfinite(variances) & (variances > 0)).any())

    def typical(self, weights: Float | None) -> Float:
        """Return the geometric mean (D,) of the variances of a column's cells, 0 where one is."""
        variances, seen = self.layout.variances(self.rows), self.seen
        counts = np.ones(len(seen)) if weights is None else weights
        with np.errstate(divide="ignore"):
            logs = np.log(np.where(seen, variances, 1.0))
        return np.exp(counts @ logs / np.maximum(counts @ seen, np.finfo(np.float64).tiny))


def measured(cells: NDArray[Any], covariance: ArrayLike | None, names: Names) -> Measurements:
    """Return rows and their errors, checked.

    Parameters
    ----------
    cells : (N, D) NaN where not measured
    covariance : (N, D) variances, (N, D, D) covariances, or None where there are no errors; a cell
        that a mask hides was not measured, and columns of a frame are taken by name

    Raises
    ------
    DataError
        Naming the first row whose errors have no such covariance.
    """
    given = np.asarray(cells, np.float64)
    check_finite(given, names, gaps=True)
    missing = np.isnan(given)
    shape = given.shape
    errors = np.zeros(shape) if covariance is None else _numbers(covariance, names)
    if errors.shape not in (shape, (*shape, shape[1])):
        raise DataError(
            f"covariance has the shape {errors.shape}, and X {shape}; give the variances of the "
            f"errors of each row, {shape}, or their covariances, {(*shape, shape[1])}"
        )
    _take_unknown(errors, missing)
    errors = _covariances(errors, names) if errors.ndim == 3 else _variances(errors, names)
    # Of covariances a view of the variances.
    variances = errors if errors.ndim == 2 else np.einsum("nii->ni", errors)
    variances[missing] = np.inf
    return Measurements(np.where(np.isinf(variances), 0.0, given), errors)


def check_measured(found: Measurements, names: Names) -> None:
    """Raise `DataError` naming a column of which no cell was measured."""
    empty = np.flatnonzero(~found.seen.any(axis=0))
    if empty.size:
        label = column_label(names, int(empty[0]))
        raise DataError(f"{label} was not measured in any row of weight; drop it")


def _take_unknown(errors: Float, missing: NDArray[np.bool_]) -> None:
    """Make the variance of a missing cell infinite where its errors are not known either."""
    unknown = np.isnan(errors)
    if errors.ndim == 2:
        errors[unknown & missing] = np.inf
        return
    rows, columns = np.nonzero((unknown.any(axis=1) | unknown.any(axis=2)) & missing)
    errors[rows, columns, columns] = np.inf


def _numbers(covariance: Any, names: Names) -> Float:
    """Return errors as numbers, NaN where one is missing and infinite where a mask hides it.

    Raises
    ------
    DataError
        If they are none, or a frame's columns have other names than those of X.
    """
    table = plain_table(covariance, "covariance")
    if isinstance(covariance, np.ma.MaskedArray):
        shown = ~np.ma.getmaskarray(covariance)
        found = np.full(covariance.shape, np.inf)
        found[shown] = _floats(covariance.data[shown])
        return found
    return _of_frame(table, names) if is_frame(table) else _floats(table)


def _of_frame(frame: Any, names: Names) -> Float:
    own = frame_names(frame)
    if own is not None and names is not None and own != tuple(names):
        if sorted(own) != sorted(names):
            raise DataError(
                f"covariance has the columns {_listed(own)}, and X {_listed(names)}; name those of "
                "the errors as those of X, or give an array in the order of X, such as "
                "covariance.to_numpy()"
            )
        frame = picked(frame, names)
    try:
        return numbers_of_frame(frame)[0].astype(np.float64, copy=False)
    except DataError as error:
        raise DataError(f"covariance should hold numbers: {error}") from error


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown}, ..."


def _floats(values: Any) -> Float:
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError):
        cells = np.array(values, object)
    for place, value in np.ndenumerate(cells):
        if is_missing(value):
            cells[place] = np.nan
    try:
        return cells.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"covariance should hold numbers: {error}") from error


def _variances(errors: Float, names: Names) -> Float:
    wrong = ~(errors >= 0) | ((errors > LARGEST) & np.isfinite(errors))
    if wrong.any():
        row, column = map(int, np.argwhere(wrong)[0])
        _refuse(errors[row, column], row, column, names)
    return errors


def _refuse(value: float, row: int, column: int, names: Names) -> None:
    where = f"covariance of {column_label(names, column)} at row {row} (counted from 0)"
    if value > LARGEST:
        raise DataError(
            f"{where} is {value:g}, beyond {LARGEST:g}; give infinity (inf) where a cell says "
            "nothing"
        )
    raise DataError(
        f"{where} is {value:g}; a variance is a number from 0 up, or infinity (inf) where a cell "
        "was not measured"
    )


def _covariances(errors: Float, names: Names) -> Float:
    """Return covariances (N, D, D), zero beside an infinite variance.

    Raises
    ------
    DataError
        Naming the first row whose matrix is not symmetric and positive semidefinite.
    """
    variances = _variances(np.diagonal(errors, axis1=1, axis2=2), names)
    seen = np.isfinite(variances)
    both = seen[:, :, None] & seen[:, None, :]
    unit = np.eye(errors.shape[1], dtype=bool)
    with np.errstate(invalid="ignore"):
        found = np.where(both | unit, errors, 0.0)
    inside = np.where(both, found, 0.0)
    sizes = np.sqrt(np.where(seen & (variances > 0), variances, 1.0))
    scaled = inside / sizes[:, :, None] / sizes[:, None, :]
    finite = np.isfinite(scaled).all(axis=(1, 2))
    _refuse_matrix(~finite, "holds NaN or infinity off its diagonal")
    _refuse_matrix(np.abs(scaled - scaled.mT).max(axis=(1, 2)) > ROUNDED, "is not symmetric")
    least = np.linalg.eigvalsh(scaled)[:, 0]
    _refuse_matrix(
        least < -ROUNDED * errors.shape[1],
        "is not positive semidefinite: a sum of columns would have a variance below 0",
    )
    return np.where(both, 0.5 * (inside + inside.mT), found)


def _refuse_matrix(wrong: Any, why: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        raise DataError(
            f"covariance at row {rows[0]} (counted from 0) {why}; mend it, or give variances (N, D)"
        )
