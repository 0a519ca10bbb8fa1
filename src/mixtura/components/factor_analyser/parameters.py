"""Parameters of K factor analysers, and the sums and moments that they are computed from.

No array is wider than D columns times a few directions: of a scatter W only its diagonal is kept,
and what it makes of the directions that a sweep projected deviations on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.stacked import Stacked
from mixtura.errors import ParameterError
from mixtura.sums import Sums

__all__ = [
    "VANISHED",
    "FactorMoments",
    "FactorParameters",
    "FactorPrior",
    "FactorSums",
    "FactorTotals",
]

Float = NDArray[np.float64]

# A component with less than this of a row keeps what it is.
VANISHED = 1e-290
# A column with less than this of the widest column's scatter has none.
SINGULAR = 1e-24


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


@dataclass(frozen=True, slots=True)
class FactorMoments:
    """What the M-step reads; W_k is the scatter about the means.

    Attributes
    ----------
    effective_rows : (K,) N_k
    means : (K, D)
    scatter : (K, D) the diagonals of W_k
    crossed : (K, D, p) W_k P_kᵀ
    projection : (K, p, D) P_k, by which deviations were projected
    posterior : (K, p, p) the covariance of the factors given a row
    swept : the parameters of the sweep; None where projections are on directions drawn at random
    aim : where an extrapolation led, or None
    """

    effective_rows: Float
    means: Float
    scatter: Float
    crossed: Float
    projection: Float
    posterior: Float
    swept: FactorParameters | None
    aim: FactorParameters | None = None

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together, projected alike.

        Raises
        ------
        ParameterError
            If they were projected by other parameters: such sums do not add.
        """
        if not np.array_equal(self.projection, other.projection):
            raise ParameterError("sums of factor analysers add only under the same parameters")
        rows = self.effective_rows + other.effective_rows
        part = other.effective_rows / np.maximum(rows, VANISHED)
        shift = other.means - self.means
        weighted = (self.effective_rows * part)[:, None] * shift
        projected = np.einsum("kpd,kd->kp", self.projection, shift)
        return replace(
            self,
            effective_rows=rows,
            means=self.means + part[:, None] * shift,
            scatter=self.scatter + other.scatter + weighted * shift,
            crossed=self.crossed + other.crossed + weighted[:, :, None] * projected[:, None, :],
        )

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        return replace(
            self,
            effective_rows=self.effective_rows * factor,
            scatter=self.scatter * factor,
            crossed=self.crossed * factor,
        )

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        return replace(
            self,
            effective_rows=self.effective_rows[components],
            means=self.means[components],
            scatter=self.scatter[components],
            crossed=self.crossed[components],
            projection=self.projection[components],
            posterior=self.posterior[components],
            swept=None if self.swept is None else self.swept.take(components),
            aim=None if self.aim is None else self.aim.take(components),
        )

    def about(self, means: Float) -> Self:
        """Return the moments with scatter about other means (K, D)."""
        shift = self.means - means
        weighted = self.effective_rows[:, None] * shift
        projected = np.einsum("kpd,kd->kp", self.projection, shift)
        return replace(
            self,
            means=means,
            scatter=self.scatter + weighted * shift,
            crossed=self.crossed + weighted[:, :, None] * projected[:, None, :],
        )

    def factor_scatter(self) -> Float:
        """Return Σ w r E[z zᵀ] (K, q, q)."""
        found = self.projection @ self.crossed
        found = 0.5 * (found + found.transpose(0, 2, 1))
        return found + self.effective_rows[:, None, None] * self.posterior

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no spread in some column."""
        return self.scatter.min(axis=1) <= SINGULAR * self.scatter.max(axis=1)


@dataclass(frozen=True, slots=True)
class FactorPrior:
    """Least noise variances: a constraint, and no penalty.

    Attributes
    ----------
    floor : (D,) float64 in the frame's units; zero for pure maximum likelihood
    """

    floor: Float
    supports: ClassVar[bool] = False

    def augment(self, moments: FactorMoments) -> FactorMoments:
        """Return the moments as they are."""
        return moments

    def log_density(self, parameters: FactorParameters) -> float:
        """Return zero."""
        return 0.0
