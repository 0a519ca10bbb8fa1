"""What a multivariate t density has beside a Gaussian: its constant, and what follows of u.

t_ν(x | μ, Σ) is a Gaussian of covariance Σ/u with u of a gamma density of shape and rate ν/2. Given
x at the distance δ = (x - μ)ᵀ Σ⁻¹ (x - μ), u is gamma of shape (ν + D)/2 and rate (ν + δ)/2.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mixtura.components.gamma_shapes import log_gap

__all__ = ["entropy_of_shape", "log_constants", "stirling"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))
# Above this the terms of log Γ(a) - a log a + a cost more digits than a series leaves out.
SERIES = 50.0


def stirling(shapes: Float) -> Float:
    """Return log Γ(a) - a log a + a, which grows as log a only."""
    inverse = 1.0 / np.maximum(shapes, SERIES)
    series = inverse * (1 / 12 - inverse**2 * (1 / 360 - inverse**2 / 1260))
    small = np.minimum(shapes, SERIES)
    exact = gammaln(small) - small * np.log(small) + small
    return np.where(shapes > SERIES, 0.5 * (LOG_TWO_PI - np.log(shapes)) + series, exact)


def log_constants(degrees: Float, n_columns: int) -> Float:
    """Return log [Γ((ν + D)/2) / Γ(ν/2) (νπ)^(-D/2)] (K,), without cancellation in large ν."""
    a, b = 0.5 * degrees, 0.5 * n_columns
    growth = (a + b) * np.log1p(b / a) - b - b * LOG_TWO_PI
    return stirling(a + b) - stirling(a) + growth


def entropy_of_shape(shapes: Float) -> Float:
    """Return the entropy of a gamma density of shape a, less its E[log u]."""
    return stirling(shapes) + shapes * log_gap(shapes)
