"""Parameters of K t components, and the sums and moments that they are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
)
from mixtura.components.scaled_components import ScaledPrior
from mixtura.sums import Sums

__all__ = [
    "StudentTMoments",
    "StudentTParameters",
    "StudentTPrior",
    "StudentTSums",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StudentTParameters:
    """Locations, scale matrices and degrees of freedom.

    Attributes
    ----------
    gaussian : the locations μ_k, and the scale matrices Σ_k as covariances
    degrees : (K,) float64, ν_k
    """

    gaussian: GaussianParameters
    degrees: Float

    @property
    def means(self) -> Float:
        """Return the locations (K, D)."""
        return self.gaussian.means

    @property
    def covariance(self) -> Any:
        """Return the scale matrices."""
        return self.gaussian.covariance

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.degrees)

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        return type(self)(self.gaussian.take(components), self.degrees[components])

    def padded(self) -> Self:
        """Return the parameters themselves: no component is noise."""
        return self

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        gaussian = GaussianParameters.concatenate([part.gaussian for part in parts])
        return cls(gaussian, np.concatenate([part.degrees for part in parts]))


@dataclass(frozen=True, slots=True)
class StudentTSums(Sums):
    """Sums over rows.

    Attributes
    ----------
    rows : (K,) Σ w r
    weighted : sums in which a row counts w r E[u]
    gaps : (K,) Σ w r E[u - log u - 1]
    posterior : (K,) Σ w r times the entropy of u given x, less E[log u]
    guessed : (K,) above 0 where u was told by the row alone, as at a start
    """

    rows: Float
    weighted: GaussianSums
    gaps: Float
    posterior: Float
    guessed: Float

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(
            self.rows[components],
            self.weighted.take(components),
            self.gaps[components],
            self.posterior[components],
            self.guessed[components],
        )


@dataclass(frozen=True, slots=True)
class StudentTMoments:
    """What the M-step reads.

    Attributes
    ----------
    effective_rows : (K,) N_k = Σ w r
    weighted : Σ w r u, and means and scatter of rows that count so
    gaps : (K,) Σ w r E[u - log u - 1]
    posterior : (K,) Σ w r times the entropy of u given x, less E[log u]
    pseudo : (K,) or 0, rows that a penalty added to the weighted ones, and which have no u
    """

    effective_rows: Float
    weighted: GaussianMoments
    gaps: Float
    posterior: Float
    pseudo: Float | float = 0.0

    @property
    def counted(self) -> GaussianMoments:
        """Return means and scatter beside the rows by which the scatter is divided."""
        return replace(self.weighted, effective_rows=self.effective_rows + self.pseudo)

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together."""
        return type(self)(
            self.effective_rows + other.effective_rows,
            self.weighted + other.weighted,
            self.gaps + other.gaps,
            self.posterior + other.posterior,
        )

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        rows, weighted = self.effective_rows * factor, self.weighted.times(factor)
        return type(self)(rows, weighted, self.gaps * factor, self.posterior * factor)

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        return type(self)(
            self.effective_rows[components],
            self.weighted.take(components),
            self.gaps[components],
            self.posterior[components],
        )

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no spread in some direction."""
        return self.weighted.collapsed()


class StudentTPrior(ScaledPrior):
    """A penalty on locations and scale matrices; degrees of freedom have none."""

    __slots__ = ()

    def augment(self, moments: StudentTMoments) -> StudentTMoments:
        """Return the moments with the penalty's pseudo-rows, which say nothing of u."""
        weighted = self.inner.augment(moments.weighted)
        more = weighted.effective_rows - moments.weighted.effective_rows
        return replace(moments, weighted=weighted, pseudo=more)
