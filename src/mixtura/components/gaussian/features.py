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

__all__ = ["FeatureMap", "feature_map"]

Float = NDArray[np.float64]


class FeatureMap(Protocol):
    """φ(x) = [x, 1, products], and the two translations that EM needs."""

    def n_features(self, n_columns: int) -> int:
        """Return P."""
        ...

    def fill(self, buffer: NDArray[Any], n_columns: int) -> None:
        """Compute the rest of a buffer (D + P, n) whose first D rows hold x and row 2D holds 1."""
        ...

    def quadratic(self, precisions: Float) -> Float:
        """Return the coefficients (K, P - 1 - D) of -½ xᵀ Σ_k⁻¹ x."""
        ...

    def second(self, products: Float, n_columns: int) -> Float:
        """Return sums of products (K, P - 1 - D) as second moments, (K, D) or (K, D, D)."""
        ...


class LinearFeatures:
    """[x, 1]."""

    def n_features(self, n_columns: int) -> int:
        """Return D + 1."""
        return n_columns + 1

    def fill(self, buffer: NDArray[Any], n_columns: int) -> None:
        """Copy x to its place."""
        np.copyto(buffer[n_columns : 2 * n_columns], buffer[:n_columns])

    def quadratic(self, precisions: Float) -> Float:
        """Return no coefficients: the term is equal for all components."""
        return np.empty((len(precisions), 0))

    def second(self, products: Float, n_columns: int) -> Float:
        """Return nothing: the second moment is the data's own."""
        return products


class DiagonalFeatures:
    """[x, 1, x²]."""

    def n_features(self, n_columns: int) -> int:
        """Return 2D + 1."""
        return 2 * n_columns + 1

    def fill(self, buffer: NDArray[Any], n_columns: int) -> None:
        """Copy x to its place and compute the squares."""
        rows = buffer[:n_columns]
        np.copyto(buffer[n_columns : 2 * n_columns], rows)
        np.multiply(rows, rows, out=buffer[2 * n_columns + 1 :])

    def quadratic(self, precisions: Float) -> Float:
        """Return -½ of the precisions (K, D)."""
        return -0.5 * precisions

    def second(self, products: Float, n_columns: int) -> Float:
        """Return the sums of squares (K, D)."""
        return products


@cache
def product_pairs(n_columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns (i, j) of each product: shift by shift, then half of the last if D is even."""
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

    def fill(self, buffer: NDArray[Any], n_columns: int) -> None:
        """Copy x to its place and compute the products in at most two calls."""
        rows = buffer[:n_columns]
        np.copyto(buffer[n_columns : 2 * n_columns], rows)
        products = buffer[2 * n_columns + 1 :]
        shifts = (n_columns + 1) // 2
        along, across = buffer.strides
        shape = (shifts, n_columns, buffer.shape[1])
        np.multiply(
            rows,
            as_strided(buffer, shape, (along, along, across)),
            out=as_strided(products, shape, (n_columns * along, along, across)),
        )
        if n_columns % 2 == 0:
            half = n_columns // 2
            np.multiply(rows[:half], rows[half:], out=products[shifts * n_columns :])

    def quadratic(self, precisions: Float) -> Float:
        """Return -½ Σ_ii⁻¹ for squares and -Σ_ij⁻¹ for the other products."""
        left, right = product_pairs(precisions.shape[-1])
        return precisions[:, left, right] * np.where(left == right, -0.5, -1.0)

    def second(self, products: Float, n_columns: int) -> Float:
        """Return the symmetric matrices (K, D, D)."""
        return products[:, product_index(n_columns)]


_MAPS: dict[str, FeatureMap] = {
    "linear": LinearFeatures(),
    "diagonal": DiagonalFeatures(),
    "full": FullFeatures(),
}


def feature_map(name: Literal["linear", "diagonal", "full"]) -> FeatureMap:
    """Return the feature map that a structure asks for."""
    return _MAPS[name]
