"""The centred path: log densities and scatter from deviations, one component at a time.

The feature product loses about eps (offset/σ)², and as much again as the covariance is badly
conditioned; deviations lose nothing. Components too far from the origin for their own width go
this way, and all of them where D makes the feature map wider than the cache.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = [
    "LIMIT",
    "accumulate_centred",
    "accumulate_hard",
    "far_components",
    "log_density_centred",
]

Float = NDArray[np.float64]

# Loss of digits allowed to the feature product: eps * limit is 2e-11.
LIMIT = 1e5


def far_components(parameters: GaussianParameters) -> NDArray[np.bool_]:
    """Return which components (K,) are over the limit of what is lost.

    The terms that cancel in (x - μ)ᵀ Σ⁻¹ (x - μ) add up to Σ_ij |Σ⁻¹|_ij (|Σ| + |μ μᵀ|)_ij or so.
    """
    means, covariance = parameters.means, parameters.covariance
    if covariance.factors.ndim < 3:
        return ~(np.einsum("kd,kd->k", means, covariance.precision_times(means)) < LIMIT)
    sizes = np.abs(covariance.covariances()) + np.abs(means[:, :, None] * means[:, None, :])
    return ~(np.einsum("kij,kij->k", np.abs(covariance.precisions()), sizes) < LIMIT)


def log_density_centred(
    rows: NDArray[Any], parameters: GaussianParameters, component: int
) -> Float:
    """Return -½ (x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k) of rows (D, n)."""
    deviations = rows - parameters.means[component][:, None]
    white = parameters.covariance.whiten(component, deviations)
    return -0.5 * np.einsum("dn,dn->n", white, white)


def accumulate_centred(
    rows: NDArray[Any],
    mean: Float,
    responsibilities: NDArray[Any],
    first: Float,
    second: Float,
) -> None:
    """Add Σ r d and Σ r d dᵀ of one component to `first` (D,) and `second` (D,) or (D, D)."""
    deviations = rows - mean[:, None]
    first += deviations @ responsibilities
    if second.ndim == 1:
        second += np.square(deviations) @ responsibilities
    else:
        np.multiply(deviations, np.sqrt(responsibilities), out=deviations)
        second += deviations @ deviations.T


def accumulate_hard(
    rows: NDArray[Any],
    means: Float,
    responsibilities: NDArray[Any],
    first: Float,
    second: Float,
) -> None:
    """Add what `accumulate_centred` does of all components (K), from responsibilities above zero.

    Parameters
    ----------
    rows : (D, n)
    means : (K, D)
    responsibilities : (K, n)
    first, second : (K, D) and (K, D) or (K, D, D)
    """
    component, row = np.nonzero(responsibilities)
    if not len(component):
        return
    begins = np.flatnonzero(np.diff(component, prepend=-1))
    own = component[begins]
    deviations = rows[:, row] - means[component].T
    weighted = deviations * responsibilities[component, row]
    first[own] += np.add.reduceat(weighted, begins, axis=1).T
    if second.ndim == 2:
        second[own] += np.add.reduceat(weighted * deviations, begins, axis=1).T
        return
    for j, deviation in enumerate(deviations):
        second[own, j] += np.add.reduceat(weighted * deviation, begins, axis=1).T
