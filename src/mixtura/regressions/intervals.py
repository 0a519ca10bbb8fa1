"""Quantiles of a mixture whose components are distributions of SciPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["mixture_quantile"]

Float = NDArray[np.float64]

HALVINGS = 200


def mixture_quantile(components: Any, weights: Float, level: float, *, whole: bool) -> Float:
    """Return the least y (N,) with Σ_k π_k F_k(y) >= level, by halving.

    It lies between the least and the largest quantile of the components.

    Parameters
    ----------
    components : a frozen distribution of SciPy of (N, K) variables
    weights : (N, K)
    whole : whether y is a whole number
    """
    each = components.ppf(level)
    low, high = each.min(axis=1), each.max(axis=1)
    if whole:
        # Below the least quantile of any component the level is not reached.
        low = low - 1.0
    for _ in range(HALVINGS):
        middle = low + 0.5 * (high - low)
        if whole:
            middle = np.floor(middle)
        if ((middle <= low) | (middle >= high)).all():
            break
        reached = np.vecdot(components.cdf(middle[:, None]), weights) >= level
        high, low = np.where(reached, middle, high), np.where(reached, low, middle)
    return high
