"""Rows of Gaussian components one by one: log densities, and what is nearest where there are none.

Complete rows go by deviations from each mean, whitened in compiled code. So they lose no digits,
however far a component is from the origin or how thin it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.centred import LIMIT
from mixtura.components.gaussian.observed import observed_log_density
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import by_pattern
from mixtura.native.predictions import Predictions, WhitenedComponents

__all__ = ["component_log_density", "nearest_components", "whitened_components"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))


def whitened_components(parameters: GaussianParameters) -> WhitenedComponents:
    """Return components as compiled code reads them.

    Where all have one factor U rows are whitened once, about the mean m of the means, unless the
    means are so far from it that |U|ᵀ|μ_k - m| costs digits.
    """
    means, covariance = parameters.means, parameters.covariance
    constants = covariance.log_determinant() - 0.5 * means.shape[1] * LOG_TWO_PI
    first = covariance.take(slice(0, 1))
    if len(means) > 1 and (covariance.factors == first.factors).all():
        with np.errstate(all="ignore"):
            origin = means.mean(axis=0)
            deviations = (means - origin).T
            white = first.whiten(0, deviations)
            sizes = np.abs(white)
            if covariance.factors.ndim == 3:
                sizes = np.abs(first.factors[0]).T @ np.abs(deviations)
            if (np.einsum("dk,dk->k", sizes, sizes) < LIMIT).all():
                return WhitenedComponents(constants, white.T, first.factors, origin)
    return WhitenedComponents(constants, means, covariance.factors)


def component_log_density(rows: NDArray[Any], parameters: GaussianParameters) -> Float:
    """Return log N(x | μ_k, Σ_k) (n, K) of rows (n, D).

    Of a row with missing cells, NaN, it is that of the others. Where a row is so far that its
    distance is beyond the floats, it is -inf.
    """
    densities = np.empty((len(rows), parameters.n_components))
    even = np.zeros(parameters.n_components)
    if whitened_components(parameters).predict(rows, even, Predictions(joint=densities)):
        missing = np.isnan(rows)
        gappy = missing.any(axis=1)
        if gappy.any():
            own = observed_log_density(np.asarray(rows[gappy], dtype=np.float64), parameters)
            own -= 0.5 * LOG_TWO_PI * np.count_nonzero(~missing[gappy], axis=1)[:, None]
            # A matrix product of infinities of both signs is NaN.
            densities[gappy] = np.where(np.isnan(own), -np.inf, own)
    return densities


def nearest_components(rows: NDArray[Any], parameters: GaussianParameters) -> Float:
    """Return 1 for the components (n, K) nearest in their own metric, shared where they tie.

    Distances are compared at a scale where their squares cannot overflow.
    """
    rows = np.asarray(rows, dtype=np.float64)
    if np.isnan(rows).any():
        return by_pattern(rows, parameters, _nearest)
    return _nearest(rows, parameters)


def _nearest(rows: Float, parameters: GaussianParameters) -> Float:
    """Return the share (n, K) of each component among those nearest in their own metric."""
    factors = parameters.covariance.factors
    shrunk = rows.T / 4
    scale = np.maximum(np.abs(shrunk).max(axis=0), np.abs(parameters.means).max() / 4)
    distances = np.empty((len(rows), parameters.n_components))
    for k, mean in enumerate(parameters.means):
        deviations = (shrunk - mean[:, None] / 4) / scale
        white = parameters.covariance.whiten(k, deviations) / np.abs(factors).max()
        distances[:, k] = np.einsum("dn,dn->n", white, white)
    nearest = distances == distances.min(axis=1, keepdims=True)
    return nearest / nearest.sum(axis=1, keepdims=True)
