"""Components that are flat: all their rows agree in a direction, and a prior keeps them finite."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import (
    DiagonalCovariance,
    FullCovariance,
    SphericalCovariance,
)
from mixtura.components.gaussian.prior import ScatterPrior

__all__ = ["flat_columns"]

Float = NDArray[np.float64]

# Pseudo-rows' part of a component's scatter from which on its width is theirs.
MOSTLY = 0.5
# Columns whose part in a direction is this small beside the largest have none.
PART = 0.1


def flat_columns(
    covariance: SphericalCovariance | DiagonalCovariance | FullCovariance,
    effective_rows: Float,
    prior: ScatterPrior,
    spread: Float,
) -> dict[int, tuple[int, ...]]:
    """Return the columns that make up the flat directions of each component that has any.

    With Σ⁻¹ = U Uᵀ and the scatter W + Λ = (N + ν) Σ of a component's rows and the pseudo-rows, the
    eigenvalues of UᵀΛU / (N + ν) are the parts that the pseudo-rows have along axes v; the
    direction of such an axis is U v.

    Parameters
    ----------
    covariance : of K components
    effective_rows : (K,) N_k
    prior : the pseudo-rows
    spread : (D,) what columns are measured in when a direction's parts are compared
    """
    if covariance.factors.ndim < 3:
        return _flat_axes(covariance.factors, effective_rows, prior)
    scatter = prior.scatter if prior.scatter.ndim == 2 else np.diag(prior.scatter)
    factors, rows = covariance.factors, effective_rows + prior.rows
    within = factors.transpose(0, 2, 1) @ scatter @ factors / rows[:, None, None]
    found = {}
    # A trace of positive eigenvalues is above the largest of them, and costs less to find.
    for k in np.flatnonzero(~(np.trace(within, axis1=1, axis2=2) <= MOSTLY)).tolist():
        parts, axes = np.linalg.eigh(within[k])
        directions = np.abs(factors[k] @ axes[:, parts > MOSTLY]) * spread[:, None]
        if directions.size:
            largest = directions.max(axis=0)
            found[k] = tuple(np.flatnonzero((directions > PART * largest).any(axis=1)).tolist())
    return found


def _flat_axes(
    factors: Float, effective_rows: Float, prior: ScatterPrior
) -> dict[int, tuple[int, ...]]:
    """Return the flat columns of components whose axes are the columns, factors (K,) or (K, D)."""
    own = prior.scatter if prior.scatter.ndim == 1 else np.diagonal(prior.scatter)
    parts = factors.reshape(len(factors), -1) ** 2 * own / (effective_rows + prior.rows)[:, None]
    flat = parts > MOSTLY
    return {int(k): tuple(np.flatnonzero(flat[k]).tolist()) for k in np.flatnonzero(flat.any(1))}
