"""Derivatives of Dirichlet-multinomials by probabilities that sum to one, and a correlation."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from mixtura.components.derivatives.chart import Chart, identity, side_by_side, simplices
from mixtura.components.derivatives.contract import Edge, Scale, edge_rows
from mixtura.components.polya.dirichlet_multinomial import (
    CorrelatedDraws,
    DirichletMultinomialFamily,
)

__all__ = ["DrawDerivatives"]

Float = NDArray[np.float64]


@final
class DrawDerivatives:
    """Numbers [p_1, ..., p_D, ρ] (K, D + 1) of each component."""

    def __init__(self, family: DirichletMultinomialFamily, parameters: CorrelatedDraws) -> None:
        self._family, self._parameters = family, parameters

    @property
    def n_numbers(self) -> int:
        """Return D + 1."""
        return self._family.columns

    @property
    def n_extra(self) -> int:
        """Return P."""
        return self._family.width()

    @property
    def values(self) -> Float:
        """Return the numbers (K, D + 1)."""
        own = self._parameters
        return np.column_stack([own.probabilities, own.correlations])

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return that all are shares."""
        return np.full(self.n_numbers, Scale.SHARE, dtype=np.int8)

    def edge(self, effective_rows: Float) -> Edge:
        """Return which numbers hardly any row speaks of."""
        rows, values = effective_rows[:, None], self.values
        numbers = np.zeros(values.shape, dtype=bool)
        if values.shape[1] > 2:
            numbers[:, :-1] = rows * values[:, :-1] < edge_rows(effective_rows)
        inside = (values[:, -1] > 0) & (values[:, -1] < 1)
        numbers[:, -1] = ~inside | (effective_rows < edge_rows(effective_rows))
        if not numbers.any():
            return Edge(numbers)
        k, a = np.argwhere(numbers)[0]
        name = f"correlations[{k}]" if a == values.shape[1] - 1 else f"probabilities[{k}, {a}]"
        return Edge(numbers, f"{name} is {values[k, a]:.3g}, on the edge of its range")

    @cached_property
    def _slopes(self) -> list[csr_array]:
        """The derivatives (D + 1, P) of natural parameters, of each component."""
        by_share, by_correlation = self._family.slopes(self._parameters)
        columns, n_counts = self._family.columns_read, by_share.shape[1]
        rows = np.concatenate([columns, np.full(n_counts, self.n_numbers - 1)])
        places = 1 + np.tile(np.arange(n_counts), 2)
        shape = (self.n_numbers, self.n_extra)
        # Counts of totals have no share: their own is nothing, in the row of the correlation.
        return [
            csr_array((np.concatenate(own), (rows, places)), shape=shape)
            for own in zip(by_share, by_correlation, strict=True)
        ]

    def scores(self, rows: Any) -> Float:
        """Return ∂ log f_k / ∂ξ (K, D + 1, n)."""
        features = self._features(rows)
        return np.stack([(own @ features).toarray() for own in self._slopes])

    def extra(self, rows: Any, responsibilities: Float) -> Float:
        """Return Σ w r φ(x) (K, P)."""
        return (self._features(rows) @ responsibilities.T).T

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return Σ w r ∇² log f_k (K, D + 1, D + 1): probabilities bend alone, ρ with each."""
        twice, across, last = self._family.curvatures(self._parameters)
        counts, columns = extra[:, 1:], self._family.columns_read
        found = np.zeros((len(extra), self.n_numbers, self.n_numbers))
        for k in range(len(extra)):
            for place, bends in ((np.arange(self.n_numbers), twice), (self.n_numbers - 1, across)):
                sums = np.bincount(columns, counts[k] * bends[k], minlength=self.n_numbers)
                found[k, np.arange(self.n_numbers), place] = sums
            found[k, -1] = found[k, :, -1]
            found[k, -1, -1] = counts[k] @ last[k]
        return found

    def gradient(self, moments: Any) -> Float:
        """Return Σ w r ∂ log f_k / ∂ξ (K, D + 1)."""
        pairs = zip(self._slopes, moments.features, strict=True)
        return np.stack([own @ sums for own, sums in pairs])

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the chart of the simplex, and of ρ as it is."""
        free = np.ones(self.values.shape, dtype=bool) if fixed is None else ~fixed
        indices = [f", {j}" for j in range(self.n_numbers - 1)]
        shares = simplices("probabilities", free[:, :-1], [0], indices)
        return side_by_side([shares, identity("correlations", free[:, -1:], [""])])

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return probabilities (K, D) and correlations (K,)."""
        return {"probabilities": numbers[:, :-1], "correlations": numbers[:, -1]}

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return a gradient likewise."""
        return self.arranged(gradient)

    def _features(self, rows: Any) -> Any:
        """Return φ(x) (P, n)."""
        cells = self._family.cells(rows)
        return hstack([csr_array(np.ones((cells.shape[0], 1))), cells], format="csr").T.tocsr()
