"""Mixtures of Gaussians of one column: what they are, modes, level sets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.univariate import Law, Univariate
from mixtura.errors import ParameterError

__all__ = ["OneColumn", "gaussian_law"]

Float = NDArray[np.float64]

# Where modes are looked for: this many standard deviations about each mean, this finely.
REACH, GRID = 6.0, 241


def gaussian_law(means: Float, deviations: Float) -> Law:
    """Return the distributions N(μ_k, σ_k²) of means and deviations (K,)."""
    heights = 1.0 / (deviations * np.sqrt(2 * np.pi))
    return Law(
        lambda points: ndtr((points - means) / deviations),
        lambda points: ndtr((means - points) / deviations),
        lambda points: np.exp(-0.5 * ((points - means) / deviations) ** 2) * heights,
        lambda levels: means + deviations * ndtri(levels),
    )


@dataclass(frozen=True, slots=True)
class OneColumn:
    """Σ_k π_k N(μ_k, σ_k²).

    Attributes
    ----------
    weights, means, deviations : (K,) π_k, μ_k and σ_k
    """

    weights: Float
    means: Float
    deviations: Float

    @classmethod
    def of(cls, weights: Float, family: Any, parameters: Any) -> "OneColumn":
        """Return the mixture of a Gaussian family of one column.

        Raises
        ------
        ParameterError
            If it is of another family, with noise, or there are more columns.
        """
        if family.has_noise:
            raise ParameterError(
                "noise is as dense everywhere, so no probability lies below a point; fit the "
                "mixture without noise for this"
            )
        if not isinstance(family, GaussianFamily) or family.n_columns != 1:
            raise ParameterError(
                "this is for Gaussian mixtures of one column; take one by marginal([column]) first"
            )
        given: GaussianParameters = parameters
        deviations = 1.0 / given.covariance.factors.reshape(len(weights))
        return cls(weights, given.means[:, 0], deviations)

    def density(self, points: Float) -> Float:
        """Return f(x) of points of any shape."""
        standard = self._standard(points)
        heights = self.weights / (self.deviations * np.sqrt(2 * np.pi))
        return np.exp(-0.5 * standard**2) @ heights

    def slope(self, points: Float) -> Float:
        """Return f'(x)."""
        standard = self._standard(points)
        heights = self.weights / (self.deviations**2 * np.sqrt(2 * np.pi))
        return -(standard * np.exp(-0.5 * standard**2)) @ heights

    def cdf(self, points: Float) -> Float:
        """Return P(X <= x) = Σ_k π_k Φ((x - μ_k) / σ_k)."""
        return self._whole().cdf(points)

    def quantile(self, levels: Float) -> Float:
        """Return x with P(X <= x) = level, of levels (n,) between 0 and 1."""
        return self._whole().quantile(levels)

    def turning_points(self) -> Float:
        """Return where f' changes sign, in ascending order: modes and antimodes in turn."""
        unit = self._unit()
        return unit * self._divided(unit)._turns()

    def above(self, height: float) -> Float:
        """Return the intervals (M, 2) where f(x) >= height."""
        unit = self._unit()
        return unit * self._divided(unit)._higher(height * unit)

    def mirrored(self) -> "OneColumn":
        """Return the distribution of -X."""
        return OneColumn(self.weights, -self.means, self.deviations)

    def _unit(self) -> float:
        """Return a power of two in which squares of slopes are numbers."""
        return float(2.0 ** np.frexp(self.deviations.min())[1])

    def _divided(self, unit: float) -> "OneColumn":
        return OneColumn(self.weights, self.means / unit, self.deviations / unit)

    def _turns(self) -> Float:
        steps = np.linspace(-REACH, REACH, GRID)
        grid = np.unique(self.means + self.deviations * steps[:, None])
        grid = grid[(grid >= self.means.min()) & (grid <= self.means.max())]
        width = self.deviations.min()
        grid = np.concatenate([[grid[0] - width], grid, [grid[-1] + width]])
        signs = np.sign(self.slope(grid))
        grid, signs = grid[signs != 0], signs[signs != 0]
        turns = np.flatnonzero(signs[1:] != signs[:-1])
        return np.array(
            [
                scipy.optimize.brentq(self._slope_at, grid[i], grid[i + 1], xtol=1e-300)
                for i in turns
            ]
        )

    def _higher(self, height: float) -> Float:
        turns = self._turns()
        far = self.quantile(np.array([1e-300]))[0], -self.mirrored().quantile(np.array([1e-300]))[0]
        stops = np.concatenate([[far[0]], turns, [far[1]]])
        excess = self.density(stops) - height
        ends = [
            scipy.optimize.brentq(
                lambda x: self._density_at(x) - height, stops[i], stops[i + 1], xtol=1e-300
            )
            for i in range(len(stops) - 1)
            if excess[i] * excess[i + 1] < 0
        ]
        return np.array(ends).reshape(-1, 2)

    def _whole(self) -> Univariate:
        return Univariate(self.weights, gaussian_law(self.means, self.deviations))

    def _standard(self, points: Float) -> Float:
        return (np.asarray(points)[..., None] - self.means) / self.deviations

    def _slope_at(self, point: float) -> float:
        return float(self.slope(np.array(point)))

    def _density_at(self, point: float) -> float:
        return float(self.density(np.array(point)))
