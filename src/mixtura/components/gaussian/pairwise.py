"""Integrals over pairs of Gaussian components, in closed form."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = ["bhattacharyya", "entropies", "kullback_leibler", "log_overlap"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))


def log_overlap(one: GaussianParameters, other: GaussianParameters) -> Float:
    """Return log ∫ f_a g_b = log N(μ_a | μ_b, Σ_a + Σ_b), (K, K')."""
    n_columns = one.means.shape[1]
    distances, determinants = _about(one, other, 1.0)
    return -0.5 * (distances + determinants + n_columns * LOG_TWO_PI)


def bhattacharyya(one: GaussianParameters, other: GaussianParameters) -> Float:
    """Return -log ∫ √(f_a g_b) (K, K').

    ⅛ dᵀ Σ⁻¹ d + ½ log(|Σ| / √(|Σ_a||Σ_b|)) with Σ = (Σ_a + Σ_b) / 2.
    """
    distances, determinants = _about(one, other, 0.5)
    own = -2.0 * one.covariance.log_determinant()[:, None]
    across = -2.0 * other.covariance.log_determinant()
    return 0.125 * distances + 0.5 * determinants - 0.25 * (own + across)


def _about(one: GaussianParameters, other: GaussianParameters, share: float) -> tuple[Float, Float]:
    """Return dᵀ M⁻¹ d and log|M| for d = μ_a - μ_b and M = share (Σ_a + Σ_b)."""
    shape = one.n_components, other.n_components
    distances, determinants = np.empty(shape), np.empty(shape)
    first, second = one.covariance.dense(), other.covariance.dense()
    for a, b in np.ndindex(*shape):
        factor = cho_factor(share * (first[a] + second[b]), lower=True)
        difference = one.means[a] - other.means[b]
        distances[a, b] = difference @ cho_solve(factor, difference)
        determinants[a, b] = 2.0 * np.log(np.diagonal(factor[0])).sum()
    return distances, determinants


def kullback_leibler(one: GaussianParameters, other: GaussianParameters) -> Float:
    """Return KL(f_a ‖ g_b) (K, K').

    ½ [tr Σ_b⁻¹ Σ_a + dᵀ Σ_b⁻¹ d - D + log|Σ_b| - log|Σ_a|], d = μ_a - μ_b.
    """
    n_columns = one.means.shape[1]
    covariances = one.covariance.dense()
    own, across = one.covariance.log_determinant(), other.covariance.log_determinant()
    found = np.empty((one.n_components, other.n_components))
    for b in range(other.n_components):
        differences = other.covariance.whiten(b, (one.means - other.means[b]).T)
        distance = (differences**2).sum(axis=0)
        for a, covariance in enumerate(covariances):
            half = other.covariance.whiten(b, covariance)
            trace = np.trace(other.covariance.whiten(b, half.T))
            found[a, b] = 0.5 * (trace + distance[a] - n_columns) + own[a] - across[b]
    return np.maximum(found, 0.0)


def entropies(parameters: GaussianParameters) -> Float:
    """Return H(f_k) = ½ D (1 + log 2π) + ½ log|Σ_k| (K,), in nats."""
    n_columns = parameters.means.shape[1]
    return 0.5 * n_columns * (1.0 + LOG_TWO_PI) - parameters.covariance.log_determinant()
