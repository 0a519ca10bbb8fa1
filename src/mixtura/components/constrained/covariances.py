"""Covariances that a user holds: read in the shapes of the fitted ones, and factorised."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import refined_precision_factors
from mixtura.components.gaussian.structures.structure import Structure
from mixtura.errors import ParameterError

__all__ = ["factors_held", "held_covariances"]

Float = NDArray[np.float64]


def held_covariances(given: Any, form: Structure, n_components: int, width: int) -> Float:
    """Return the entries (K, E) of covariances on and above the diagonal, or variances.

    Parameters
    ----------
    given : as the user says them, NaN or None where free
    form : the structure, by which they have a shape
    n_components, width : K and D

    Raises
    ------
    ParameterError
        If they have another shape.
    """
    storage = form.storage
    shapes = {"spherical": (n_components,), "diagonal": (n_components, width)}
    full = (n_components, width, width)
    array = _read(given, shapes.get(storage, full), full)
    if array is None and form.shares_covariance:
        array = _read(given, (width, width), (width, width))
        array = None if array is None else np.repeat(array[None], n_components, axis=0)
    if array is None:
        own = f"{shapes[storage]} or {full}" if storage in shapes else str(full)
        got = given.shape if isinstance(given, np.ndarray) else repr(given)
        raise ParameterError(
            f"fix should hold covariances whole, in the shape {own}, NaN (or None for a "
            f"component) where free, but got {got}"
        )
    if array.ndim == 1:
        array = np.repeat(array[:, None], width, axis=1)
    if array.ndim == 3 and storage != "full":
        beside = array * (1.0 - np.eye(width))
        if (beside > 0).any() or (beside < 0).any():
            raise ParameterError(
                f"fix holds covariances beside the diagonal, and {form.code} "
                "has none; use covariance_type='full'"
            )
        array = np.diagonal(array, axis1=1, axis2=2)
    if storage != "full":
        return array
    if not np.allclose(array, array.transpose(0, 2, 1), rtol=1e-9, atol=0, equal_nan=True):
        raise ParameterError("fix holds covariances that are not symmetric")
    left, right = np.triu_indices(width)
    return array[:, left, right]


def factors_held(values: Float, storage: str, width: int) -> Float:
    """Return the factors of the precisions of covariances whose entries (K', E) are held.

    Raises
    ------
    ParameterError
        If one of them is no covariance, or singular.
    """
    if storage == "full":
        left, right = np.triu_indices(width)
        matrices = np.empty((len(values), width, width))
        matrices[:, left, right] = matrices[:, right, left] = values
        try:
            _check_widths(matrices)
            return refined_precision_factors(matrices) if len(matrices) else matrices
        except ParameterError as error:
            raise ParameterError(f"fix holds a covariance that cannot be: {error}") from error
    if not (values > 0).all():
        raise ParameterError("fix holds a variance that is not positive")
    factors = 1.0 / np.sqrt(values)
    if storage == "diagonal":
        return factors
    if np.ptp(factors, axis=1).any():
        raise ParameterError("fix holds variances that differ between columns of a sphere")
    return factors[:, 0]


def _check_widths(matrices: Float) -> None:
    """Raise `ParameterError` for a covariance that is singular to its last digits."""
    for matrix in matrices:
        variances = np.diagonal(matrix)
        if (variances <= 0).any():
            # What is no covariance at all is told by its factors.
            continue
        deviations = np.sqrt(variances)
        least = np.linalg.eigvalsh(matrix / deviations[:, None] / deviations)[0]
        if abs(least) <= 4 * len(matrix) * np.finfo(float).eps:
            raise ParameterError(
                f"{matrix.tolist()} is singular to its last digits, so some columns would be "
                "determined by others"
            )


def _read(given: Any, *shapes: tuple[int, ...]) -> Float | None:
    """Return an array of one of the shapes, NaN where nothing or None is given; else None."""
    if isinstance(given, (list, tuple)) and any(one is None for one in given):
        inner = [shape[1:] for shape in shapes]
        told = [_read(one, *inner) for one in given if one is not None]
        parts = [part for part in told if part is not None]
        if len({part.shape for part in parts}) != 1:
            return None
        nothing = np.full(parts[0].shape, np.nan)
        given = [nothing if one is None else one for one in given]
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.shape in shapes else None
