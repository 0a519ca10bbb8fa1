"""Parameters of K factor analysers, and the sums that they are computed from.

No array is wider than D columns times a few directions: of a scatter W only its diagonal is kept,
and what it makes of the directions that a sweep projected deviations on.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import VANISHED
from mixtura.components.stacked import Stacked
from mixtura.sums import Sums

__all__ = [
    "VANISHED",
    "FactorParameters",
    "FactorSums",
    "FactorTotals",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FactorParameters(Stacked):
    """Components x = μ_k + Λ_k z + e, z standard normal, e normal of variances Ψ_k.

    Attributes
    ----------
    means : (K, D) μ_k
    loadings : (K, D, q) Λ_k
    noise : (K, D) the diagonals of Ψ_k
    """

    means: Float
    loadings: Float
    noise: Float

    @property
    def n_factors(self) -> int:
        """Return q."""
        return self.loadings.shape[2]

    def padded(self) -> Self:
        """Return the parameters themselves: no component is noise."""
        return self

    def factor_maps(self) -> tuple[Float, Float]:
        """Return maps (K, q, D) from deviations to factors' means, and -½ log|Σ_k| (K,)."""
        weighted = self.loadings / self.noise[:, :, None]
        inner = self.loadings.transpose(0, 2, 1) @ weighted + np.eye(self.n_factors)
        determinants = np.linalg.slogdet(inner)[1] + np.log(self.noise).sum(axis=1)
        maps: Any = np.linalg.solve(inner, weighted.transpose(0, 2, 1))
        return maps, -0.5 * determinants

    def variances(self) -> Float:
        """Return the diagonals (K, D) of the covariances."""
        return (self.loadings**2).sum(axis=2) + self.noise

    def dense(self) -> Float:
        """Return the covariances (K, D, D), for who asks for them."""
        found = self.loadings @ self.loadings.transpose(0, 2, 1)
        columns = np.arange(self.means.shape[1])
        found[:, columns, columns] += self.noise
        return found


@dataclass(frozen=True, slots=True)
class FactorSums(Sums):
    """Sums over rows, of deviations d from some centres and their projections z.

    Attributes
    ----------
    rows : (K,) Σ w r
    first : (K, D) Σ w r d
    second : (K, D) Σ w r d²
    crossed : (K, D, p) Σ w r d zᵀ
    sketched : (K,) above 0 where z are projections on directions drawn at random, as at a start
    """

    rows: Float
    first: Float
    second: Float
    crossed: Float
    sketched: Float

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(
            self.rows[components],
            self.first[components],
            self.second[components],
            self.crossed[components],
            self.sketched[components],
        )


@dataclass(frozen=True, slots=True)
class FactorTotals(Sums):
    """Sums over all rows, whatever their component: Σ w, Σ w x and Σ w x² by column."""

    weight: float
    first: Float
    second: Float
