"""Parameters of K contaminated normal components, and the sums and moments they are computed from.

Each component is two Gaussians about one mean: of good rows with the covariance Σ, and of bad ones
with η Σ.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import (
    VANISHED,
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
)
from mixtura.components.scaled_components import ScaledPrior
from mixtura.sums import Sums

__all__ = [
    "ContaminatedMoments",
    "ContaminatedParameters",
    "ContaminatedPrior",
    "ContaminatedSums",
]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class ContaminatedParameters:
    """Means, covariances of good rows, shares of these, and by how much bad rows are wider.

    Attributes
    ----------
    gaussian : the means μ_k, and the covariances Σ_k of good rows
    shares : (K,) α_k of good rows
    inflations : (K,) η_k, variances of bad rows over those of good ones
    """

    gaussian: GaussianParameters
    shares: Float
    inflations: Float

    @property
    def means(self) -> Float:
        """Return the means (K, D)."""
        return self.gaussian.means

    @property
    def covariance(self) -> Any:
        """Return the covariances of good rows."""
        return self.gaussian.covariance

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.shares)

    @cached_property
    def both(self) -> GaussianParameters:
        """Return the Gaussians (2 K) of good rows, then those of bad ones."""
        covariance = self.covariance
        shape = (-1, *(1,) * (covariance.factors.ndim - 1))
        factors = covariance.factors / np.sqrt(self.inflations).reshape(shape)
        bad = GaussianParameters(self.means, replace(covariance, factors=factors))
        return GaussianParameters.concatenate([self.gaussian, bad])

    @property
    def log_shares(self) -> Float:
        """Return log α and log (1 - α) (2 K,)."""
        return np.concatenate([np.log(self.shares), np.log1p(-self.shares)])

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        own = self.shares[components], self.inflations[components]
        return type(self)(self.gaussian.take(components), *own)

    def padded(self) -> Self:
        """Return the parameters themselves: no component is noise."""
        return self

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        return cls(
            GaussianParameters.concatenate([part.gaussian for part in parts]),
            np.concatenate([part.shares for part in parts]),
            np.concatenate([part.inflations for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class ContaminatedSums(Sums):
    """Sums over rows.

    Attributes
    ----------
    good, bad : sums in which a row counts w r v, and w r (1 - v), v the chance that it is good
    rows : (K,) Σ w r
    posterior : (K,) Σ w r times the entropy of v
    guessed : (K,) above 0 where v was told by the row alone, as at a start
    """

    good: GaussianSums
    bad: GaussianSums
    rows: Float
    posterior: Float
    guessed: Float

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(
            self.good.take(components),
            self.bad.take(components),
            self.rows[components],
            self.posterior[components],
            self.guessed[components],
        )


@dataclass(frozen=True, slots=True)
class ContaminatedMoments:
    """What the M-step reads.

    Attributes
    ----------
    good, bad : of rows that count by how good, and how bad they are
    inflations : (K,) of the sweep
    posterior : (K,) Σ w r times the entropy of v
    guessed : (K,) whether v was told by the row alone
    penalty : whose pseudo-rows are added to them, once it is known how bad rows count
    """

    good: GaussianMoments
    bad: GaussianMoments
    inflations: Float
    posterior: Float
    guessed: Float
    penalty: Any = None

    @property
    def effective_rows(self) -> Float:
        """Return N_k = Σ w r (K,)."""
        return self.good.effective_rows + self.bad.effective_rows

    @property
    def weighted(self) -> GaussianMoments:
        """Return moments in which bad rows count for less, as in the sweep."""
        return self.weighted_by(self.inflations)

    @property
    def counted(self) -> GaussianMoments:
        """Return their means and scatter beside the rows by which the scatter is divided."""
        return replace(self.weighted, effective_rows=self.effective_rows)

    def weighted_by(self, inflations: Float) -> GaussianMoments:
        """Return moments in which a bad row counts 1 / η."""
        good, bad = self.good, self.bad
        rows = good.effective_rows, bad.effective_rows / inflations
        total = np.maximum(rows[0] + rows[1], VANISHED)
        apart = bad.means - good.means
        means = good.means + (rows[1] / total)[:, None] * apart
        spread = apart**2 if good.scatter.ndim == 2 else apart[:, :, None] * apart[:, None, :]
        shape = (-1, *(1,) * (good.scatter.ndim - 1))
        scatter = good.scatter + bad.scatter / inflations.reshape(shape)
        scatter = scatter + (rows[0] * (rows[1] / total)).reshape(shape) * spread
        return GaussianMoments(rows[0] + rows[1], means, scatter, good.pooled)

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together."""
        return type(self)(
            self.good + other.good,
            self.bad + other.bad,
            self.inflations,
            self.posterior + other.posterior,
            self.guessed + other.guessed,
            self.penalty or other.penalty,
        )

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        both = self.good.times(factor), self.bad.times(factor)
        return type(self)(*both, self.inflations, self.posterior * factor, self.guessed)

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        return type(self)(
            self.good.take(components),
            self.bad.take(components),
            self.inflations[components],
            self.posterior[components],
            self.guessed[components],
        )

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no spread in some direction."""
        return self.weighted.collapsed()


class ContaminatedPrior(ScaledPrior):
    """A penalty on means and covariances; shares and inflations have none."""

    __slots__ = ()

    def augment(self, moments: ContaminatedMoments) -> ContaminatedMoments:
        """Return the moments with the penalty, whose pseudo-rows are neither good nor bad."""
        return replace(moments, penalty=self.inner)
