"""What a multivariate t density has beside a Gaussian: its constant, and what follows of u.

t_ν(x | μ, Σ) is a Gaussian of covariance Σ/u with u of a gamma density of shape and rate ν/2. Given
x at the distance δ = (x - μ)ᵀ Σ⁻¹ (x - μ), u is gamma of shape (ν + D)/2 and rate (ν + δ)/2.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gamma_shapes import log_gap
from mixtura.components.saddle_point import stirling

__all__ = ["entropy_of_shape", "log_constants"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))


def log_constants(degrees: Float, n_columns: int) -> Float:
    """Return log [Γ((ν + D)/2) / Γ(ν/2) (νπ)^(-D/2)] (K,), without cancellation in large ν."""
    a, b = 0.5 * degrees, 0.5 * n_columns
    growth = (a + b) * np.log1p(b / a) - b - b * LOG_TWO_PI
    return stirling(a + b) - stirling(a) + growth


def entropy_of_shape(shapes: Float) -> Float:
    """Return the entropy of a gamma density of shape a, less its E[log u]."""
    return stirling(shapes) + shapes * log_gap(shapes)
