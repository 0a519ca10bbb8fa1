"""Likelihoods of mixtures with numbers held or equal, maximised by SciPy from many starts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp


def likeliest(
    rows: Any,
    build: Callable[[Any], tuple[Any, Any]],
    log_densities: Callable[[Any, Any], Any],
    size: int,
    *,
    n_starts: int = 8,
    seed: int = 0,
    spread: float = 1.5,
    about: Any = 0.0,
) -> tuple[float, Any]:
    """Return the highest log-likelihood found, and the parameters there.

    Parameters
    ----------
    rows : (N, D)
    build : maps free numbers (size,) to log weights (K,) and whatever `log_densities` takes
    log_densities : maps rows and parameters to (N, K)
    """
    rng = np.random.default_rng(seed)

    def cost(point: Any) -> float:
        with np.errstate(all="ignore"):
            log_weights, parameters = build(point)
            try:
                logs = log_densities(rows, parameters)
            except np.linalg.LinAlgError:
                return 1e10
            value = -float(logsumexp(log_weights + logs, axis=1).sum())
        return value if np.isfinite(value) else 1e10

    ends = [
        minimize(cost, about + spread * rng.normal(size=size), method="BFGS")
        for _ in range(n_starts)
    ]
    best = min(ends, key=lambda end: end.fun)
    return -float(best.fun), build(best.x)[1]


def softmax(logits: Any) -> Any:
    """Return shares by logits, the last of which is 0."""
    full = np.append(logits, 0.0)
    return np.exp(full - logsumexp(full))


def log_weights(logits: Any) -> Any:
    full = np.append(logits, 0.0)
    return full - logsumexp(full)
