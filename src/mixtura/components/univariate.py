"""Mixtures of one column: distribution function, its complement and quantiles, of any family."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Law", "Univariate"]

Float = NDArray[np.float64]

# Newton steps and bisections, far more than are ever taken.
MOST_STEPS = 300

# Whole numbers are looked for below this; floats have no others beyond.
MOST_COUNT = 2.0**1022


@dataclass(frozen=True, slots=True)
class Law:
    """The distributions of components of one column.

    Attributes
    ----------
    cdf, survival : P(X <= x) and P(X > x) (..., K) of points (..., 1)
    density : f(x) (..., K) likewise; None for whole numbers
    quantiles : x with P(X <= x) = level (..., K) of levels (..., 1); None for whole numbers
    last : the largest whole number there is
    """

    cdf: Callable[[Float], Float]
    survival: Callable[[Float], Float]
    density: Callable[[Float], Float] | None = None
    quantiles: Callable[[Float], Float] | None = None
    last: float = np.inf


@dataclass(frozen=True, slots=True)
class Univariate:
    """Σ_k π_k F_k(x).

    Attributes
    ----------
    weights : (K,) π_k
    law : of the components
    """

    weights: Float
    law: Law

    def cdf(self, points: Float) -> Float:
        """Return P(X <= x) of points of any shape."""
        return self.law.cdf(points[..., None]) @ self.weights

    def survival(self, points: Float) -> Float:
        """Return P(X > x), without the loss of 1 - P(X <= x) where that is small."""
        return self.law.survival(points[..., None]) @ self.weights

    def density(self, points: Float) -> Float:
        """Return f(x), where there is one."""
        assert self.law.density is not None
        return self.law.density(points[..., None]) @ self.weights

    def quantile(self, levels: Float) -> Float:
        """Return the least x with P(X <= x) >= level, of levels (n,) between 0 and 1."""
        if self.law.quantiles is None:
            return self._least_count(levels)
        return self._root(levels, self.law.quantiles(levels[:, None]))

    def _root(self, levels: Float, own: Float) -> Float:
        """Return x where P(X <= x) is the level.

        It lies between the smallest and the largest of the components' quantiles. Newton's steps
        are on the logarithm of the smaller tail; those that leave the bracket, and every third,
        are replaced by bisections.

        Parameters
        ----------
        own : (n, K) the quantiles of the components
        """
        low, high = own.min(axis=1), own.max(axis=1)
        found = low.copy()
        inside = np.flatnonzero((low < high) & np.isfinite(low) & np.isfinite(high))
        low, high, levels = low[inside], high[inside], levels[inside]
        point = own[inside] @ self.weights
        upper = levels > 0.5
        sign = np.where(upper, -1.0, 1.0)
        target = np.log(np.where(upper, 1.0 - levels, levels))
        for step in range(MOST_STEPS):
            tail = np.where(upper, self.survival(point), self.cdf(point))
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                excess = sign * (np.log(tail) - target)
                newton = point - excess * tail / self.density(point)
            low, high = np.where(excess < 0, point, low), np.where(excess > 0, point, high)
            good = (newton > low) & (newton < high) & (step % 3 < 2)
            moved = np.where(good, newton, 0.5 * (low + high))
            moved = np.where(excess == 0, point, moved)
            settled = np.abs(moved - point) <= 2e-16 * np.abs(point)
            point = moved
            if settled.all():
                break
        found[inside] = point
        return found

    def _least_count(self, levels: Float) -> Float:
        """Return the least whole number, which is below all of them for a level of 0, as SciPy's.

        Where P(X <= x) rounds, the smaller tail decides.
        """
        reaches = self._reaches(levels)
        low, high = np.full(levels.shape, -1.0), np.zeros(levels.shape)
        rising = np.flatnonzero(~reaches(high))
        while len(rising):
            low[rising], high[rising] = high[rising], 2.0 * high[rising] + 1.0
            rising = rising[(~reaches(high) & (high < MOST_COUNT))[rising]]
        while True:
            middle = np.floor(0.5 * (low + high))
            open_ = (middle > low) & (middle < high)
            if not open_.any():
                break
            above = reaches(np.where(open_, middle, high))
            low, high = np.where(open_ & ~above, middle, low), np.where(open_ & above, middle, high)
        found = np.where(levels > 0.0, high, -1.0)
        return np.where(levels < 1.0, found, self.law.last)

    def _reaches(self, levels: Float) -> Callable[[Float], NDArray[np.bool_]]:
        """Return what says whether P(X <= x) reaches the levels, by the smaller tail."""

        def reaches(points: Float) -> NDArray[np.bool_]:
            upper = self.survival(points) <= 1.0 - levels
            return np.where(levels > 0.5, upper, self.cdf(points) >= levels)

        return reaches
