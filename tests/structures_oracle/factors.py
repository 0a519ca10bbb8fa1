"""Factors of precisions: Σ⁻¹ = U Uᵀ with U upper triangular.

What a structure shares has to be shared by the factors themselves, to the last digits: rounding
that takes components off it moves the likelihood at first order, by N_k times the error. So no
factor comes from a matrix that was multiplied out where its axes or its volume are known.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import precision_factors
from structures_oracle.singular import finite_cholesky, refuse

__all__ = ["ROUNDING", "factors_along", "factors_of", "shared_factor", "sharp_factor"]

Float = NDArray[np.float64]

# What rounding leaves, for each column, of the share of a variance that others do not explain.
ROUNDING = 16 * float(np.finfo(np.float64).eps)


def factors_of(covariances: Float) -> Float:
    """Return the factors (K, D, D) of covariances (K, D, D).

    Raises
    ------
    ParameterError
        Naming the first component whose covariance is singular, be it by rounding only.
    """
    factors = precision_factors(covariances)
    flat = flat_components(factors, np.einsum("kjj->kj", covariances))
    if flat.any():
        refuse(f"component {int(flat.argmax())}: the covariance is")
    return factors


def shared_factor(covariance: Float) -> Float:
    """Return the factor (D, D) of a covariance (D, D) that components share."""
    finite_cholesky(covariance)
    factors = precision_factors(covariance[None])
    if flat_components(factors, covariance.diagonal()[None]).any():
        refuse("the shared covariance is")
    return factors[0]


def sharp_factor(matrix: Float) -> Float | None:
    """Return the lower Cholesky factor of a matrix (D, D), or None where rounding decides it.

    L_jj² is what is left of column j beyond those before it, whatever the columns' scales.
    """
    try:
        lower = np.linalg.cholesky(matrix).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    left = lower.diagonal() ** 2
    return lower if (left > ROUNDING * len(left) * matrix.diagonal()).all() else None


def factors_along(axes: Float, variances: Float) -> Float:
    """Return the factors of Q_k diag(v_k) Q_kᵀ, right to rounding along every axis.

    With B = Q diag(v)^(-1/2) and its rows in reverse order, Bᵀ = O R gives Σ⁻¹ = Rᵀ R, where a
    Cholesky factor of Σ would lose as many digits as the widest variance has more than another.

    Parameters
    ----------
    axes : (K, D, D) or (D, D) float64, orthogonal
    variances : (K, D) float64, positive
    """
    halves = axes / np.sqrt(variances)[:, None, :]
    upper: Any = np.linalg.qr(halves[:, ::-1].transpose(0, 2, 1), mode="r")
    lower = np.copysign(1.0, upper.diagonal(axis1=1, axis2=2))[:, :, None] * upper
    factors = np.ascontiguousarray(np.triu(lower.transpose(0, 2, 1)[:, ::-1, ::-1]))
    along = (axes * axes) @ variances[:, :, None]
    flat = flat_components(factors, along[:, :, 0])
    if flat.any():
        refuse(f"component {int(flat.argmax())}: the covariance is")
    return factors


def flat_components(factors: Float, variances: Float) -> NDArray[np.bool_]:
    """Return which components (K,) have a column that others explain but for rounding.

    σ_jj (Σ⁻¹)_jj = 1 / (1 - R²), with R² that of column j explained by the others.
    """
    inflation = variances * (factors**2).sum(axis=2)
    return (inflation > 1.0 / (ROUNDING * factors.shape[1])).any(axis=1)
