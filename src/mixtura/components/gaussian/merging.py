"""What the likelihood loses where two Gaussian components become one with their moments."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = ["merging_losses"]

Float = NDArray[np.float64]


def merging_losses(parameters: GaussianParameters, rows: Float) -> Float:
    """Return ½ [(N_i + N_j) log|Σ_ij| - N_i log|Σ_i| - N_j log|Σ_j|] (K, K), in nats.

    Σ_ij is the covariance of the two together. This bounds N KL(before ‖ after) from above
    (Runnalls 2007, equation 16). Covariances that are stored by their diagonals stay diagonal.

    Parameters
    ----------
    parameters : of K components
    rows : (K,) N_k
    """
    covariance, means = parameters.covariance, parameters.means
    spreads = covariance.covariances()
    spherical = spreads.ndim == 1
    n_columns = means.shape[1]
    halves = -rows * covariance.log_determinant()
    losses = np.empty((len(rows), len(rows)))
    for k in range(len(rows)):
        both = rows + rows[k]
        share = rows[k] / both
        gap = means - means[k]
        weight = share * (1 - share)
        if spreads.ndim == 3:
            within = _between(share, spreads, k)
            joint = within + weight[:, None, None] * gap[:, :, None] * gap[:, None, :]
            volumes = np.linalg.slogdet(joint)[1]
        elif spherical:
            joint = _between(share, spreads, k) + weight * (gap**2).mean(axis=1)
            volumes = n_columns * np.log(joint)
        else:
            joint = _between(share, spreads, k) + weight[:, None] * gap**2
            volumes = np.log(joint).sum(axis=1)
        losses[k] = 0.5 * both * volumes - halves[k] - halves
    np.fill_diagonal(losses, 0.0)
    return losses


def _between(share: Float, spreads: Float, k: int) -> Float:
    """Return α_j Σ_k + (1 - α_j) Σ_j for every j."""
    part = share.reshape(-1, *(1,) * (spreads.ndim - 1))
    return part * spreads[k] + (1 - part) * spreads
