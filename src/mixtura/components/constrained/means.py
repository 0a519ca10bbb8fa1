"""Means of Gaussian components, of which some are held or equal, where covariances are given."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constraints import Ties, pooled
from mixtura.components.gaussian.covariance import (
    DiagonalCovariance,
    FullCovariance,
    SphericalCovariance,
)

__all__ = ["bound_means"]

Float = NDArray[np.float64]
Covariance: TypeAlias = SphericalCovariance | DiagonalCovariance | FullCovariance


def bound_means(
    rows: Float, means: Float, covariance: Covariance, values: Float, ties: Ties
) -> Float:
    """Return the means (K, D) that minimise Σ_k N_k (x̄_k - μ_k)ᵀ Σ_k⁻¹ (x̄_k - μ_k).

    Free entries follow by least squares: those of one component from those that are held, by
    P_ff (μ_f - x̄_f) = P_fc (x̄_c - μ_c) with P = Σ_k⁻¹, and equal ones from all components, each as
    precise as it is.

    Parameters
    ----------
    rows : (K,) N_k, above 0
    means : (K, D) x̄_k
    covariance : the K covariances
    values : (K, D) means that are held, NaN where free
    ties : (K, D) means with the same one above 0 are equal
    """
    precisions = covariance.precisions()
    if precisions.ndim < 3:
        across = precisions[:, None] if precisions.ndim == 1 else precisions
        weights = np.broadcast_to(rows[:, None] * across, means.shape)
        return _begun(weights, means, values, ties)
    begun = _begun(np.broadcast_to(rows[:, None], means.shape), means, values, ties)
    information, free = rows[:, None, None] * precisions, np.isnan(values)
    if ties.any():
        return _jointly(information, means - begun, begun, free, ties)
    for k, own in enumerate(free):
        if own.any() and not own.all():
            one = [k]
            shift = means[one] - begun[one]
            begun[k] = _jointly(information[one], shift, begun[one], free[one], ties[one])[0]
    return begun


def _begun(weights: Float, means: Float, values: Float, ties: Ties) -> Float:
    """Return means (K, D) that obey, equal ones at their mean by weights (K, D) above 0."""
    weights = weights / weights.max()
    common = pooled(weights * means, ties) / np.where(ties > 0, pooled(weights, ties), 1.0)
    return np.where(np.isnan(values), np.where(ties > 0, common, means), values)


def _jointly(
    information: Float, shift: Float, begun: Float, free: NDArray[np.bool_], ties: Ties
) -> Float:
    """Return the means by the normal equations of all free numbers together.

    Parameters
    ----------
    information : (K, D, D) N_k Σ_k⁻¹
    shift : (K, D) x̄_k less the means that are begun with
    begun : (K, D) means that obey
    free, ties : (K, D) which of them move, and which of these are equal
    """
    alone = ties.max(initial=0) + 1 + np.arange(ties.size).reshape(ties.shape)
    which, inverse = np.unique(np.where(ties > 0, ties, alone)[free], return_inverse=True)
    # What is held has a number beyond all others, which is left out of the equations.
    size = len(which)
    number = np.full(free.shape, size, dtype=np.intp)
    number[free] = inverse
    matrix, right = np.zeros((size + 1, size + 1)), np.zeros(size + 1)
    np.add.at(matrix, (number[:, :, None], number[:, None, :]), information)
    np.add.at(right, number, np.einsum("kij,kj->ki", information, shift))
    matrix, right = matrix[:size, :size], right[:size]
    scale = 1.0 / np.sqrt(np.diagonal(matrix))
    steps = scale * np.linalg.solve(matrix * scale[:, None] * scale, scale * right)
    return begun + np.append(steps, 0.0)[number]
