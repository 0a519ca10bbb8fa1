"""What the likelihood loses where two Gaussian components become one with their moments."""

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, in_parts
from mixtura.components.gaussian.parameters import VANISHED, GaussianParameters

__all__ = ["merging_losses"]

Float = NDArray[np.float64]


def merging_losses(parameters: GaussianParameters, rows: Float, pairs: Pairs) -> Float:
    """Return ½ [(N_i + N_j) log|Σ_ij| - N_i log|Σ_i| - N_j log|Σ_j|] (M,), in nats.

    Σ_ij is the covariance of the two together. This bounds N KL(before ‖ after) from above
    (Runnalls 2007, equation 16). Covariances that are stored by their diagonals stay diagonal.

    Parameters
    ----------
    parameters : of K components
    rows : (K,) N_k
    pairs : (M,) i and (M,) j
    """
    spreads, means = parameters.covariance.covariances(), parameters.means
    halves = -rows * parameters.covariance.log_determinant()
    losses = np.empty(len(pairs[0]))
    for part in in_parts(len(pairs[0]), 2 * max(spreads[0].size, means.shape[1])):
        i, j = pairs[0][part], pairs[1][part]
        # Two without rows have nothing to lose.
        both = np.maximum(rows[i] + rows[j], VANISHED)
        volumes = _joint_volumes(spreads, means, (i, j), rows[i] / both)
        losses[part] = 0.5 * both * volumes - halves[i] - halves[j]
    return losses


def _joint_volumes(spreads: Float, means: Float, pairs: Pairs, share: Float) -> Float:
    """Return log|Σ_ij| of pairs of which the first has a share."""
    first, other = pairs
    gap = means[other] - means[first]
    weight = share * (1 - share)
    of_first = share.reshape(-1, *(1,) * (spreads.ndim - 1))
    within = of_first * spreads[first] + (1 - of_first) * spreads[other]
    if spreads.ndim == 1:
        return means.shape[1] * np.log(within + weight * (gap**2).mean(axis=1))
    if spreads.ndim == 2:
        return np.log(within + weight[:, None] * gap**2).sum(axis=1)
    within += weight[:, None, None] * gap[:, :, None] * gap[:, None, :]
    return np.linalg.slogdet(within)[1]
