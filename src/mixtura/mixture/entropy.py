"""The entropy of a mixture of one column, by quadrature or a sum."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from mixtura.components.univariate import Univariate
from mixtura.errors import ParameterError

__all__ = ["entropy_of"]

Float = NDArray[np.float64]

# Logits of levels go so far: what lies beyond has 1e-16 of a component.
REACH = 36.0

# Quantiles of every component are where the integrand may bend.
BENDS = np.array([1e-9, 1e-4, 0.02, 0.2, 0.5, 0.8, 0.98, 1 - 1e-4, 1 - 1e-9])

# Whole numbers are summed up to so many, as far as they have 1e-18 of the whole.
MOST_SUMMED, LEFT_OUT = 10_000_000, 1e-18


def entropy_of(whole: Univariate, log_density: Callable[[Float], Float]) -> float:
    """Return -E[log f(x)] in nats.

    Parameters
    ----------
    whole : the mixture
    log_density : log f(x) (n,) of points (n,), or log P(x) of whole numbers

    Raises
    ------
    ParameterError
        If there are too many whole numbers to be summed.
    """
    if whole.law.quantiles is None:
        return _sum(whole, log_density)
    return sum(_integral(whole, log_density, k) for k in range(len(whole.weights)))


def _integral(whole: Univariate, log_density: Callable[[Float], Float], k: int) -> float:
    """Return π_k ∫ -log f(Q_k(u)) du, over the logits of u."""
    # Nothing else of a mixture needs it, and it takes time to load.
    from scipy.integrate import quad

    law, weight = whole.law, float(whole.weights[k])
    assert law.quantiles is not None
    if weight == 0.0:
        return 0.0
    quantiles = law.quantiles

    def integrand(at: float) -> float:
        point = quantiles(np.full((1, 1), expit(at)))[0, k]
        slope = expit(at) * expit(-at)
        return -float(log_density(np.array([point]))[0]) * slope

    bends = quantiles(BENDS[:, None]).ravel()
    with np.errstate(divide="ignore"):
        places = logit(law.cdf(bends[:, None])[:, k])
    places = np.clip(places[np.isfinite(places)], -REACH, REACH)
    ends = np.unique(np.concatenate([[-REACH, REACH], places]))
    parts = [
        quad(integrand, low, high, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
        for low, high in pairwise(ends.tolist())
    ]
    return weight * float(np.sum(parts))


def _sum(whole: Univariate, log_density: Callable[[Float], Float]) -> float:
    last = whole.law.last
    if not np.isfinite(last):
        last = 1.0
        while whole.survival(np.array(last)) > LEFT_OUT:
            last *= 2.0
    if last > MOST_SUMMED:
        raise ParameterError(
            f"counts go up to {last:.3g}, too many to be summed; take mixtura.inference.entropy, "
            "which draws rows"
        )
    logs = log_density(np.arange(last + 1.0))
    seen = np.isfinite(logs)
    return float(-(np.exp(logs[seen]) @ logs[seen]))
