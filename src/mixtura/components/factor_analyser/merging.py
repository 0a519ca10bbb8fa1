"""What the likelihood loses where two factor analysers become one Gaussian with their moments."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.posterior import Factored

__all__ = ["merging_losses"]

Float = NDArray[np.float64]


def merging_losses(parameters: FactorParameters, rows: Float) -> Float:
    """Return ½ [(N_i + N_j) log|Σ_ij| - N_i log|Σ_i| - N_j log|Σ_j|] (K, K), in nats.

    Σ_ij, the covariance of the two together, is itself a factor analyser's, of 2q + 1 factors
    (Runnalls 2007, equation 16).

    Parameters
    ----------
    parameters : of K components
    rows : (K,) N_k
    """
    means, loadings, noise = parameters.means, parameters.loadings, parameters.noise
    halves = -rows * Factored.of(parameters).log_determinant()
    losses = np.zeros((len(rows), len(rows)))
    for i in range(len(rows)):
        for j in range(i):
            both = rows[i] + rows[j]
            share = rows[j] / both
            gap = np.sqrt(share * (1 - share)) * (means[i] - means[j])
            wider = np.column_stack(
                [np.sqrt(1 - share) * loadings[i], np.sqrt(share) * loadings[j], gap]
            )
            joint = FactorParameters(
                means[i][None], wider[None], ((1 - share) * noise[i] + share * noise[j])[None]
            )
            volume = -Factored.of(joint).log_determinant()[0]
            losses[i, j] = losses[j, i] = both * volume - halves[i] - halves[j]
    return losses
