"""What the likelihood loses where two factor analysers become one Gaussian with their moments."""

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, in_parts
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.posterior import Factored

__all__ = ["merging_losses"]

Float = NDArray[np.float64]


def merging_losses(parameters: FactorParameters, rows: Float, pairs: Pairs) -> Float:
    """Return ½ [(N_i + N_j) log|Σ_ij| - N_i log|Σ_i| - N_j log|Σ_j|] (M,), in nats.

    Σ_ij, the covariance of the two together, is itself a factor analyser's, of 2q + 1 factors
    (Runnalls 2007, equation 16).

    Parameters
    ----------
    parameters : of K components
    rows : (K,) N_k
    pairs : (M,) i and (M,) j
    """
    means, loadings, noise = parameters.means, parameters.loadings, parameters.noise
    halves = -rows * Factored.of(parameters).log_determinant()
    losses = np.empty(len(pairs[0]))
    for part in in_parts(len(pairs[0]), 6 * loadings[0].size):
        i, j = pairs[0][part], pairs[1][part]
        both = rows[i] + rows[j]
        share = (rows[j] / both)[:, None]
        gap = np.sqrt(share * (1 - share)) * (means[i] - means[j])
        of_first, of_other = np.sqrt(1 - share)[:, :, None], np.sqrt(share)[:, :, None]
        wider = np.concatenate(
            [of_first * loadings[i], of_other * loadings[j], gap[:, :, None]], axis=2
        )
        joint = FactorParameters(means[i], wider, (1 - share) * noise[i] + share * noise[j])
        losses[part] = -both * Factored.of(joint).log_determinant() - halves[i] - halves[j]
    return losses
