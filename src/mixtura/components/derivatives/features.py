"""Derivatives of draws and categories by their probabilities, which sum to one in groups."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.derivatives.chart import Chart, simplices
from mixtura.components.derivatives.contract import Edge, Scale, edge_rows
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.simplex import SMALLEST

__all__ = [
    "CategoricalDerivatives",
    "MultinomialDerivatives",
]

Float = NDArray[np.float64]


class GroupedDerivatives(ABC):
    """log f_k(x) = Σ_j φ_j(x) log p_kj, with groups of probabilities that sum to one."""

    def __init__(self, family: Any, parameters: Any) -> None:
        self.family = family
        self.values: Float = parameters.probabilities

    @abstractmethod
    def starts(self) -> Sequence[int]:
        """Return where each group begins."""

    @property
    def n_numbers(self) -> int:
        """Return q."""
        return self.values.shape[1]

    @property
    def n_extra(self) -> int:
        """Return P."""
        return self.family.width()

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return that all are shares (q,)."""
        return np.full(self.n_numbers, Scale.SHARE, dtype=np.int8)

    def edge(self, effective_rows: Float) -> Edge:
        """Return which numbers hardly any row speaks of: none where a group has one level."""
        sizes = np.diff([*self.starts(), self.n_numbers])
        alone = np.repeat(sizes == 1, sizes)
        support = np.where(alone, np.inf, effective_rows[:, None] * self.values)
        numbers = support < edge_rows(effective_rows)
        if not numbers.any():
            return Edge(numbers)
        k, a = np.argwhere(numbers)[0]
        value = self.values[k, a]
        return Edge(numbers, f"probabilities[{k}, {a}] is {value:.3g}, on the edge of its range")

    def scores(self, rows: Any) -> Float:
        """Return x_j / p_kj (K, q, n), not finite where p is 0 and divides by it."""
        features = self._features(rows)[1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([features / own[:, None] for own in self.values])

    def extra(self, rows: Any, responsibilities: Float) -> Float:
        """Return Σ w r φ(x) (K, P)."""
        return responsibilities @ self._features(rows).T

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return -Σ w r x_j / p_kj² as diagonal matrices (K, q, q), not finite where p is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([np.diag(own) for own in -extra[:, 1:] / self.values**2])

    def gradient(self, moments: Any) -> Float:
        """Return Σ w r x_j / p_kj (K, q).

        Where p is 0, logarithms and this both take it for 1e-300, and the quotient is right.
        """
        return moments.features[:, 1:] / np.maximum(self.values, SMALLEST)

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the chart of the simplices."""
        free = np.ones(self.values.shape, dtype=bool) if fixed is None else ~fixed
        indices = [f", {j}" for j in range(self.n_numbers)]
        return simplices("probabilities", free, self.starts(), indices)

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return the one array (K, q)."""
        return {"probabilities": numbers}

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return the one array (K, q)."""
        return {"probabilities": gradient}

    def _features(self, rows: Any) -> Float:
        dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
        features = np.ones((self.family.width(), len(dense)))
        self.family.fill(dense, features)
        return features


@final
class MultinomialDerivatives(GroupedDerivatives):
    """log f_k(x) = Σ_j x_j log p_kj + ..., Σ_j p_kj = 1."""

    family: MultinomialFamily

    def starts(self) -> Sequence[int]:
        """Return [0]: one group."""
        return [0]


@final
class CategoricalDerivatives(GroupedDerivatives):
    """log f_k(x) = Σ_j log p_kj[x_j], with a group for each item."""

    family: CategoricalFamily

    def starts(self) -> Sequence[int]:
        """Return where each item's levels begin."""
        return self.family.starts.tolist()
