"""Counts with zeros of their own, by SciPy and mpmath, for the table of families."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import NDArray
from scipy import stats

Float = NDArray[np.float64]
Logs = Callable[..., NDArray[Any]]


class Altered:
    """A distribution of SciPy with a probability of 0 of its own."""

    def __init__(self, law: Any, zeros: Float) -> None:
        self._law, self._zeros = law, zeros

    def logpmf(self, rows: Float) -> Float:
        above = np.log1p(-self._zeros) + self._law.logpmf(rows) - self._law.logsf(0)
        return np.where(rows > 0, above, np.log(self._zeros))

    def pmf(self, rows: Float) -> Float:
        return np.where(rows < 0, 0.0, np.exp(self.logpmf(rows)))

    def cdf(self, rows: Float) -> Float:
        scale = (1 - self._zeros) / self._law.sf(0)
        found = self._zeros + scale * (self._law.cdf(rows) - self._law.cdf(0))
        return np.where(np.asarray(rows) < 0, 0.0, found)

    def sf(self, rows: Float) -> Float:
        scale = (1 - self._zeros) / self._law.sf(0)
        return np.where(np.asarray(rows) < 0, 1.0, scale * self._law.sf(rows))

    def ppf(self, levels: Float) -> Float:
        below = self._law.cdf(0)
        inside = below + (levels - self._zeros) * self._law.sf(0) / (1 - self._zeros)
        return np.where(levels <= self._zeros, 0.0, self._law.ppf(np.clip(inside, 0, 1)))

    def isf(self, levels: Float) -> Float:
        return self.ppf(1 - np.asarray(levels))

    def median(self) -> Float:
        return self.ppf(0.5)

    def interval(self, share: float) -> tuple[Float, Float]:
        return self.ppf(0.5 - share / 2), self.ppf(0.5 + share / 2)

    def entropy(self) -> Float:
        logs = self.logpmf(np.arange(20_000.0))
        return -(np.exp(logs) * logs).sum()

    def std(self) -> Float:
        return np.sqrt(self.var())

    def rvs(self, random_state: np.random.Generator) -> Float:
        return self.ppf(random_state.random(self._zeros.shape))

    def mean(self) -> Float:
        return (1 - self._zeros) * self._law.mean() / self._law.sf(0)

    def var(self) -> Float:
        square = self._law.var() + self._law.mean() ** 2
        return (1 - self._zeros) * square / self._law.sf(0) - self.mean() ** 2


def hurdle(law: Callable[..., Any]) -> Callable[..., Altered]:
    """Return what makes a hurdle of numbers of a law, and the probability of 0."""
    return lambda *numbers: Altered(law(*numbers[:-1]), numbers[-1])


def inflated(law: Callable[..., Any]) -> Callable[..., Altered]:
    """Return what makes a zero-inflated law of its numbers, and the share of further zeros."""

    def made(*numbers: Float) -> Altered:
        own, share = law(*numbers[:-1]), numbers[-1]
        return Altered(own, share + (1 - share) * own.pmf(0))

    return made


class OfAnySize:
    """SciPy's negative binomial, and its Poisson where a size is infinite."""

    def __init__(self, means: Float, sizes: Float) -> None:
        self._endless = np.isinf(sizes)
        finite = np.where(self._endless, 1.0, sizes)
        self._laws = stats.poisson(means), stats.nbinom(finite, finite / (finite + means))

    def __getattr__(self, name: str) -> Any:
        ways = [getattr(law, name) for law in self._laws]
        return lambda *points: np.where(self._endless, *(way(*points) for way in ways))


def negative_binomial(means: Float, sizes: Float) -> Any:
    """Return SciPy's law."""
    if np.isfinite(sizes).all():
        return stats.nbinom(sizes, sizes / (sizes + means))
    return OfAnySize(means, sizes)


def hurdle_logs(cells: Callable[..., NDArray[Any]]) -> Logs:
    """Return log f_k(x) (n, K), of that (n, K, D) of a law by its numbers."""

    def logs(rows: Float, *numbers: NDArray[Any]) -> NDArray[Any]:
        x, q = rows[:, None] + 0j, numbers[-1]
        above = cells(x, *numbers[:-1]) - np.log(1 - np.exp(cells(0 * x, *numbers[:-1])))
        return np.where(x.real > 0, np.log(1 - q) + above, np.log(q + 0j)).sum(axis=2)

    return logs


def inflated_logs(cells: Callable[..., NDArray[Any]]) -> Logs:
    """Return log f_k(x) (n, K), of that (n, K, D) of a law by its numbers."""

    def logs(rows: Float, *numbers: NDArray[Any]) -> NDArray[Any]:
        x, p = rows[:, None] + 0j, numbers[-1]
        counted = np.log(1 - p + 0j) + cells(x, *numbers[:-1])
        none = np.log(p + (1 - p) * np.exp(cells(0 * x, *numbers[:-1])))
        return np.where(x.real > 0, counted, none).sum(axis=2)

    return logs


def exact_hurdle(exact: Callable[..., Any]) -> Callable[..., Any]:
    """Return log f(x) by mpmath, of that of the counts."""

    def log(x: Any, *numbers: Any) -> Any:
        if x == 0:
            return mp.log(numbers[-1])
        rest = mp.log(1 - mp.exp(exact(mp.mpf(0), *numbers[:-1])))
        return mp.log(1 - numbers[-1]) + exact(x, *numbers[:-1]) - rest

    return log


def exact_inflated(exact: Callable[..., Any]) -> Callable[..., Any]:
    """Return log f(x) by mpmath, of that of the counts."""

    def log(x: Any, *numbers: Any) -> Any:
        counted = mp.log(1 - numbers[-1]) + exact(x, *numbers[:-1])
        return counted if x else mp.log(numbers[-1] + mp.exp(counted))

    return log
