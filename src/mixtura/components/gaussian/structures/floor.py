"""Covariances that are nowhere narrower than the rounding of the columns: Σ_k ⪰ F.

Values rounded to a step h are known to h²/12: in second order the likelihood of their cells is that
of a density whose covariance is Σ - F, F = diag(h²/12), which has to be positive semidefinite. The
M-step above that (`native/floor.c`) is the structure's own with more scatter in those columns.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.compiled import compiled_update_above
from mixtura.components.gaussian.structures.structure import Structure

__all__ = ["floored", "is_above", "within_floor"]

Float = NDArray[np.float64]

# How near its floor a component touches it.
TOUCHING = 1e-6


def floored(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the factors of precisions that maximise the M-step's objective under Σ_k ⪰ diag(f).

    Where the structure's update is above the floor by itself, that is returned. EVE and VVE reach a
    local maximum, as without a floor; EEV and VEV the maximum where all columns have the same
    floor. Nothing lower than `previous` is returned, if that is above the floor.

    Parameters
    ----------
    structure : the covariance structure, of matrices where it is none of the fourteen
    scatter : float64, as `Structure.features` says: (K, D, D), (K, D), (D, D) or (D,)
    rows : (K,) float64, effective rows
    previous : factors of the same structure, or None
    floor : (D,) float64, the least variances; zero where there is none

    Returns
    -------
    (K,), (K, D) or (K, D, D) float64

    Raises
    ------
    ParameterError
        Naming the component whose covariance is singular in columns that have no floor.
    """
    if structure.is_compiled and structure.shares_covariance and structure.features != "linear":
        # The components have a scatter each beside noise.
        scatter = scatter.sum(axis=0)
    return compiled_update_above(structure, scatter, rows, previous, floor)


def within_floor(factors: Float, floor: Float) -> NDArray[np.bool_]:
    """Return which components (K,) touch the floor: Σ_k is no wider than it in some direction.

    Parameters
    ----------
    factors : (K,), (K, D) or (K, D, D) float64, of precisions
    floor : (D,) float64
    """
    return largest_shares(factors, floor) >= 1 - TOUCHING


def is_above(factors: Float, floor: Float) -> bool:
    """Return whether all Σ_k ⪰ diag(floor)."""
    if factors.ndim == 3:
        half = factors * np.sqrt(floor)[:, None]
        try:
            np.linalg.cholesky(np.eye(len(floor)) - half @ half.transpose(0, 2, 1))
        except np.linalg.LinAlgError:
            pass
        else:
            return True
    return bool((largest_shares(factors, floor) <= 1).all())


def largest_shares(factors: Float, floor: Float) -> Float:
    """Return the largest eigenvalue (K,) of Uᵀ F U, which is at most 1 where Σ ⪰ F."""
    if factors.ndim == 1:
        return factors**2 * floor.max()
    if factors.ndim == 2:
        return (factors**2 * floor).max(axis=1)
    return np.linalg.norm(factors * np.sqrt(floor)[:, None], ord=2, axis=(1, 2)) ** 2
