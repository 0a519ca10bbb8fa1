"""Log masses and densities that keep their digits where counts or shapes are large.

x log λ - λ - log x! is a difference of terms of 1e16 nats for a count of 1e15, of which a dozen are
left. Loader (2000), "Fast and accurate computation of binomial probabilities", writes it as small
terms: a deviance and the error of Stirling's formula.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import gammaln

__all__ = [
    "LARGE",
    "beta_logs",
    "binomial_logs",
    "careful_sums",
    "gamma_logs",
    "negative_binomial_logs",
    "poisson_logs",
    "stirling",
]

Float = NDArray[np.float64]

# Up to here terms of the plain form leave ten digits.
LARGE = 1e4

HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)
# From here on five terms of Stirling's series have all digits.
SERIES_FROM = 16.0
# How close, and how many terms, of the series of a deviance.
CLOSE = 0.1
TERMS = 10


def stirling_error(x: Float) -> Float:
    """Return log Γ(x + 1) - (x + ½) log x + x - ½ log 2π for x > 0."""
    far = np.maximum(x, SERIES_FROM)
    square = far * far
    series = 1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square
    found = np.asarray((1 / 12 - (1 / 360 - series / square) / square) / far)
    near = x[is_near := x < SERIES_FROM]
    found[is_near] = gammaln(near + 1) - (near + 0.5) * np.log(near) + near - HALF_LOG_TWO_PI
    return found


def stirling(shapes: Float) -> Float:
    """Return log Γ(a) - a log a + a, which grows as log a only."""
    return HALF_LOG_TWO_PI - 0.5 * np.log(shapes) + stirling_error(shapes)


def deviance(x: Float, mean: Float) -> Float:
    """Return x log(x / m) + m - x for x, m > 0, by a series where they are close."""
    gap = x - mean
    v = gap / (x + mean)
    total, term, square = gap * v, 2 * x * v, v * v
    with np.errstate(under="ignore"):
        for j in range(1, TERMS):
            term *= square
            total += term / (2 * j + 1)
    return np.where(np.abs(v) < CLOSE, total, x * np.log(x / mean) + mean - x)


def poisson_logs(x: Float, mean: Float) -> Float:
    """Return x log m - m - log Γ(x + 1) for x >= 0, m > 0."""
    some = np.where(x > 0, x, 1.0)
    logs = -stirling_error(some) - deviance(some, mean) - HALF_LOG_TWO_PI - 0.5 * np.log(some)
    return np.where(x > 0, logs, -mean)


def gamma_logs(x: Float, shape: Float, rate: Float) -> Float:
    """Return the log density of a gamma: that of a Poisson with the count a - 1, or a below 1."""
    mean = rate * x
    above = np.log(rate) + poisson_logs(np.maximum(shape - 1, 0.0), mean)
    below = np.log(shape) - np.log(x) + poisson_logs(shape, mean)
    return np.where(shape >= 1, above, below)


def beta_logs(x: Float, first: Float, second: Float) -> Float:
    """Return the log density of a beta: deviances of its shapes from those of the share x."""
    whole = first + second
    heights = stirling(whole) - stirling(first) - stirling(second)
    logs = heights - deviance(first, whole * x) - deviance(second, whole * (1.0 - x))
    return logs - np.log(x) - np.log1p(-x)


def binomial_logs(x: Float, trials: Float, success: Float, failure: Float) -> Float:
    """Return log n! - log x! - log (n - x)! + x log p + (n - x) log q for p, q > 0, 0 <= x <= n."""
    rest = trials - x
    some, others = np.where(x > 0, x, 1.0), np.where(rest > 0, rest, 1.0)
    logs = (
        stirling_error(np.broadcast_to(trials, x.shape))
        - stirling_error(some)
        - stirling_error(others)
        - deviance(some, trials * success)
        - deviance(others, trials * failure)
        + 0.5 * (np.log(trials) - np.log(some) - np.log(others))
        - HALF_LOG_TWO_PI
    )
    # The logarithm of the larger one of p and q keeps its digits as that of one less the other.
    every = trials * np.where(success > 0.5, np.log1p(-np.minimum(failure, 0.5)), np.log(success))
    none = trials * np.where(failure > 0.5, np.log1p(-np.minimum(success, 0.5)), np.log(failure))
    return np.where(rest > 0, np.where(x > 0, logs, none), every)


def negative_binomial_logs(x: Float, mean: Float, size: Float) -> Float:
    """Return log Γ(x + r) - log Γ(r) - log x! + r log(r / (r + m)) + x log(m / (r + m))."""
    endless = np.isinf(size)
    if endless.all():
        return poisson_logs(x, mean)
    r = np.where(endless, 1.0, size)
    some = np.where(x > 0, x, 1.0)
    n = some + r
    logs = (
        np.log(r / n)
        + (stirling_error(n) - stirling_error(r) - stirling_error(some))
        - deviance(r, n * (r / (r + mean)))
        - deviance(some, n * (mean / (r + mean)))
        + 0.5 * (np.log(n) - np.log(r) - np.log(some))
        - HALF_LOG_TWO_PI
    )
    finite = np.where(x > 0, logs, -r * np.log1p(mean / r))
    return np.where(endless, poisson_logs(x, mean), finite) if endless.any() else finite


def careful_sums(rows: Any, numbers: Sequence[Float], logs: Callable[..., Float]) -> Float | None:
    """Return Σ_j log f(x_j) (n, K) where a count is large, else None: the plain form has digits.

    Parameters
    ----------
    rows : (n, D) dense or sparse counts, NaN where one is missing
    numbers : (K, D) arrays
    logs : log f(x) (n, D) of counts, by the numbers (D,) of one component
    """
    if np.fmax.reduce(rows.data if issparse(rows) else rows, axis=None, initial=0.0) <= LARGE:
        return None
    counts = rows.toarray() if issparse(rows) else np.asarray(rows, dtype=np.float64)
    found = np.array([logs(counts, *own) for own in zip(*numbers, strict=True)])
    return np.where(np.isnan(counts), 0.0, found).sum(axis=2).T
