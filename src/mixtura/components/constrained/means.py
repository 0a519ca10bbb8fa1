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

    Least squares in the entries c that are held or equal, which the others leave with Σ_cc⁻¹ and
    not (Σ⁻¹)_cc; free ones of the same component follow by their regression on them,
    μ_f = x̄_f - Σ_fc Σ_cc⁻¹ (x̄_c - μ_c). No precision of a nearly flat component is made, of which
    rounding would move the free means.

    Parameters
    ----------
    rows : (K,) N_k, above 0
    means : (K, D) x̄_k
    covariance : the K covariances
    values : (K, D) means that are held, NaN where free
    ties : (K, D) means with the same one above 0 are equal
    """
    if not isinstance(covariance, FullCovariance):
        precisions = covariance.precisions()
        across = precisions[:, None] if precisions.ndim == 1 else precisions
        weights = np.broadcast_to(rows[:, None] * across, means.shape)
        return _begun(weights, means, values, ties)
    begun = _begun(np.broadcast_to(rows[:, None], means.shape), means, values, ties)
    held, spreads = ~np.isnan(values), covariance.dense()
    bound = [np.flatnonzero(own) for own in held | (ties > 0)]
    if ties.any():
        begun = begun + _common_steps(rows, means - begun, spreads, bound, ties)
    for k, these in enumerate(bound):
        if 0 < len(these) < means.shape[1]:
            free = np.setdiff1d(np.arange(means.shape[1]), these)
            gap = _precision(spreads[k], these) @ (means[k] - begun[k])[these]
            begun[k, free] = means[k, free] - spreads[k][np.ix_(free, these)] @ gap
    return begun


def _begun(weights: Float, means: Float, values: Float, ties: Ties) -> Float:
    """Return means (K, D) that obey, equal ones at their mean by weights (K, D) above 0."""
    weights = weights / weights.max()
    common = pooled(weights * means, ties) / np.where(ties > 0, pooled(weights, ties), 1.0)
    return np.where(np.isnan(values), np.where(ties > 0, common, means), values)


def _precision(spread: Float, these: NDArray[np.intp]) -> Float:
    """Return Σ_cc⁻¹ of those columns of Σ (D, D)."""
    scale = 1.0 / np.sqrt(np.diagonal(spread)[these])
    across = np.outer(scale, scale)
    return np.linalg.inv(spread[np.ix_(these, these)] * across) * across


def _common_steps(
    rows: Float, shift: Float, spreads: Float, bound: list[NDArray[np.intp]], ties: Ties
) -> Float:
    """Return the steps (K, D) of equal means to their best, by the normal equations of all.

    Parameters
    ----------
    rows : (K,) N_k
    shift : (K, D) x̄_k less the means that are begun with
    spreads : (K, D, D) Σ_k
    bound : K arrays of the columns that are held or equal
    ties : (K, D) which are equal, where above 0
    """
    which, number = np.unique(ties, return_inverse=True)
    number = number.reshape(ties.shape)
    size = len(which)
    matrix, right = np.zeros((size, size)), np.zeros(size)
    for k, these in enumerate(bound):
        information = rows[k] * _precision(spreads[k], these)
        np.add.at(matrix, np.ix_(number[k, these], number[k, these]), information)
        np.add.at(right, number[k, these], information @ shift[k, these])
    tied = which > 0
    matrix, right = matrix[np.ix_(tied, tied)], right[tied]
    scale = 1.0 / np.sqrt(np.diagonal(matrix))
    steps = np.zeros(size)
    steps[tied] = scale * np.linalg.solve(matrix * np.outer(scale, scale), scale * right)
    return steps[number]
