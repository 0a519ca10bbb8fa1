"""Values of components beside noise: parameters, moments and a penalty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["NoisyMoments", "NoisyParameters", "NoisyPrior", "last_of"]

Float = NDArray[np.float64]


def last_of(n_components: int) -> NDArray[np.bool_]:
    """Return which of so many components (K',) is noise: the last."""
    noise = np.zeros(n_components, dtype=bool)
    noise[-1] = True
    return noise


@dataclass(frozen=True, slots=True)
class NoisyParameters:
    """The parameters of a family, and which components are noise.

    Attributes
    ----------
    inner : those of the components that are not noise, in their order
    noise : (K',) bool, over all components
    """

    inner: Any
    noise: NDArray[np.bool_]

    @property
    def n_components(self) -> int:
        """Return K', the noise counted."""
        return len(self.noise)

    @property
    def means(self) -> Float:
        """Return the means (K, D) of Gaussian components."""
        return self.inner.means

    @property
    def covariance(self) -> Any:
        """Return the covariances of Gaussian components."""
        return self.inner.covariance

    @classmethod
    def around(cls, inner: Any) -> Self:
        """Return components with noise as the last."""
        return cls(inner, last_of(inner.n_components + 1))

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        positions = np.arange(len(self.noise))[components]
        order = np.cumsum(~self.noise) - 1
        chosen = [int(order[position]) for position in positions if not self.noise[position]]
        return type(self)(self.inner.take(chosen), self.noise[positions])

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        inner = [part.inner for part in parts]
        noise = np.concatenate([part.noise for part in parts])
        return cls(type(inner[0]).concatenate(inner), noise)

    def placed(self, found: Mapping[int, tuple[int, ...]]) -> Mapping[int, tuple[int, ...]]:
        """Return what is found of components by their places among all (K',)."""
        places = np.flatnonzero(~self.noise).tolist()
        return {places[component]: columns for component, columns in found.items()}

    def padded(self) -> Any:
        """Return K' components of the family, with any one in place of the noise."""
        order = np.maximum(np.cumsum(~self.noise) - 1, 0)
        return self.inner.take([int(position) for position in order])


@dataclass(frozen=True, slots=True)
class NoisyMoments:
    """Moments of the components, and the effective rows of all.

    Attributes
    ----------
    effective_rows : (K',)
    inner : the moments of the components that are not noise
    noise : (K',) bool
    of_noise : Σ w r log f(x) of the noise
    """

    effective_rows: Float
    inner: Any
    noise: NDArray[np.bool_]
    of_noise: float

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together."""
        rows = self.effective_rows + other.effective_rows
        of_noise = self.of_noise + other.of_noise
        return type(self)(rows, self.inner + other.inner, self.noise, of_noise)

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        rows, inner = self.effective_rows * factor, self.inner.times(factor)
        return type(self)(rows, inner, self.noise, self.of_noise * factor)

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components, which hold the noise or none."""
        order = np.cumsum(~self.noise) - 1
        inner = self.inner.take([int(order[k]) for k in components if not self.noise[k]])
        noise = self.noise[components]
        return type(self)(self.effective_rows[components], inner, noise, self.of_noise)

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components have no spread in some direction; noise always has."""
        collapsed = np.zeros(len(self.noise), dtype=bool)
        collapsed[~self.noise] = self.inner.collapsed()
        return collapsed


@dataclass(frozen=True, slots=True)
class NoisyPrior:
    """A penalty on the components that are not noise."""

    inner: Any

    @property
    def supports(self) -> bool:
        """Return whether it supports them."""
        return self.inner.supports

    def augment(self, moments: NoisyMoments) -> NoisyMoments:
        """Return the moments, those of components with the pseudo-rows of their penalty."""
        return replace(moments, inner=self.inner.augment(moments.inner))

    def log_density(self, parameters: NoisyParameters) -> float:
        """Return the penalty, up to a constant."""
        return self.inner.log_density(parameters.inner)
