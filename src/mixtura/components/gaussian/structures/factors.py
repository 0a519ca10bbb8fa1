"""Factors of precisions: Σ⁻¹ = U Uᵀ with U upper triangular."""

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import precision_factors
from mixtura.components.gaussian.structures.singular import refuse

__all__ = ["factors_of"]

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


def flat_components(factors: Float, variances: Float) -> NDArray[np.bool_]:
    """Return which components (K,) have a column that others explain but for rounding.

    σ_jj (Σ⁻¹)_jj = 1 / (1 - R²), with R² that of column j explained by the others.
    """
    inflation = variances * (factors**2).sum(axis=2)
    return (inflation > 1.0 / (ROUNDING * factors.shape[1])).any(axis=1)
