"""What a row that was measured with errors says of the value that underlies it."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = ["posterior_moments"]

Float = NDArray[np.float64]


def posterior_moments(
    shares: Float, parameters: GaussianParameters, cells: Float, errors: Float
) -> tuple[Float, Float]:
    """Return E[v | x] (n, D) and Cov[v | x] (n, D, D) of underlying values v.

    In component k they are μ + G (x - μ) and (I - G) Σ (I - G)ᵀ + G S Gᵀ with G = Σ (Σ + S)⁻¹: no
    rounding makes that indefinite. A cell that was not measured has no part in G.

    Parameters
    ----------
    shares : (n, K) responsibilities
    cells : (n, D)
    errors : (n, D, D) covariances, infinite on the diagonal where a cell was not measured
    """
    n_rows, d = cells.shape
    unit = np.eye(d)
    seen = np.isfinite(np.diagonal(errors, axis1=1, axis2=2))
    both = seen[:, :, None] & seen[:, None, :]
    known = np.where(both, errors, 0.0)
    mean, square = np.zeros((n_rows, d)), np.zeros((n_rows, d, d))
    centre = parameters.means.mean(axis=0)
    for k, covariance in enumerate(parameters.covariance.dense()):
        total = np.where(both, covariance + errors, unit)
        gain = np.linalg.solve(total, np.where(seen[:, :, None], covariance, 0.0)).mT
        rest = np.where(seen, cells - parameters.means[k], 0.0)
        found = parameters.means[k] - centre + (gain @ rest[:, :, None])[:, :, 0]
        left = unit - gain
        own = left @ covariance @ left.mT + gain @ known @ gain.mT
        own += found[:, :, None] * found[:, None, :]
        mean += shares[:, k, None] * found
        square += shares[:, k, None, None] * own
    square -= mean[:, :, None] * mean[:, None, :]
    return mean + centre, 0.5 * (square + square.mT)
