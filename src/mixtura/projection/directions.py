"""Directions in which components differ, as functions of their weights, means and covariances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from mixtura.errors import ParameterError

__all__ = ["Directions", "directions_of"]

Float = NDArray[np.float64]

# Eigenvalues that are less than this of the largest are rounding.
NOTHING = 1e-10
# Variances from here on have all their digits, and products of them with others of the columns.
LEAST = 1e-290


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

    Raises
    ------
    ParameterError
        If variances are beyond the range of numbers, or there is none in some direction.
    """
    # Differences of means that are far from the origin have all their digits.
    apart = means - means[0]
    apart = apart - weights @ apart
    with np.errstate(over="ignore", invalid="ignore"):
        within = np.einsum("k,kij->ij", weights, covariances)
        total = within + (weights[:, None] * apart).T @ apart
    variances = np.diagonal(total)
    if not (np.isfinite(total).all() and (variances >= LEAST).all()):
        raise ParameterError(
            "variances of some column are beyond the range of numbers; fit the columns in other "
            "units, multiplied by a power of ten"
        )
    # Columns of unlike units keep their digits.
    units = np.sqrt(variances)
    try:
        factor = np.linalg.cholesky(total / np.outer(units, units))
    except np.linalg.LinAlgError:
        raise ParameterError(
            "in some direction all components together have no width but rounding, so scores there "
            "have no scale; leave out columns that follow from others"
        ) from None

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
    if by_means_alone:
        # So many means lie in no more directions but for rounding.
        kept = kept[: len(weights) - 1]
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
