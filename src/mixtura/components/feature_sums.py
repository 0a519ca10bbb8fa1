"""Values of exponential families: tiles, sums, totals and moments of features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from mixtura.sums import Sums

__all__ = ["FeatureMoments", "FeatureSums", "FeatureTile", "FeatureTotals"]

Float = NDArray[np.float64]


@final
class FeatureTile:
    """A tile of rows, whose features are made when they are asked for first.

    Parameters
    ----------
    rows : (n, D) as they came
    workspace : (P, n) for φ(x)
    fill : writes φ(x) of rows there
    """

    __slots__ = ("_fill", "is_made", "rows", "workspace")

    def __init__(
        self, rows: NDArray[Any], workspace: Float, fill: Callable[[NDArray[Any], Float], None]
    ) -> None:
        self.rows, self.workspace, self._fill = rows, workspace, fill
        self.is_made = False

    @property
    def n_rows(self) -> int:
        """Return n."""
        return len(self.rows)

    @property
    def features(self) -> Float:
        """Return φ(x) (P, n)."""
        if not self.is_made:
            self._fill(self.rows, self.workspace)
            self.is_made = True
        return self.workspace

    def sum(self, row_weights: Float) -> Float:
        """Return Σ w φ(x) (P,)."""
        return self.features @ row_weights


@dataclass(frozen=True, slots=True)
class FeatureSums(Sums):
    """Statistics of an exponential family: ``features`` (K, P) holds Σ w r φ(x)."""

    features: Float

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(self.features[components])


@dataclass(frozen=True, slots=True)
class FeatureTotals(Sums):
    """Sums over all rows, whatever their component.

    Attributes
    ----------
    features : (P,) Σ w φ(x); the first is Σ w
    log_base : Σ w log h(x)
    """

    features: Float
    log_base: float


@dataclass(frozen=True, slots=True)
class FeatureMoments:
    """What the M-step reads.

    Attributes
    ----------
    features : (K, P) Σ w r φ(x); the first column is N_k
    log_base : Σ w log h(x) over all rows
    """

    features: Float
    log_base: float

    @property
    def effective_rows(self) -> Float:
        """Return N_k (K,)."""
        return self.features[:, 0]

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together."""
        return replace(
            self, features=self.features + other.features, log_base=self.log_base + other.log_base
        )

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        return replace(self, features=self.features * factor, log_base=self.log_base * factor)

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        return replace(self, features=self.features[components])

    def plus(self, features: Float) -> Self:
        """Return the moments with the given features (P,) added to those of every component."""
        return replace(self, features=self.features + features)

    def collapsed(self) -> NDArray[np.bool_]:
        """Return False for every component: probabilities and rates are bounded densities."""
        return np.zeros(len(self.features), dtype=bool)
