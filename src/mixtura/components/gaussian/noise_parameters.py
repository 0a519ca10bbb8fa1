"""Values of Gaussian components beside noise: parameters, moments and a penalty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters
from mixtura.components.gaussian.prior import GaussianPrior

__all__ = ["NoisyMoments", "NoisyParameters", "NoisyPrior"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NoisyParameters:
    """Gaussian parameters, and which components are noise.

    Attributes
    ----------
    gaussians : those of the components that are not noise, in their order
    noise : (K',) bool, over all components
    """

    gaussians: GaussianParameters
    noise: NDArray[np.bool_]

    @property
    def n_components(self) -> int:
        """Return K', the noise counted."""
        return len(self.noise)

    @property
    def means(self) -> Float:
        """Return the means (K, D) of the Gaussian components."""
        return self.gaussians.means

    @property
    def covariance(self) -> Any:
        """Return the covariances of the Gaussian components."""
        return self.gaussians.covariance

    @classmethod
    def around(cls, gaussians: GaussianParameters) -> Self:
        """Return Gaussian components with noise as the last."""
        noise = np.zeros(gaussians.n_components + 1, dtype=bool)
        noise[-1] = True
        return cls(gaussians, noise)

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        positions = np.arange(len(self.noise))[components]
        order = np.cumsum(~self.noise) - 1
        chosen = [int(order[position]) for position in positions if not self.noise[position]]
        return type(self)(self.gaussians.take(chosen), self.noise[positions])

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        return cls(
            GaussianParameters.concatenate([part.gaussians for part in parts]),
            np.concatenate([part.noise for part in parts]),
        )

    def padded(self) -> GaussianParameters:
        """Return K' Gaussian components, with any one in place of the noise."""
        order = np.maximum(np.cumsum(~self.noise) - 1, 0)
        return self.gaussians.take([int(position) for position in order])


@dataclass(frozen=True, slots=True)
class NoisyMoments:
    """Moments of the Gaussian components, and the effective rows of all."""

    effective_rows: Float
    gaussians: GaussianMoments
    noise: NDArray[np.bool_]

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components have no spread in some direction; noise always has."""
        collapsed = np.zeros(len(self.noise), dtype=bool)
        collapsed[~self.noise] = self.gaussians.collapsed()
        return collapsed


@dataclass(frozen=True, slots=True)
class NoisyPrior:
    """A penalty on the Gaussian components."""

    gaussians: GaussianPrior

    @property
    def supports(self) -> bool:
        """Return whether that of the Gaussian components supports them."""
        return self.gaussians.supports

    def log_density(self, parameters: NoisyParameters) -> float:
        """Return the penalty, up to a constant."""
        return self.gaussians.log_density(parameters.gaussians)
