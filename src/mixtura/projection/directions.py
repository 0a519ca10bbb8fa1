"""Directions in which components differ, as functions of their weights, means and covariances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

__all__ = ["Directions", "directions_of"]

Float = NDArray[np.float64]

# Eigenvalues that are less than this of the largest are rounding.
NOTHING = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Axes v with vᵀ Σ v = 1, Σ the covariance of all, in the order of their eigenvalues.

    Attributes
    ----------
    axes : (D, d), a column each
    eigenvalues : (d,) vᵀ M v, the two below together
    by_means : (d,) vᵀ B Σ⁻¹ B v, B = Σ_k π_k (μ_k - μ)(μ_k - μ)ᵀ
    by_covariances : (d,) vᵀ Σ_k π_k (Σ_k - W) Σ⁻¹ (Σ_k - W) v, W = Σ_k π_k Σ_k
    separations : (d,) vᵀ B v / vᵀ W v
    """

    axes: Float
    eigenvalues: Float
    by_means: Float
    by_covariances: Float
    separations: Float


def directions_of(
    weights: Float, means: Float, covariances: Float, *, by_means_alone: bool = False
) -> Directions:
    """Return the directions of most difference between components (Scrucca 2010).

    With W and B as in `Directions` and Σ = W + B, they solve M v = l Σ v for the kernel
    M = B Σ⁻¹ B + Σ_k π_k (Σ_k - W) Σ⁻¹ (Σ_k - W). By the means alone they are the discriminant
    coordinates, or crimcoords, of W⁻¹ B (Gnanadesikan 1977).

    Parameters
    ----------
    weights : (K,) that add up to one
    means : (K, D)
    covariances : (K, D, D)
    """
    apart = means - weights @ means
    within = np.einsum("k,kij->ij", weights, covariances)
    total = within + (weights[:, None] * apart).T @ apart
    # Columns of unlike units keep their digits.
    units = np.sqrt(np.diagonal(total))
    factor = np.linalg.cholesky(total / np.outer(units, units))

    def whitened(columns: Float) -> Float:
        return solve_triangular(factor, columns / units[:, None], lower=True)

    white = whitened(apart.T)
    between = (white * weights) @ white.T
    differences = [whitened(whitened(each - within).T) for each in covariances]
    of_means = between @ between
    of_covariances = sum(
        (weight * each @ each for weight, each in zip(weights, differences, strict=True)),
        np.zeros_like(of_means),
    )
    kernel = of_means if by_means_alone else of_means + of_covariances
    values, vectors = np.linalg.eigh(kernel)
    order = np.argsort(-values, kind="stable")
    kept = order[values[order] > NOTHING * max(values[order[0]], 0.0)]
    white_axes = vectors[:, kept]
    shares = np.einsum("id,ij,jd->d", white_axes, between, white_axes)
    axes = solve_triangular(factor, white_axes, lower=True, trans=1) / units[:, None]
    scores = apart @ axes
    # The component that is farthest from the mean is on the positive side.
    farthest = np.abs(scores).argmax(axis=0)
    signs = np.where(scores[farthest, np.arange(len(kept))] < 0, -1.0, 1.0)
    return Directions(
        axes * signs,
        values[kept],
        np.einsum("id,ij,jd->d", white_axes, of_means, white_axes),
        np.einsum("id,ij,jd->d", white_axes, of_covariances, white_axes),
        shares / np.maximum(1.0 - shares, np.finfo(float).tiny),
    )
