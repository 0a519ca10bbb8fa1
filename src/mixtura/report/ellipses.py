"""Ellipses of equal density, and the radius that holds a share of a plane's normal distribution."""

import numpy as np
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

__all__ = ["LEVELS", "ellipse_path", "radius_of"]

Float = NDArray[np.float64]


def radius_of(share: float) -> float:
    """Return r with P(|z| < r) = share for z standard normal in the plane: sqrt(-2 log(1 - share)).

    Examples
    --------
    >>> round(radius_of(0.95), 3)
    2.448
    """
    return float(np.sqrt(-2 * np.log1p(-share)))


# One standard deviation, and what holds 95 % of a component.
LEVELS = {"1sd": 1.0, "95": radius_of(0.95)}


def ellipse_path(mean: Float, covariance: Float, radius: float) -> Path:
    """Return the curve (x - μ)ᵀ Σ⁻¹ (x - μ) = radius².

    It is the unit circle under a Cholesky factor that is taken of the correlation, so that two
    columns of very different units keep their digits.

    Parameters
    ----------
    mean : (2,)
    covariance : (2, 2) positive definite
    """
    deviations = np.sqrt(np.diagonal(covariance))
    correlation = covariance[1, 0] / deviations[0] / deviations[1]
    across = np.sqrt(max(1.0 - correlation**2, 0.0))
    matrix = np.eye(3)
    matrix[:2, :2] = deviations[:, None] * np.array([[1.0, 0.0], [correlation, across]]) * radius
    matrix[:2, 2] = mean
    return Path.unit_circle().transformed(Affine2D(matrix))
