"""The ridgeline of two Gaussians: all modes of their mixture lie on it (Ray and Lindsay 2005)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.linalg import eigh, solve_triangular
from scipy.special import expit

__all__ = ["Ridgeline"]

Float = NDArray[np.float64]

# Places along the line, by their logits: where widths differ much, modes are near its ends.
PLACES = np.linspace(-40.0, 40.0, 1601)

# Of a column's variance, so many last digits are none in a direction that columns determine.
ROUNDED = 16


@dataclass(frozen=True, slots=True)
class Ridgeline:
    """x(α) = [(1-α) Σ_a⁻¹ + α Σ_b⁻¹]⁻¹ [(1-α) Σ_a⁻¹ μ_a + α Σ_b⁻¹ μ_b], α from 0 to 1.

    Attributes
    ----------
    origin : (D,) μ_a
    basis : (D, D) from coordinates in which Σ_a = I and Σ_b is diagonal
    widths : (D,) Σ_b there
    difference : (D,) μ_b - μ_a there
    """

    origin: Float
    basis: Float
    widths: Float
    difference: Float

    @classmethod
    def between(
        cls, one: Float, other: Float, covariance: Float, other_covariance: Float
    ) -> "Ridgeline":
        """Return the line from N(one, covariance) to N(other, other_covariance)."""
        factor, other_factor = _root(covariance), _root(other_covariance)
        half = solve_triangular(factor, other_factor @ other_factor.T, lower=True)
        widths, turned = eigh(solve_triangular(factor, half.T, lower=True))
        basis = factor @ turned
        difference = turned.T @ solve_triangular(factor, other - one, lower=True)
        return cls(one, basis, np.maximum(widths, np.finfo(float).tiny), difference)

    def points(self, places: Float) -> Float:
        """Return x(α) (M, D) of logits of α (M,)."""
        return self.origin + self._along(places) @ self.basis.T

    def elevation(self, places: Float, share: float) -> Float:
        """Return log[(1 - share) f_a + share f_b] (M,) but for a constant."""
        along = self._along(places)
        one = -0.5 * (along**2).sum(axis=1)
        distance = ((along - self.difference) ** 2 / self.widths).sum(axis=1)
        other = -0.5 * (distance + np.log(self.widths).sum())
        return np.logaddexp(np.log1p(-share) + one, np.log(share) + other)

    def valley(self, share: float) -> float:
        """Return the least density between the outermost modes over the lower of those two.

        One where there is a single mode.
        """
        heights = self.elevation(PLACES, share)
        # A flat stretch is no valley.
        rising = np.sign(np.where(np.abs(np.diff(heights)) < 1e-12, 0.0, np.diff(heights)))
        moves = np.flatnonzero(rising).tolist()
        turns = [
            (left + 1, right) for left, right in pairwise(moves) if rising[left] < 0 < rising[right]
        ]
        if not turns:
            return 1.0
        low = min(self._turn(share, left, right, 1.0) for left, right in turns)
        first, last = turns[0][0], turns[-1][1]
        ends = (heights[: first + 1], heights[last:])
        places = (int(ends[0].argmax()), last + int(ends[1].argmax()))
        tops = [-self._turn(share, place, place, -1.0) for place in places]
        return float(np.exp(min(low - min(tops), 0.0)))

    def _turn(self, share: float, left: int, right: int, sign: float) -> float:
        """Return the least of sign times the elevation about some places."""
        bounds = PLACES[max(left - 1, 0)], PLACES[min(right + 1, len(PLACES) - 1)]
        found = scipy.optimize.minimize_scalar(
            lambda place: sign * float(self.elevation(np.array([place]), share)[0]),
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-9},
        )
        return float(found.fun)

    def _along(self, places: Float) -> Float:
        """Return x(α) - μ_a (M, D) in the coordinates of the line."""
        near, far = expit(-places)[:, None], expit(places)[:, None]
        return far * self.difference / (near * self.widths + far)


def _root(covariance: Float) -> Float:
    """Return a lower factor of a covariance (D, D), with the least width that rounding leaves."""
    try:
        found = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        least = ROUNDED * len(covariance) * np.finfo(np.float64).eps * np.diagonal(covariance)
        found = np.linalg.cholesky(covariance + np.diag(least))
    return np.asarray(found, dtype=np.float64)
