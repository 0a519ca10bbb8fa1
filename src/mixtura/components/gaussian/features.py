"""The feature maps of Gaussian components: which products of columns a sweep accumulates.

Linear [1, x] suffices where all components share one covariance; diagonal structures need
[1, x, x²]; the rest [1, x, x xᵀ] with the upper triangle packed row by row.
"""

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import symmetric_index

__all__ = ["DiagonalFeatures", "FeatureMap", "FullFeatures", "LinearFeatures", "feature_map"]

Float = NDArray[np.float64]


class FeatureMap(Protocol):
    """φ(x) = [1, x, products], and the two translations that EM needs."""

    def n_features(self, n_columns: int) -> int:
        """Return P."""
        ...

    def fill(self, features: NDArray[Any], n_columns: int) -> None:
        """Compute the products of an array (P, n) whose rows 0..D hold [1, x] already."""
        ...

    def quadratic(self, precisions: Float) -> Float:
        """Return the coefficients (K, P - 1 - D) of -½ xᵀ Σ_k⁻¹ x."""
        ...

    def second(self, products: Float, n_columns: int) -> Float:
        """Return sums of products (K, P - 1 - D) as second moments, (K, D) or (K, D, D)."""
        ...


class LinearFeatures:
    """[1, x]."""

    def n_features(self, n_columns: int) -> int:
        """Return 1 + D."""
        return 1 + n_columns

    def fill(self, features: NDArray[Any], n_columns: int) -> None:
        """Leave [1, x] as it is."""

    def quadratic(self, precisions: Float) -> Float:
        """Return no coefficients: the term is equal for all components."""
        return np.empty((len(precisions), 0))

    def second(self, products: Float, n_columns: int) -> Float:
        """Return nothing: the second moment is the data's own."""
        return products


class DiagonalFeatures:
    """[1, x, x²]."""

    def n_features(self, n_columns: int) -> int:
        """Return 1 + 2D."""
        return 1 + 2 * n_columns

    def fill(self, features: NDArray[Any], n_columns: int) -> None:
        """Compute the squares."""
        np.square(features[1 : n_columns + 1], out=features[n_columns + 1 :])

    def quadratic(self, precisions: Float) -> Float:
        """Return -½ of the precisions (K, D)."""
        return -0.5 * precisions

    def second(self, products: Float, n_columns: int) -> Float:
        """Return the sums of squares (K, D)."""
        return products


class FullFeatures:
    """[1, x, x_i x_j for i <= j]."""

    def n_features(self, n_columns: int) -> int:
        """Return 1 + D + D(D+1)/2."""
        return 1 + n_columns + n_columns * (n_columns + 1) // 2

    def fill(self, features: NDArray[Any], n_columns: int) -> None:
        """Compute the products, one call for each column with all that follow it."""
        start = n_columns + 1
        for column in range(1, n_columns + 1):
            stop = start + n_columns + 1 - column
            np.multiply(
                features[column : n_columns + 1], features[column], out=features[start:stop]
            )
            start = stop

    def quadratic(self, precisions: Float) -> Float:
        """Return -½ of the diagonal and minus the rest of the upper triangle."""
        rows, columns = np.triu_indices(precisions.shape[-1])
        return precisions[:, rows, columns] * np.where(rows == columns, -0.5, -1.0)

    def second(self, products: Float, n_columns: int) -> Float:
        """Return the symmetric matrices (K, D, D)."""
        return products[:, symmetric_index(n_columns)]


_MAPS: dict[str, FeatureMap] = {
    "linear": LinearFeatures(),
    "diagonal": DiagonalFeatures(),
    "full": FullFeatures(),
}


def feature_map(name: Literal["linear", "diagonal", "full"]) -> FeatureMap:
    """Return the feature map that a structure asks for."""
    return _MAPS[name]
