"""Derivatives of the exponential families of counts and categories by their own parameters.

All of them have log f_k(x) = Σ_j a_j(x) g(p_kj) + b_j(x) h(p_kj), so the scores are linear in the
features and the second derivatives diagonal.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.derivatives.chart import Chart, identity, simplices
from mixtura.components.derivatives.contract import Edge, Scale, edge_rows
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.simplex import SMALLEST

__all__ = [
    "BernoulliDerivatives",
    "CategoricalDerivatives",
    "MultinomialDerivatives",
    "PoissonDerivatives",
]

Float = NDArray[np.float64]


class FeatureDerivatives(ABC):
    """Base: a concrete one says what the slopes and curvatures are, and what sums to one."""

    array: str = "probabilities"
    scale: int = Scale.SHARE

    def __init__(self, family: Any, parameters: Any) -> None:
        self.family = family
        self.parameters = parameters
        self.values: Float = getattr(parameters, self.array)

    @abstractmethod
    def slopes(self, values: Float, features: Float) -> Float:
        """Return <∂θ/∂p, φ> from values (q, 1) and features (P, n), or (q,) and (P,)."""

    @abstractmethod
    def curvatures(self, values: Float, features: Float) -> Float:
        """Return <∂²θ/∂p², φ> likewise."""

    @abstractmethod
    def support(self, effective_rows: Float) -> Float:
        """Return about how many of the rows (K,) speak of each number (K, q)."""

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
        """Return the scale of each number (q,)."""
        return np.full(self.n_numbers, self.scale, dtype=np.int8)

    def edge(self, effective_rows: Float) -> Edge:
        """Return which numbers hardly any row speaks of."""
        numbers = self.support(effective_rows) < edge_rows(effective_rows)
        if not numbers.any():
            return Edge(numbers)
        k, a = np.argwhere(numbers)[0]
        return Edge(
            numbers,
            f"{self.array}[{k}{self.indices()[a]}] is {self.values[k, a]:.3g}, on the edge of its "
            "range",
        )

    def scores(self, rows: Any) -> Float:
        """Return ∂ log f_k / ∂p_kj (K, q, n), not finite where p is 0 and divides by it."""
        features = self._features(rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([self.slopes(own[:, None], features) for own in self.values])

    def extra(self, rows: Any, shares: Float) -> Float:
        """Return Σ w r φ(x) (K, P)."""
        return shares @ self._features(rows).T

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return the diagonal matrices (K, q, q), not finite where p is 0."""
        pairs = zip(self.values, extra, strict=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([np.diag(self.curvatures(own, sums)) for own, sums in pairs])

    def gradient(self, moments: Any) -> Float:
        """Return Σ w r ∂ log f_k / ∂p_kj (K, q).

        Where p is 0, logarithms and this both take it for 1e-300, and the quotient is right.
        """
        inside = np.maximum(self.values, SMALLEST)
        pairs = zip(inside, moments.features, strict=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([self.slopes(own, sums) for own, sums in pairs])

    def indices(self) -> Sequence[str]:
        """Return how the numbers are called after the component's (q,)."""
        return [f", {j}" for j in range(self.n_numbers)]

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the chart in which every number is free."""
        return identity(self.array, self._free(fixed), self.indices())

    def _free(self, fixed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        return np.ones(self.values.shape, dtype=bool) if fixed is None else ~fixed

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return the one array (K, q)."""
        return {self.array: numbers}

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return the one array (K, q)."""
        return {self.array: gradient}

    def _features(self, rows: Any) -> Float:
        dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
        features = np.ones((self.family.width(), len(dense)))
        self.family.fill(dense, features)
        return features


class _GroupedDerivatives(FeatureDerivatives):
    """Σ_j x_j log p_kj, with groups of probabilities that sum to one."""

    @abstractmethod
    def starts(self) -> Sequence[int]:
        """Return where each group begins."""

    def slopes(self, values: Float, features: Float) -> Float:
        """Return x_j / p_j."""
        return features[1:] / values

    def curvatures(self, values: Float, features: Float) -> Float:
        """Return -x_j / p_j²."""
        return -features[1:] / values**2

    def support(self, effective_rows: Float) -> Float:
        """Return N_k p_kj, and all rows where a group has one level only."""
        sizes = np.diff([*self.starts(), self.n_numbers])
        alone = np.repeat(sizes == 1, sizes)
        return np.where(alone, np.inf, effective_rows[:, None] * self.values)

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the chart of the simplices."""
        return simplices(self.array, self._free(fixed), self.starts(), self.indices())


@final
class MultinomialDerivatives(_GroupedDerivatives):
    """log f_k(x) = Σ_j x_j log p_kj + ..., Σ_j p_kj = 1."""

    family: MultinomialFamily

    def starts(self) -> Sequence[int]:
        """Return [0]: one group."""
        return [0]


@final
class CategoricalDerivatives(_GroupedDerivatives):
    """log f_k(x) = Σ_j log p_kj[x_j], with a group for each item."""

    family: CategoricalFamily

    def starts(self) -> Sequence[int]:
        """Return where each item's levels begin."""
        return self.family.starts.tolist()


@final
class BernoulliDerivatives(FeatureDerivatives):
    """log f_k(x) = Σ_j x_j log p_kj + (1 - x_j) log (1 - p_kj) over the cells that are known."""

    family: BernoulliFamily

    def _counts(self, features: Float) -> tuple[Float, Float]:
        """Return the ones and the zeros among the cells known."""
        n_items = self.family.n_items
        ones = features[1 : 1 + n_items]
        known = features[1 + n_items :] if self.family.missing else features[:1]
        return ones, known - ones

    def slopes(self, values: Float, features: Float) -> Float:
        """Return x / p - (1 - x) / (1 - p)."""
        ones, zeros = self._counts(features)
        return ones / values - zeros / (1.0 - values)

    def curvatures(self, values: Float, features: Float) -> Float:
        """Return -x / p² - (1 - x) / (1 - p)²."""
        ones, zeros = self._counts(features)
        return -ones / values**2 - zeros / (1.0 - values) ** 2

    def support(self, effective_rows: Float) -> Float:
        """Return the rarer of ones and zeros."""
        return effective_rows[:, None] * np.minimum(self.values, 1.0 - self.values)


@final
class PoissonDerivatives(FeatureDerivatives):
    """log f_k(x) = Σ_j x_j log λ_kj - e λ_kj + ..."""

    family: PoissonFamily
    array = "rates"
    scale = Scale.POSITIVE

    def slopes(self, values: Float, features: Float) -> Float:
        """Return x / λ - e."""
        exposure = features[:1] if self.family.exposure is None else features[-1:]
        return features[1 : 1 + self.family.n_counts] / values - exposure

    def curvatures(self, values: Float, features: Float) -> Float:
        """Return -x / λ²."""
        return -features[1 : 1 + self.family.n_counts] / values**2

    def support(self, effective_rows: Float) -> Float:
        """Return N_k λ_kj, the count expected for an exposure of 1."""
        return effective_rows[:, None] * self.values
