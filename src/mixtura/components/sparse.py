"""Sparse features: the two products of a sweep without ever making the features dense.

Parameters lie with features along the first axis, (P, K), so that each stored entry meets K
numbers side by side; the transposes of (K, n) that this asks for cost K a row, and the products
K for each stored entry. The constant feature is kept apart and never stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Product
from mixtura.native.parts import CountPart, LevelPart, Part
from mixtura.sums import Sums

__all__ = ["SparseEvaluator", "SparseSums", "SparseTile", "is_mostly_zeros"]

Float = NDArray[np.float64]

# Above so many features, and so many of them for each item, sparse products are cheaper.
SMALLEST_SPARSE = 256
FEWEST_ZEROS = 16


def is_mostly_zeros(n_features: int, n_items: int) -> bool:
    """Return whether features with a one for each item are better swept as sparse ones."""
    return n_features > max(SMALLEST_SPARSE, FEWEST_ZEROS * n_items)


@final
class SparseTile:
    """A tile of rows, whose features are made when they are asked for first.

    Parameters
    ----------
    rows : (n, D) as they came
    make : returns the features but the constant of rows, (n, P - 1) CSR
    """

    def __init__(self, rows: Any, make: Callable[[Any], Any]) -> None:
        self.rows, self._make = rows, make

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.rows.shape[0]

    @cached_property
    def cells(self) -> Any:
        """Return the features but the constant, (n, P - 1) CSR."""
        return self._make(self.rows)

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

    def take(self, components: slice | NDArray[np.bool_]) -> "SparseSums":
        """Return the sums of some components."""
        return SparseSums(self.by_feature[:, components])


@final
class SparseEvaluator:
    """Log densities as one product of sparse features (n, P - 1) with parameters (P - 1, K).

    Parameters
    ----------
    natural : (K, P)
    levels : of each item, where the features are ones at the levels of items
    """

    def __init__(self, natural: Float, levels: tuple[int, ...] | None = None) -> None:
        self.natural, self._levels = natural, levels

    @cached_property
    def _by_feature(self) -> Float:
        return np.ascontiguousarray(self.natural[:, 1:].T)

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.natural)

    def log_density(self, prepared: SparseTile, out: Float) -> None:
        """Write <θ_k, φ(x)> into `out` (K, n)."""
        np.add((prepared.cells @ self._by_feature).T, self.natural[:, :1], out=out)

    def product(self) -> Product:
        """Return the natural parameters: there is nothing else."""
        if self._levels is not None:
            part: Part = LevelPart(self.natural, self._levels)
        else:
            part = CountPart(self.natural)
        return Product((part,), _frozen)

    def centre_on(self, parameters: Any) -> None:
        """Do nothing: features are about the origin."""

    def zeros(self) -> Float:
        """Return totals (P, K)."""
        return np.zeros(self.natural.shape[::-1])

    def accumulate(self, prepared: SparseTile, responsibilities: Float, totals: Float) -> None:
        """Add Σ r φ(x) to the totals."""
        totals[0] += responsibilities.sum(axis=1)
        totals[1:] += prepared.cells.T @ np.ascontiguousarray(responsibilities.T)

    def sums(self, totals: Float) -> SparseSums:
        """Freeze the totals."""
        return SparseSums(totals)


def _frozen(sums: Sequence[Float]) -> SparseSums:
    return SparseSums(sums[0].T)
