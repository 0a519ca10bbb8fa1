"""How many digits sums and densities keep, and whether sums say how narrow components are.

A sweep is bound to parameters and centres those components that are far for their width. One that
contracts in that very step was summed about the origin: what is left of Σ w r x xᵀ - N_k μ_k μ_kᵀ
has lost as many digits as the terms are larger than the rest. Such a sweep is made once more, with
sums about the new means.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters
from mixtura.components.gaussian.structures import Structure

__all__ = ["STARTED", "SWEPT", "diagonals_of", "lost_digits", "rounding_of"]

Float = NDArray[np.float64]

# Terms may be this much larger than what a sweep leaves of them, which keeps eight digits; the next
# sweep mends the rest. A start gets no second chance.
SWEPT, STARTED = 1e8, 1e5

LEAST = 1e-290


def lost_digits(
    moments: GaussianMoments, structure: Structure, origin: NDArray[np.bool_], limit: float
) -> bool:
    """Return whether a sweep leaves too few digits of a component.

    With offset terms t_j = N_k μ_kj², that is where Σ_j t_j (W_k⁻¹)_jj is above the limit. A
    component that has a shape of its own needs the digits in every direction; one that shares
    the shape of W only for its volume, and the limit is for its share of W.

    Parameters
    ----------
    origin : (K,) whose sums are about the origin
    limit : how much larger than what is left of them terms may be
    """
    rows, means, scatter = moments.effective_rows, moments.means, moments.scatter
    terms = rows[:, None] * means * means
    if structure.storage == "spherical":
        terms, scatter = terms.sum(axis=1, keepdims=True), scatter.sum(axis=-1, keepdims=True)
    if moments.pooled:
        return bool((terms_over(scatter[None], terms.sum(axis=0)[None]) > limit).any())
    if not origin.all():
        terms = terms[origin]
    if structure.storage == "spherical" or structure.code[1] == "V":
        if not origin.all():
            scatter = scatter[origin]
        return bool((terms_over(scatter, terms) > limit).any())
    whole = scatter.sum(axis=0)
    own = np.einsum("kdd->kd", scatter)[origin] if scatter.ndim == 3 else scatter[origin]
    spreads = np.maximum(whole.diagonal() if whole.ndim == 2 else whole, LEAST)
    shares = np.maximum((own / spreads).sum(axis=1), 0.0)
    return bool((terms_over(whole[None], terms) > limit * shares).any())


def terms_over(scatter: Float, terms: Float) -> Float:
    """Return Σ_j t_j (W⁻¹)_jj, infinite where W (M, D, D) or (M, D) is not positive definite."""
    full = scatter.ndim == 3
    inverse = inverse_diagonals(scatter) if full else 1.0 / np.maximum(scatter, LEAST)
    if inverse.max() < np.inf:
        with np.errstate(over="ignore"):
            return (terms * inverse).sum(axis=1)
    # Nothing is lost of a spread that is nothing about nothing.
    with np.errstate(over="ignore"):
        return np.multiply(terms, inverse, out=np.zeros(terms.shape), where=terms > 0).sum(axis=1)


def inverse_diagonals(matrices: Float) -> Float:
    """Return the diagonals (M, D) of inverses, infinite for what is not positive definite."""
    try:
        found = np.einsum("kdd->kd", np.linalg.inv(matrices).astype(np.float64, copy=False))
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full((1, matrices.shape[1]), np.inf)
        return np.concatenate([inverse_diagonals(matrix[None]) for matrix in matrices])
    positive = found > 0
    return found if positive.all() else np.where(positive.all(axis=1, keepdims=True), found, np.inf)


def rounding_of(parameters: GaussianParameters, effective_rows: Float, offset: Float) -> float:
    """Return eps Σ_k N_k Σ_d [(|μ_kd| + o_d) / σ_kd + (Σ_k)_dd / σ_kd²], 1/σ_kd² = (Σ_k⁻¹)_dd.

    A row's deviation from a mean has the rounding of the row itself and of the origin; a factor
    of Σ_k that of Σ_k, which counts by how much of a column the others explain.

    Parameters
    ----------
    effective_rows : (K,) N_k
    offset : (D,) o, of the origin
    """
    precisions = diagonals_of(parameters.covariance.precisions())
    variances = diagonals_of(parameters.covariance.covariances())
    with np.errstate(over="ignore"):
        each = (np.abs(parameters.means) + offset) * np.sqrt(precisions) + variances * precisions
    return float(np.finfo(np.float64).eps * (effective_rows @ each.sum(axis=1)))


def diagonals_of(matrices: Float) -> Float:
    """Return the diagonals (K, D), or (K, 1) for all columns, of matrices as they are stored."""
    if matrices.ndim == 3:
        return np.diagonal(matrices, axis1=1, axis2=2)
    return matrices[:, None] if matrices.ndim == 1 else matrices
