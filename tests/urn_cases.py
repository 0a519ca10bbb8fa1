"""What SciPy and mpmath know of counts of draws that come in clusters."""

from typing import Any

import numpy as np
from mpmath import mp
from numpy.typing import NDArray
from scipy import stats
from scipy.special import loggamma

Float = NDArray[np.float64]


class BetaBinomial:
    """SciPy's beta-binomial by probability and correlation, and its binomial where that is 0."""

    def __init__(self, p: Float, correlations: Float, trials: Any = 12) -> None:
        self._varies = np.asarray(correlations > 0)
        odds = 1.0 / np.where(self._varies, correlations, 0.5) - 1.0
        self._law = stats.betabinom(trials, p * odds, (1 - p) * odds)
        self._plain = stats.binom(trials, p)

    def logpmf(self, rows: Float) -> Float:
        return np.where(self._varies, self._law.logpmf(rows), self._plain.logpmf(rows))

    def cdf(self, rows: Float) -> Float:
        return np.where(self._varies, self._law.cdf(rows), self._plain.cdf(rows))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._law if self._varies.all() else self._plain, name)


class DirichletMultinomial:
    """SciPy's, by probabilities (D,) and correlation, and its multinomial where that is 0."""

    def __init__(self, total: int, p: Float, correlation: float) -> None:
        odds = 1.0 / correlation - 1.0 if correlation > 0 else np.inf
        self._law: Any = stats.multinomial(total, p / p.sum())
        if correlation > 0:
            self._law = stats.dirichlet_multinomial(np.maximum(p, 1e-150) * odds, total)

    def logpmf(self, rows: Float) -> Float:
        return np.array([self._law.logpmf(row.astype(int)) for row in rows])


def beta_binomial_logs(rows: Float, p: NDArray[Any], correlations: NDArray[Any]) -> NDArray[Any]:
    x, both = rows[:, None] + 0j, (1 - correlations) / correlations + 0j
    a, b = p * both, (1 - p) * both
    rising = loggamma(x + a) - loggamma(a) + loggamma(12 - x + b) - loggamma(b)
    return (rising + loggamma(both) - loggamma(12 + both)).sum(axis=2)


def exact_beta_binomial(x: Any, p: Any, correlation: Any) -> Any:
    a, b = (each * (1 - correlation) / correlation for each in (p, 1 - p))
    return mp.log(mp.binomial(12, x) * mp.beta(x + a, 12 - x + b) / mp.beta(a, b))
