"""Symmetric matrices as their D(D+1)/2 entries on and above the diagonal.

A gradient by a symmetric matrix has two conventions. The matrix G with dℓ = tr(G dΣ) treats the
two entries σ_ij = σ_ji as separate numbers and is what the matrix calculus of textbooks gives; the
derivative by the entry that both are is 2 G_ij off the diagonal and G_ii on it. Arrays shown to the
user hold G; vectors of entries hold the latter.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["entries", "matrices", "matrix_gradient", "pair_products", "pairs", "slopes"]

Float = NDArray[np.float64]


@cache
def pairs(n_columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns i <= j of the entries."""
    return np.triu_indices(n_columns)


def entries(matrix: Float) -> Float:
    """Return the entries (..., E) of matrices (..., D, D)."""
    left, right = pairs(matrix.shape[-1])
    return matrix[..., left, right]


def matrices(vector: Float, n_columns: int) -> Float:
    """Return the symmetric matrices (..., D, D) with these entries (..., E)."""
    left, right = pairs(n_columns)
    found = np.empty((*vector.shape[:-1], n_columns, n_columns))
    found[..., left, right] = vector
    found[..., right, left] = vector
    return found


def slopes(gradient: Float) -> Float:
    """Return the derivatives (..., E) by the entries from G (..., D, D)."""
    left, right = pairs(gradient.shape[-1])
    return entries(gradient) * np.where(left == right, 1.0, 2.0)


def matrix_gradient(vector: Float, n_columns: int) -> Float:
    """Return G (..., D, D) from the derivatives (..., E) by the entries."""
    left, right = pairs(n_columns)
    return matrices(vector * np.where(left == right, 1.0, 0.5), n_columns)


def pair_products(one: Float, other: Float) -> Float:
    """Return tr(X B_a Y B_b) (E, E) of symmetric X, Y, with B_a = ∂Σ/∂σ_a for the entries a, b.

    With a = (i, j), b = (k, l), and f = ½ on the diagonal and 1 off it, that is
    f_a f_b [X_li Y_jk + X_ki Y_jl + X_lj Y_ik + X_kj Y_il].
    """
    i, j = pairs(len(one))
    half = np.where(i == j, 0.5, 1.0)
    total = one[np.ix_(i, j)] * other[np.ix_(j, i)] + one[np.ix_(i, i)] * other[np.ix_(j, j)]
    total += one[np.ix_(j, j)] * other[np.ix_(i, i)] + one[np.ix_(j, i)] * other[np.ix_(i, j)]
    return total * half[:, None] * half
