"""What a row of intervals says of the values that lie in them."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.interval.evaluator import deviations_of
from mixtura.components.interval.truncated import truncated

__all__ = ["posterior_moments"]

Float = NDArray[np.float64]


def posterior_moments(
    shares: Float, parameters: GaussianParameters, low: Float, high: Float
) -> tuple[Float, Float]:
    """Return E[v | x] (n, D) and Cov[v | x] (n, D, D) of values v between ends.

    In a component columns are independent; between components they are not.

    Parameters
    ----------
    shares : (n, K) responsibilities
    low, high : (n, D)
    """
    exact = low == high
    with np.errstate(invalid="ignore"):
        width = np.where(exact, 0.0, high - low)
    deviations = deviations_of(parameters)
    means, variances = np.empty((2, len(deviations), *low.shape))
    for k, (mean, deviation) in enumerate(zip(parameters.means, deviations, strict=True)):
        own = truncated((low - mean) / deviation, (high - mean) / deviation, width / deviation)
        means[k] = np.where(exact, low, mean + deviation * own.mean)
        variances[k] = np.where(exact, 0.0, own.variance * deviation**2)
    whole = np.where(exact, low, np.einsum("nk,knd->nd", shares, means))
    apart = means - whole
    covariances = np.einsum("nk,kni,knj->nij", shares, apart, apart)
    places = np.arange(low.shape[1])
    covariances[:, places, places] += np.einsum("nk,knd->nd", shares, variances)
    return whole, covariances
