"""Regressions drawn anew, and the log-likelihood of a mixture of them by SciPy alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, logsumexp

__all__ = ["FAMILIES", "Problem", "drawn", "log_densities"]

FAMILIES = ("gaussian", "poisson", "binomial", "gamma")

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Rows of two lines, drawn."""

    X: Float
    y: Float
    labels: NDArray[np.intp]
    coefficients: Float


def drawn(seed: int, family: str, n_rows: int = 400) -> Problem:
    """Return rows of two regressions on two columns; binomials are of 12 trials."""
    rng = np.random.default_rng(seed)
    coefficients = np.array([[0.8, 0.9, -0.4], [1.2, -0.8, 0.5]]) + rng.normal(0, 0.1, (2, 3))
    X, labels = rng.normal(size=(n_rows, 2)), rng.integers(2, size=n_rows)
    eta = (np.column_stack([np.ones(n_rows), X]) * coefficients[labels]).sum(axis=1)
    if family == "gaussian":
        y = eta + rng.normal(size=n_rows) * np.array([0.3, 0.5])[labels]
    elif family == "poisson":
        y = rng.poisson(np.exp(eta + 0.5)).astype(float)
    elif family == "binomial":
        successes = rng.binomial(12, expit(2.0 * eta - 1.0)).astype(float)
        y = np.column_stack([successes, 12.0 - successes])
    else:
        shape = np.array([9.0, 16.0])[labels]
        y = rng.gamma(shape, np.exp(eta) / shape)
    return Problem(X, y, labels, coefficients)


def log_densities(model: Any, X: Float, y: Float, offset: float | Float = 0.0) -> Float:
    """Return log f(y | x) of each row and component (N, K) of a fitted regressor."""
    eta = X @ model.coef_.T + model.intercept_ + np.reshape(offset, (-1, 1))
    if model.family == "gaussian":
        return stats.norm.logpdf(y[:, None], eta, model.sigma_)
    if model.family == "poisson":
        return stats.poisson.logpmf(y[:, None], np.exp(eta))
    if model.family == "binomial":
        size = y.sum(axis=1) if y.ndim == 2 else np.ones(len(y))
        first = y[:, 0] if y.ndim == 2 else y
        return stats.binom.logpmf(first[:, None], size[:, None], expit(eta))
    return stats.gamma.logpdf(y[:, None], model.shape_, scale=np.exp(eta) / model.shape_)


def log_likelihoods(model: Any, X: Float, y: Float, offset: float | Float = 0.0) -> Float:
    """Return log f(y | x) of each row."""
    return logsumexp(log_densities(model, X, y, offset) + np.log(model.weights_), axis=1)
