"""The tail of a weighted sum of chi-squared variables."""

from math import log

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

__all__ = ["weighted_chi_squares_tail"]

# Weights below this part of the largest say nothing.
NEGLIGIBLE = 1e-13
# Nodes of the rule on each half of the path, and how far they are apart.
NODES, STEP = 2500, 0.03


def weighted_chi_squares_tail(x: float, weights: ArrayLike) -> float:
    """Return P(Σ_j λ_j χ²_j > x), χ²_j independent with one degree of freedom each.

    The cumulant function is K(s) = -½ Σ log(1 - 2 λ_j s), and the tail (2πi)⁻¹ ∫ exp(K(s) - s x)
    ds / s along a path that passes between 0 and 1 / (2 max λ) (Imhof 1961 has it along the
    imaginary axis). This path passes where the integrand is least and bends away from there as a
    hyperbola, so that it falls exponentially and the trapezoidal rule has all digits, also of tails
    far below the rounding of 1.

    Parameters
    ----------
    x : from 0 up
    weights : λ, of any signs
    """
    given = np.asarray(weights, dtype=np.float64).ravel()
    size = float(np.abs(given).max(initial=0.0))
    if size == 0.0 or not (given > NEGLIGIBLE * size).any():
        return 0.0
    lambdas = given[np.abs(given) > NEGLIGIBLE * size] / size
    point, end = x / size, 0.5 / float(lambdas.max())

    def exponent(s: float) -> float:
        return -0.5 * float(np.log1p(-2.0 * lambdas * s).sum()) - s * point - log(s)

    middle = minimize_scalar(exponent, bounds=(0.0, end), method="bounded", options={"xatol": 0.0})
    across = float(np.clip(middle.x, 1e-6 * end, (1.0 - 1e-9) * end))
    width = min(across, end - across)
    y = STEP * (np.arange(NODES) + 0.5)
    s = across + width * (1j * np.sinh(y) + 0.5 * (np.cosh(y) - 1.0))
    slope = width * (1j * np.cosh(y) + 0.5 * np.sinh(y))
    logs = -0.5 * np.log(1.0 - 2.0 * np.outer(s, lambdas)).sum(axis=1) - s * point - np.log(s)
    tail = float((np.exp(logs) * slope).imag.sum()) * STEP / np.pi
    return float(np.clip(tail, 0.0, 1.0))
