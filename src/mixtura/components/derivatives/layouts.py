"""Where covariances lie among a component's numbers: as D variances or as all entries.

Derivatives of log N(x | μ, Σ), with P = Σ⁻¹ and y = P(x - μ): by μ it is y, and as a symmetric
matrix by Σ it is ½ (y yᵀ - P), from d log|Σ| = tr(P dΣ) and dP = -P dΣ P. Second derivatives are
those of Magnus and Neudecker (1999, ch. 15), which Boldea and Magnus (2009) use for mixtures.
"""

from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.symmetric import (
    entries,
    matrices,
    matrix_gradient,
    pair_products,
    pairs,
    slopes,
)

__all__ = ["Diagonal", "Full", "Layout"]

Float = NDArray[np.float64]


class Layout(Protocol):
    """The E numbers of a covariance; Σ and G are (..., D, D), or (..., D) if diagonal."""

    def variances(self, n_columns: int) -> NDArray[np.bool_]:
        """Return which numbers are variances (E,)."""
        ...

    def indices(self, n_columns: int) -> list[str]:
        """Return how the numbers are called after the component's, such as ", 0, 1"."""
        ...

    def numbers(self, covariances: Float) -> Float:
        """Return the numbers (..., E) of covariances."""
        ...

    def array(self, numbers: Float, n_columns: int) -> Float:
        """Return the array that has these numbers (..., E)."""
        ...

    def slopes(self, gradient: Float) -> Float:
        """Return the derivatives (..., E) by the numbers from G, dℓ = tr(G dΣ)."""
        ...

    def gradient(self, slopes: Float, n_columns: int) -> Float:
        """Return G from the derivatives (..., E) by the numbers."""
        ...

    def times(self, precision: Float, deviations: Float) -> Float:
        """Return P d for deviations (D, n)."""
        ...

    def spread(self, vectors: Float) -> Float:
        """Return v vᵀ for vectors (..., D)."""
        ...

    def between(self, precisions: Float, scatter: Float) -> Float:
        """Return P C P."""
        ...

    def scores(self, precision: Float, white: Float) -> Float:
        """Return the derivatives (E, n) of log densities from y (D, n)."""
        ...

    def hessian(self, precision: Float, n_rows: float, gradient: Float) -> Float:
        """Return Σ r ∇² log N (D + E, D + E) from N = Σ r and the gradient (D + E,)."""
        ...


@final
class Diagonal:
    """D variances."""

    def variances(self, n_columns: int) -> NDArray[np.bool_]:
        """Return True."""
        return np.ones(n_columns, dtype=bool)

    def indices(self, n_columns: int) -> list[str]:
        """Return ", j"."""
        return [f", {j}" for j in range(n_columns)]

    def numbers(self, covariances: Float) -> Float:
        """Return the variances."""
        return covariances

    def array(self, numbers: Float, n_columns: int) -> Float:
        """Return the variances."""
        return numbers

    def slopes(self, gradient: Float) -> Float:
        """Return the derivatives by the variances."""
        return gradient

    def gradient(self, slopes: Float, n_columns: int) -> Float:
        """Return the derivatives by the variances."""
        return slopes

    def times(self, precision: Float, deviations: Float) -> Float:
        """Return p_j d_j."""
        return precision[:, None] * deviations

    def spread(self, vectors: Float) -> Float:
        """Return v_j²."""
        return vectors**2

    def between(self, precisions: Float, scatter: Float) -> Float:
        """Return p_j² c_j."""
        return precisions * scatter * precisions

    def scores(self, precision: Float, white: Float) -> Float:
        """Return ½ (y_j² - p_j)."""
        return 0.5 * (white**2 - precision[:, None])

    def hessian(self, precision: Float, n_rows: float, gradient: Float) -> Float:
        """Return the matrix of which each column's mean and variance make a block.

        With m = Σ r y and v = Σ r y² = 2 g + N p: [[-N p, -p m], [-p m, ½ N p² - p v]].
        """
        first, slope = np.split(gradient, 2)
        second = 2.0 * slope + n_rows * precision
        mixed = np.diag(-precision * first)
        by_variance = np.diag(0.5 * n_rows * precision**2 - precision * second)
        return np.block([[np.diag(-n_rows * precision), mixed], [mixed, by_variance]])


@final
class Full:
    """The D(D+1)/2 entries on and above the diagonal."""

    def variances(self, n_columns: int) -> NDArray[np.bool_]:
        """Return True for the entries on the diagonal."""
        left, right = pairs(n_columns)
        return left == right

    def indices(self, n_columns: int) -> list[str]:
        """Return ", i, j"."""
        return [f", {i}, {j}" for i, j in zip(*pairs(n_columns), strict=True)]

    def numbers(self, covariances: Float) -> Float:
        """Return the entries."""
        return entries(covariances)

    def array(self, numbers: Float, n_columns: int) -> Float:
        """Return the symmetric matrices."""
        return matrices(numbers, n_columns)

    def slopes(self, gradient: Float) -> Float:
        """Return 2 G_ij, and G_ii on the diagonal."""
        return slopes(gradient)

    def gradient(self, slopes: Float, n_columns: int) -> Float:
        """Return G."""
        return matrix_gradient(slopes, n_columns)

    def times(self, precision: Float, deviations: Float) -> Float:
        """Return P d."""
        return precision @ deviations

    def spread(self, vectors: Float) -> Float:
        """Return v vᵀ."""
        return vectors[..., :, None] * vectors[..., None, :]

    def between(self, precisions: Float, scatter: Float) -> Float:
        """Return P C P."""
        return precisions @ scatter @ precisions

    def scores(self, precision: Float, white: Float) -> Float:
        """Return y_i y_j - P_ij, and half of it on the diagonal."""
        left, right = pairs(len(precision))
        products = white[left] * white[right] - precision[left, right][:, None]
        return np.where(left == right, 0.5, 1.0)[:, None] * products

    def hessian(self, precision: Float, n_rows: float, gradient: Float) -> Float:
        """Return the second derivatives.

        With m = Σ r y, V = Σ r y yᵀ = 2 G + N P and B_a = ∂Σ/∂σ_a, they are by μ twice -N P, by
        μ and σ_a -P B_a m, and by σ_a and σ_b
        ½ [N tr(P B_a P B_b) - tr(P B_a V B_b) - tr(V B_a P B_b)].
        """
        n_columns = len(precision)
        left, right = pairs(n_columns)
        first = gradient[:n_columns]
        second = 2.0 * matrix_gradient(gradient[n_columns:], n_columns) + n_rows * precision
        half = np.where(left == right, 0.5, 1.0)
        mixed = -half * (precision[:, left] * first[right] + precision[:, right] * first[left])
        crossed = pair_products(precision, second)
        by_entries = 0.5 * (n_rows * pair_products(precision, precision) - crossed - crossed.T)
        return np.block([[-n_rows * precision, mixed], [mixed.T, by_entries]])
