"""Parameters of K regressions, and the sums and moments that they are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.sums import Sums

__all__ = [
    "RegressionMoments",
    "RegressionParameters",
    "RegressionPrior",
    "RegressionSums",
    "RegressionTotals",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RegressionParameters:
    """Coefficients and precisions.

    Attributes
    ----------
    coefficients : (K, p) β_k, of terms in the family's frame
    precisions : (K,) τ_k: one over a variance, a gamma's shape, 1 where there is none
    """

    coefficients: Float
    precisions: Float

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.precisions)

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        return type(self)(self.coefficients[components], self.precisions[components])

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        return cls(
            np.concatenate([part.coefficients for part in parts]),
            np.concatenate([part.precisions for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class RegressionSums(Sums):
    """Sums over rows, at the coefficients of a sweep.

    Attributes
    ----------
    rows : (K,) Σ w r
    cells : (K,) the same of responses, of which a row may have several
    losses : (K,) Σ w r l
    gradient : (K, p) Σ w r (-∂l/∂η) z
    pairs : (K, P) the upper triangle of Σ w r ∂²l/∂η² z zᵀ
    """

    rows: Float
    cells: Float
    losses: Float
    gradient: Float
    pairs: Float

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(*(getattr(self, field.name)[components] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class RegressionTotals(Sums):
    """Sums over all rows, whatever their component.

    Attributes
    ----------
    weight : Σ w
    log_base : Σ w log h(y)
    """

    weight: float
    log_base: float

    @property
    def features(self) -> Float:
        """Return [Σ w], as sums of features begin."""
        return np.array([self.weight])


@dataclass(frozen=True, slots=True)
class RegressionMoments:
    """What the losses of components are about the coefficients of a sweep, to second order.

    Attributes
    ----------
    effective_rows, cells, losses, gradient : as in `RegressionSums`
    information : (K, p, p)
    about : the parameters of the sweep
    is_guess : whether there were none, and cells were told by themselves
    log_base : Σ w log h(y) of all rows
    """

    effective_rows: Float
    cells: Float
    losses: Float
    gradient: Float
    information: Float
    about: RegressionParameters
    is_guess: bool
    log_base: float

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others, about the same parameters."""
        return self._but(
            {name: getattr(self, name) + getattr(other, name) for name in (*ADDED, "log_base")}
        )

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        return self._but({name: getattr(self, name) * factor for name in (*ADDED, "log_base")})

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        found: dict[str, Any] = {name: getattr(self, name)[components] for name in ADDED}
        return self._but({**found, "about": self.about.take(components)})

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no loss left."""
        return self.losses <= 0.0

    def _but(self, found: dict[str, Any]) -> Self:
        return replace(self, **found)


ADDED = ("effective_rows", "cells", "losses", "gradient", "information")


@dataclass(frozen=True, slots=True)
class RegressionPrior:
    """A penalty that keeps variances above 0: so many cells of an average loss.

    Attributes
    ----------
    cells : ν; none where densities are bounded, or nothing is to keep them
    loss : of each
    """

    cells: float
    loss: float

    @property
    def supports(self) -> bool:
        """Return whether a component may rest on it alone."""
        return False

    def augment(self, moments: RegressionMoments) -> RegressionMoments:
        """Return the moments with the penalty's pseudo-rows, which say nothing of coefficients."""
        cells, losses = moments.cells + self.cells, moments.losses + self.cells * self.loss
        return replace(moments, cells=cells, losses=losses)

    def log_density(self, parameters: RegressionParameters) -> float:
        """Return ν Σ_k (log τ_k / 2 - τ_k l), up to a constant."""
        if not self.cells:
            return 0.0
        precisions = parameters.precisions
        return self.cells * float((0.5 * np.log(precisions) - precisions * self.loss).sum())
