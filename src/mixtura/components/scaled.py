"""What is asked of components with tails, by family: margins, conditionals, moments and laws."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, ndtri, stdtr, stdtrit

from mixtura.components.contaminated import partition as contaminated
from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.scaled_components import ScaledComponents
from mixtura.components.student_t import partition as student_t
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.univariate import Law

__all__ = [
    "ContaminatedFamily",
    "StudentTFamily",
    "scaled_conditional",
    "scaled_law",
    "scaled_marginal",
    "scaled_moments",
]

Float = NDArray[np.float64]

# After so many a quantile has all its digits, however much wider bad rows are.
HALVINGS = 120


def scaled_marginal(family: ScaledComponents, parameters: Any, columns: Sequence[int]) -> Any:
    """Return the family and parameters of some columns, in the order given."""
    if isinstance(family, ContaminatedFamily):
        return contaminated.contaminated_marginal(family, parameters, columns)
    assert isinstance(family, StudentTFamily)
    return student_t.student_t_marginal(family, parameters, columns)


def scaled_conditional(
    family: ScaledComponents,
    parameters: Any,
    given: Sequence[int],
    rest: Sequence[int],
    values: NDArray[Any],
) -> Any:
    """Return the family and parameters of the rest given one row (G,) of the others."""
    if isinstance(family, ContaminatedFamily):
        return contaminated.contaminated_conditional(family, parameters, given, rest, values)
    assert isinstance(family, StudentTFamily)
    return student_t.student_t_conditional(family, parameters, given, rest, values)


def scaled_moments(family: ScaledComponents, parameters: Any) -> tuple[Float, Float]:
    """Return the means (K, D) and the covariances (K, D, D)."""
    if isinstance(family, ContaminatedFamily):
        return contaminated.contaminated_moments(family, parameters)
    assert isinstance(family, StudentTFamily)
    return student_t.student_t_moments(family, parameters)


def scaled_law(family: ScaledComponents, parameters: Any) -> Law:
    """Return the distributions of components of one column."""
    contaminates = isinstance(family, ContaminatedFamily)
    return (_contaminated_law if contaminates else _student_t_law)(parameters)


def _student_t_law(parameters: Any) -> Law:
    places, degrees = parameters.gaussian.means[:, 0], parameters.degrees
    scales = 1.0 / parameters.gaussian.covariance.factors.reshape(len(places))
    heights = gammaln(0.5 * (degrees + 1)) - gammaln(0.5 * degrees) - 0.5 * np.log(np.pi * degrees)

    def density(points: Float) -> Float:
        standard = (points - places) / scales
        return np.exp(heights - 0.5 * (degrees + 1) * np.log1p(standard**2 / degrees)) / scales

    return Law(
        lambda points: stdtr(degrees, (points - places) / scales),
        lambda points: stdtr(degrees, (places - points) / scales),
        density,
        lambda levels: places + scales * stdtrit(degrees, levels),
    )


def _contaminated_law(parameters: Any) -> Law:
    means, shares = parameters.means[:, 0], parameters.shares
    good = 1.0 / parameters.covariance.factors.reshape(len(means))
    bad = good * np.sqrt(parameters.inflations)

    def both(of: Any, points: Float) -> Float:
        z = points - means
        return shares * of(z / good) + (1.0 - shares) * of(z / bad)

    def density(points: Float) -> Float:
        heights = [np.exp(-0.5 * ((points - means) / each) ** 2) / each for each in (good, bad)]
        return (shares * heights[0] + (1.0 - shares) * heights[1]) / np.sqrt(2 * np.pi)

    def quantiles(levels: Float) -> Float:
        # It lies between those of good rows and of bad ones.
        z = ndtri(levels)
        low, high = means + np.minimum(z * good, z * bad), means + np.maximum(z * good, z * bad)
        for _ in range(HALVINGS):
            middle = 0.5 * low + 0.5 * high
            below = both(ndtr, middle) < levels
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * low + 0.5 * high

    return Law(
        lambda points: both(ndtr, points),
        lambda points: both(lambda z: ndtr(-z), points),
        density,
        quantiles,
    )
