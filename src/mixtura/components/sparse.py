"""Sparse features: the two products of a sweep without ever making the features dense.

Parameters lie with features along the first axis, (P, K), so that each stored entry meets K
numbers side by side; the transposes of (K, n) that this asks for cost K a row, and the products
K for each stored entry. The constant feature is kept apart and never stored.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.sums import Sums

__all__ = ["SparseEvaluator", "SparseSums", "SparseTile", "is_mostly_zeros"]

Float = NDArray[np.float64]

# Above so many features, and so many of them for each item, sparse products are cheaper.
SMALLEST_SPARSE = 256
FEWEST_ZEROS = 16


def is_mostly_zeros(n_features: int, n_items: int) -> bool:
    """Return whether features with a one for each item are better swept as sparse ones."""
    return n_features > max(SMALLEST_SPARSE, FEWEST_ZEROS * n_items)


@dataclass(frozen=True, slots=True)
class SparseTile:
    """A tile of rows.

    Attributes
    ----------
    cells : (n, P - 1) CSR, the features but the constant
    rows : (n, D) as they came
    """

    cells: Any
    rows: Any

    def sum(self, row_weights: Float) -> Float:
        """Return Σ w φ(x) (P,)."""
        return np.concatenate([[row_weights.sum()], self.cells.T @ row_weights])


@dataclass(frozen=True, slots=True)
class SparseSums(Sums):
    """Statistics of sparse features: ``by_feature`` (P, K) holds Σ w r φ(x)."""

    by_feature: Float

    @property
    def features(self) -> Float:
        """Return the sums as (K, P)."""
        return self.by_feature.T

    def take(self, components: slice) -> "SparseSums":
        """Return the sums of some components."""
        return SparseSums(self.by_feature[:, components])


@final
class SparseEvaluator:
    """Log densities as one product of sparse features (n, P - 1) with parameters (P - 1, K)."""

    __slots__ = ("_by_feature", "_constants")

    def __init__(self, natural: Float) -> None:
        self._constants = natural[:, :1]
        self._by_feature = np.ascontiguousarray(natural[:, 1:].T)

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._constants)

    def log_density(self, prepared: SparseTile, out: Float) -> None:
        """Write <θ_k, φ(x)> into `out` (K, n)."""
        np.add((prepared.cells @ self._by_feature).T, self._constants, out=out)

    def product(self) -> None:
        """Return None: features are never made dense."""

    def centre_on(self, parameters: Any) -> None:
        """Do nothing: features are about the origin."""

    def zeros(self) -> Float:
        """Return totals (P, K)."""
        return np.zeros((1 + len(self._by_feature), self.n_components))

    def accumulate(self, prepared: SparseTile, responsibilities: Float, totals: Float) -> None:
        """Add Σ r φ(x) to the totals."""
        totals[0] += responsibilities.sum(axis=1)
        totals[1:] += prepared.cells.T @ np.ascontiguousarray(responsibilities.T)

    def sums(self, totals: Float) -> SparseSums:
        """Freeze the totals."""
        return SparseSums(totals)
