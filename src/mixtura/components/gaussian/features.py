"""The feature maps of Gaussian components: which products of columns a sweep accumulates.

Linear [x, 1] suffices where all components share one covariance; diagonal structures need
[x, 1, x²]; the rest [x, 1, every product x_i x_j once]. Products are ordered by shift: with x
written twice, one above the other, those of x_i with x_(i+s) for all i and many s are a single
array operation on a sliding window. Calls are what threads contend for, so few of them matter.
"""

from functools import cache
from typing import Any, Literal, Protocol

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

__all__ = ["FeatureMap", "Product", "feature_map"]

Float = NDArray[np.float64]

# Two views of a buffer, and a third that takes their product.
Product = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


class FeatureMap(Protocol):
    """φ(x) = [x, 1, products], and the two translations that EM needs."""

    def n_features(self, n_columns: int) -> int:
        """Return P."""
        ...

    def products(self, buffer: NDArray[Any], n_columns: int) -> list[Product]:
        """Return what to multiply in a buffer (D + P, n) of which the first D rows hold x."""
        ...

    def quadratic(self, precisions: Float) -> Float:
        """Return the coefficients (K, P - 1 - D) of -½ xᵀ Σ_k⁻¹ x."""
        ...

    def second(self, products: Float, n_columns: int) -> Float:
        """Return sums of products (K, P - 1 - D) as second moments, (K, D) or (K, D, D)."""
        ...

    def products_of(self, second: Float) -> Float:
        """Return second moments, (K, D) or (K, D, D), as sums of products (K, P - 1 - D)."""
        ...


class LinearFeatures:
    """[x, 1]."""

    def n_features(self, n_columns: int) -> int:
        """Return D + 1."""
        return n_columns + 1

    def products(self, buffer: NDArray[Any], n_columns: int) -> list[Product]:
        """Return none."""
        return []

    def quadratic(self, precisions: Float) -> Float:
        """Return no coefficients: the term is equal for all components."""
        return np.empty((len(precisions), 0))

    def second(self, products: Float, n_columns: int) -> Float:
        """Return nothing: the second moment is the data's own."""
        return products

    def products_of(self, second: Float) -> Float:
        """Return no sums."""
        return second[:, :0]


class DiagonalFeatures:
    """[x, 1, x²]."""

    def n_features(self, n_columns: int) -> int:
        """Return 2D + 1."""
        return 2 * n_columns + 1

    def products(self, buffer: NDArray[Any], n_columns: int) -> list[Product]:
        """Return the squares."""
        rows = buffer[:n_columns]
        return [(rows, rows, buffer[2 * n_columns + 1 :])]

    def quadratic(self, precisions: Float) -> Float:
        """Return -½ of the precisions (K, D)."""
        return -0.5 * precisions

    def second(self, products: Float, n_columns: int) -> Float:
        """Return the sums of squares (K, D)."""
        return products

    def products_of(self, second: Float) -> Float:
        """Return the sums of squares (K, D)."""
        return second


@cache
def product_pairs(n_columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns (i, j) of each product, shift by shift; half of the last if D is even."""
    shifts, columns = np.divmod(np.arange(n_columns * (n_columns + 1) // 2), n_columns)
    return columns, (columns + shifts) % n_columns


@cache
def product_index(n_columns: int) -> NDArray[np.intp]:
    """Return the position (D, D) of each pair of columns among the products."""
    left, right = product_pairs(n_columns)
    index = np.empty((n_columns, n_columns), dtype=np.intp)
    index[left, right] = index[right, left] = np.arange(len(left))
    return index


class FullFeatures:
    """[x, 1, x_i x_j for every pair once]."""

    def n_features(self, n_columns: int) -> int:
        """Return D + 1 + D(D+1)/2."""
        return n_columns + 1 + n_columns * (n_columns + 1) // 2

    def products(self, buffer: NDArray[Any], n_columns: int) -> list[Product]:
        """Return all shifts below D/2 as one operation on a sliding window, and the half shift."""
        rows, products = buffer[:n_columns], buffer[2 * n_columns + 1 :]
        shifts = (n_columns + 1) // 2
        along, across = buffer.strides
        shape = (shifts, n_columns, buffer.shape[1])
        window = as_strided(buffer, shape, (along, along, across))
        whole: Product = (rows, window, products[: shifts * n_columns].reshape(shape))
        if n_columns % 2:
            return [whole]
        half = n_columns // 2
        return [whole, (rows[:half], rows[half:], products[shifts * n_columns :])]

    def quadratic(self, precisions: Float) -> Float:
        """Return -½ Σ_ii⁻¹ for squares and -Σ_ij⁻¹ for the other products."""
        left, right = product_pairs(precisions.shape[-1])
        return precisions[:, left, right] * np.where(left == right, -0.5, -1.0)

    def second(self, products: Float, n_columns: int) -> Float:
        """Return the symmetric matrices (K, D, D)."""
        return products[:, product_index(n_columns)]

    def products_of(self, second: Float) -> Float:
        """Return each entry of the symmetric matrices (K, D, D) once."""
        left, right = product_pairs(second.shape[-1])
        return second[:, left, right]


_MAPS: dict[str, FeatureMap] = {
    "linear": LinearFeatures(),
    "diagonal": DiagonalFeatures(),
    "full": FullFeatures(),
}


def feature_map(name: Literal["linear", "diagonal", "full"]) -> FeatureMap:
    """Return the feature map that a structure asks for."""
    return _MAPS[name]
