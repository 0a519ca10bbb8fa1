"""The centred path: log densities and scatter from deviations, one component at a time.

The feature product loses about eps (offset/σ)²; deviations lose nothing. Components too far from
the origin for their own width go this way, and all of them where D makes the feature map wider
than the cache.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = ["accumulate_centred", "far_components", "log_density_centred"]

Float = NDArray[np.float64]

# Loss of digits allowed to the feature product: eps * limit is 2e-11 and 1e-4.
OFFSET_LIMIT = {np.dtype(np.float64): 1e5, np.dtype(np.float32): 1e3}


def far_components(parameters: GaussianParameters, dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Return which components (K,) have (μ_k)ᵀ Σ_k⁻¹ μ_k over the limit of the precision."""
    offsets = np.einsum(
        "kd,kd->k", parameters.means, parameters.covariance.precision_times(parameters.means)
    )
    return ~(offsets < OFFSET_LIMIT[dtype])


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
