"""What a user gives of terms, responses, offsets and groups, checked: cells."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import column_or_1d

from mixtura.components.regression.responses import Response
from mixtura.data.checks import row_weights
from mixtura.data.labels import numbered_labels
from mixtura.errors import DataError

__all__ = ["Beside", "Cells", "cells_of", "offsets_of"]

Float = NDArray[np.float64]

# Responses whose squares have digits: losses of Gaussian ones are squares, and gamma ones alike.
SMALLEST, LARGEST = 1e-150, 1e150


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What is given beside X and y, as `MixtureRegressor.fit` takes it."""

    groups: ArrayLike | None = None
    offset: ArrayLike | None = None
    exposure: ArrayLike | None = None
    sample_weight: ArrayLike | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What is given, cell by cell.

    Attributes
    ----------
    y, size, offset, weights : (N,)
    design : (N, p)
    terms : names of the p terms
    groups : (N,) numbers from 0 up of who a cell is of, or None where each is of its own
    """

    y: Float
    size: Float
    offset: Float
    weights: Float
    design: Float
    terms: tuple[str, ...]
    groups: NDArray[np.intp] | None = None


def cells_of(
    design: Float, terms: tuple[str, ...], response: Response, y: Any, beside: Beside
) -> Cells:
    """Return what is given, checked.

    Parameters
    ----------
    design : (N, p), checked
    terms : names of its columns

    Raises
    ------
    DataError
        Naming what cannot be used, and its row.
    """
    n_rows = len(design)
    values, size = checked_response(y, response, n_rows)
    weights = row_weights(beside.sample_weight, n_rows)
    numbers = None
    if beside.groups is not None:
        numbers = _numbered(beside.groups, n_rows)
    return Cells(
        values,
        size,
        offsets_of(beside.offset, beside.exposure, n_rows),
        np.ones(n_rows) if weights is None else weights,
        design,
        terms,
        numbers,
    )


def _numbered(groups: ArrayLike, n_rows: int) -> NDArray[np.intp]:
    """Return numbers (N,) from 0 up of who a row is of.

    Raises
    ------
    DataError
        If there is not one label for each row, or labels have no order.
    """
    labels = np.asarray(groups)
    if labels.shape != (n_rows,):
        raise DataError(f"groups has the shape {labels.shape}; give one label for each row")
    return numbered_labels("groups", labels)[1]


def checked_response(y: Any, response: Response, n_rows: int) -> tuple[Float, Float]:
    """Return responses and trials (N,).

    Raises
    ------
    DataError
        Naming the row of the first response that there cannot be.
    """
    if y is None:
        raise DataError("a regressor requires y to be passed, but the target y is None")
    try:
        given = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y should hold numbers: {error}") from error
    if given.ndim == 2 and given.shape[1] == 1:
        given = column_or_1d(given, warn=True)
    pairs = given.ndim == 2 and given.shape[1] == 2 and response.name == "binomial"
    if given.ndim != 1 and not pairs:
        raise DataError(
            f"y has the shape {given.shape}; give one response for each row"
            + (", or successes and failures side by side" if response.name == "binomial" else "")
        )
    if len(given) != n_rows:
        raise DataError(f"y has {len(given)} responses, and X has {n_rows} rows; give one each")
    table = given.reshape(len(given), -1)
    _refuse(~np.isfinite(table), given, "is no finite number")
    values, size = (given[:, 0], given.sum(axis=1)) if pairs else (given, np.ones(n_rows))
    if response.name in ("poisson", "binomial"):
        wrong = (table < 0) | (table != np.floor(table))
        _refuse(wrong, given, "is no count; counts are whole numbers from 0 up")
    if response.name == "binomial":
        _refuse(values > size, given, "is neither 0 nor 1; give successes and failures as (N, 2)")
        _refuse(size == 0, given, "has no trial; leave the row out")
    if response.name == "gamma":
        _refuse(values <= 0, given, "is not above 0; a gamma has no such response")
        _refuse(values < SMALLEST, given, f"is below {SMALLEST}; multiply y by a power of ten")
    if response.has_precision:
        _refuse(np.abs(values) > LARGEST, given, f"is beyond {LARGEST}; divide y by a power of ten")
    return values, size


def _refuse(wrong: NDArray[np.bool_], values: Float, why: str) -> None:
    places = np.argwhere(wrong)
    if len(places):
        row = int(places[0, 0])
        raise DataError(f"y at row {row} (counted from 0) is {values[row].tolist()}, which {why}")


def offsets_of(offset: ArrayLike | None, exposure: ArrayLike | None, n_rows: int) -> Float:
    """Return what is added to linear predictors (N,): an offset and the log of an exposure.

    Raises
    ------
    DataError
        If there is not one finite number for each row, or an exposure is not above 0.
    """
    found = np.zeros(n_rows)
    for name, given in (("offset", offset), ("exposure", exposure)):
        if given is None:
            continue
        try:
            array = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{name} should hold numbers, such as a column of a frame and not its name: {error}"
            ) from error
        if array.shape not in ((), (n_rows,)):
            raise DataError(
                f"{name} has the shape {array.shape}; give one number, or one for each of the "
                f"{n_rows} rows"
            )
        values = np.broadcast_to(array, (n_rows,))
        wrong = ~np.isfinite(values) | ((values <= 0) if name == "exposure" else False)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(f"{name} at row {row} (counted from 0) is {values[row]}")
        found = found + (np.log(values) if name == "exposure" else values)
    return found
