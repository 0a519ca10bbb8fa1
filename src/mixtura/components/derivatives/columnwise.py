"""Derivatives of columns that are independent within a component, by their own numbers.

The log density is <θ(ξ), φ(x)>, so all that is asked of a family is how θ bends with its numbers:
scores and Hessians are products of that with features and their sums.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.derivatives.chart import Chart, identity, side_by_side
from mixtura.components.derivatives.contract import Edge, Scale, edge_rows

__all__ = ["ColumnwiseDerivatives"]

Float = NDArray[np.float64]


@final
class ColumnwiseDerivatives:
    """The free numbers of a family, (K, q): those of one name after those of another."""

    def __init__(self, family: ColumnwiseFamily, parameters: Any) -> None:
        self._family, self._parameters = family, parameters
        self._free = [family.numbers.index(number) for number in family.free]

    @cached_property
    def _slopes(self) -> Float:
        """Return ∂θ / ∂ξ (K, q, P)."""
        with np.errstate(all="ignore"):
            slopes = self._family.slopes(self._parameters)
        return np.concatenate([slopes[a] for a in self._free], axis=1)

    @cached_property
    def _curvatures(self) -> list[list[Float]]:
        """Return ∂²θ / ∂ξ ∂η (K, D, P) of each pair of free numbers."""
        with np.errstate(all="ignore"):
            curvatures = self._family.curvatures(self._parameters)
        return [[curvatures[a][b] for b in self._free] for a in self._free]

    @property
    def n_numbers(self) -> int:
        """Return q."""
        return len(self._free) * self._family.columns

    @property
    def n_extra(self) -> int:
        """Return P."""
        return self._family.width()

    @property
    def values(self) -> Float:
        """Return the free numbers (K, q)."""
        arrays = self._family.arrays(self._parameters)
        return np.hstack([arrays[number.name] for number in self._family.free])

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return the scale of each number (q,): shares end at 1, others nowhere."""
        ends = [number.highest == 1.0 for number in self._family.free]
        each = np.where(ends, Scale.SHARE, Scale.POSITIVE).astype(np.int8)
        return np.repeat(each, self._family.columns)

    def edge(self, effective_rows: Float) -> Edge:
        """Return which numbers hardly any row speaks of."""
        support = self._family.support(self._parameters, effective_rows)
        few = np.hstack([support[a] for a in self._free]) < edge_rows(effective_rows)
        if not few.any():
            return Edge(few)
        k, place = np.argwhere(few)[0]
        a, j = divmod(int(place), self._family.columns)
        name = self._family.free[a].name
        value = self.values[k, place]
        return Edge(few, f"{name}[{k}, {j}] is {value:.3g}, on the edge of its range")

    def scores(self, rows: Any) -> Float:
        """Return ∂ log f_k / ∂ξ (K, q, n), not finite on the very edge of a range."""
        features = self._features(rows)
        return np.stack([own @ features for own in self._slopes])

    def extra(self, rows: Any, responsibilities: Float) -> Float:
        """Return Σ w r φ(x) (K, P)."""
        return (self._features(rows) @ responsibilities.T).T

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return Σ w r ∇² log f_k (K, q, q): numbers of one column bend together, others alone."""
        n_columns = self._family.columns
        found = np.zeros((len(extra), self.n_numbers, self.n_numbers))
        own = np.arange(n_columns)
        with np.errstate(invalid="ignore"):
            for a, row in enumerate(self._curvatures):
                for b, bends in enumerate(row):
                    summed = np.einsum("kjp,kp->kj", bends, extra)
                    found[:, a * n_columns + own, b * n_columns + own] = summed
        return found

    def gradient(self, moments: Any) -> Float:
        """Return Σ w r ∂ log f_k / ∂ξ (K, q)."""
        with np.errstate(invalid="ignore"):
            return np.einsum("kap,kp->ka", self._slopes, moments.features)

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the chart in which every free number moves, but those that are `fixed` (K, q)."""
        moving = np.ones(self.values.shape, dtype=bool) if fixed is None else ~fixed
        indices = [f", {j}" for j in range(self._family.columns)]
        parts = np.split(moving, len(self._free), axis=1)
        pairs = zip(self._family.free, parts, strict=True)
        return side_by_side([identity(number.name, part, indices) for number, part in pairs])

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return numbers (K, q) as arrays (K, D) by name."""
        parts = np.split(numbers, len(self._free), axis=1)
        return {number.name: part for number, part in zip(self._family.free, parts, strict=True)}

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return a gradient (K, q) likewise."""
        return self.arranged(gradient)

    def _features(self, rows: Any) -> Any:
        """Return φ(x) as (P, n), sparse where the family has it so."""
        family = self._family
        if issparse(rows) or family.swept_sparse():
            cells: Any = family.cells(rows)
            ones = csr_array(np.ones((cells.shape[0], 1)))
            whole: Any = hstack([ones, cells])
            return whole.T.tocsr()
        features = np.ones((family.width(), len(rows)))
        family.fill(np.asarray(rows, dtype=np.float64), features)
        return features
