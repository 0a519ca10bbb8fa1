"""The M-step of covariances: by compiled code wherever that answers, and else by the structure."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.catalogue import structure as known_as
from mixtura.components.gaussian.structures.floor import floored
from mixtura.components.gaussian.structures.structure import Structure
from mixtura.native.updates import CODES, native_update

__all__ = ["COMMON_AXES", "maximised", "shared_axes"]

Float = NDArray[np.float64]

GOLDEN_RATIO = (1 + 5**0.5) / 2
COMMON_AXES = ("EVE", "VVE")


def maximised(
    structure: Structure,
    scatter: Float,
    rows: Float,
    previous: Float | None,
    floor: Float | None,
) -> Float:
    """Return the factors of precisions that maximise the M-step's objective above a floor, if any.

    Parameters
    ----------
    structure : the covariance structure
    scatter : float64, as `Structure.features` says: (K, D, D), (K, D), (D, D) or (D,)
    rows : (K,) float64, effective rows
    previous : factors of the same structure, or None
    floor : (D,) float64, the least variances, zero where a column has none; or None

    Returns
    -------
    (K,), (K, D) or (K, D, D) float64

    Raises
    ------
    ParameterError
        Naming the component whose covariance is singular.
    """
    factors = compiled(structure, scatter, rows, previous, floor)
    if factors is not None:
        return factors
    if floor is not None:
        return floored(structure, scatter, rows, previous, floor)
    return structure.update(scatter, rows, previous if structure.iterative else None)


def compiled(
    structure: Structure,
    scatter: Float,
    rows: Float,
    previous: Float | None,
    floor: Float | None,
) -> Float | None:
    """Return what `maximised` does, or None where compiled code does not know or answer it."""
    code = structure.code
    if code not in CODES:
        return None
    known = known_as(code)
    if structure.features != known.features:
        # The components that share a covariance have a scatter each beside noise.
        scatter, structure = scatter.sum(axis=0), known
    if structure != known:
        return None
    axes = None
    if previous is not None and code in COMMON_AXES:
        axes = np.ascontiguousarray(shared_axes(previous))
    return native_update(code, scatter, rows, previous, axes, floor)


def shared_axes(factors: Float) -> Float:
    """Return axes (D, D) that all precisions U_k U_kᵀ of factors (K, D, D) share.

    Irregular multiples of them hardly ever add up to a matrix with equal eigenvalues.
    """
    multiples = 1.0 + (GOLDEN_RATIO * np.arange(len(factors))) % 1.0
    sizes = np.einsum("kij,kij->k", factors, factors)
    halves = factors * np.sqrt(multiples / sizes)[:, None, None]
    return np.linalg.eigh(np.einsum("kil,kjl->ij", halves, halves))[1]
