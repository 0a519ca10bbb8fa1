"""Values known as intervals, and their log-likelihood by SciPy."""

import numpy as np
from scipy.stats import norm

from mixtura import IntervalGaussianMixture

__all__ = ["drawn", "fitted", "known", "log_likelihood"]


def drawn(seed, n, n_columns=1):
    """Return values of two clusters, of unlike widths."""
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.4
    near, far = rng.normal(0.0, 1.0, (n, n_columns)), rng.normal(5.0, 1.6, (n, n_columns))
    return np.where(first[:, None], near, far)


def known(values, seed, *, missing=0.0):
    """Return ends of intervals: cells exact, rounded, in bins, beyond limits, some missing."""
    rng = np.random.default_rng([seed, 1])
    kind = rng.integers(0, 5, values.shape)
    kind = np.where(rng.random(values.shape) < missing, 5, kind)
    low = np.select(
        [kind == 0, kind == 1, kind == 2, kind == 3],
        [values, np.round(values) - 0.5, 3 * np.floor(values / 3), -np.inf],
        values - 1.0,
    )
    high = np.select(
        [kind == 0, kind == 1, kind == 2, kind == 3],
        [values, np.round(values) + 0.5, 3 * np.floor(values / 3) + 3, values + 0.7],
        np.inf,
    )
    low[kind == 5], high[kind == 5] = -np.inf, np.inf
    return low, high


def log_cells(low, high, mean, deviation):
    """Return log f of each cell by SciPy's functions of probabilities."""
    exact = low == high
    a, b = (low - mean) / deviation, (high - mean) / deviation
    with np.errstate(invalid="ignore"):
        turned = a + b > 0
    a, b = np.where(turned, -b, a), np.where(turned, -a, b)
    above, below = norm.logcdf(b), norm.logcdf(a)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = above + np.log1p(-np.exp(below - above))
    return np.where(exact, norm.logpdf(low, mean, deviation), inside)


def log_likelihood(weights, means, deviations, low, high, counts=None):
    each = [
        np.log(weight) + log_cells(low, high, mean, deviation).sum(axis=1)
        for weight, mean, deviation in zip(weights, means, deviations, strict=True)
    ]
    whole = np.logaddexp.reduce(each, axis=0)
    return float(whole.sum() if counts is None else counts @ whole)


def fitted(low, high, k=2, weights=None, **settings):
    model = IntervalGaussianMixture(k, **{"random_state": 0, **settings})
    return model.fit(low, upper=high, sample_weight=weights)
