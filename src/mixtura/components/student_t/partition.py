"""t components over some of their columns, and the others given those; their moments.

A margin has the same ν. Of G columns given at the distance δ, the rest has ν + G degrees of freedom
and the Gaussian's conditional location, its scale times (ν + δ)/(ν + G) (Ding 2016).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import conditional, marginal, partitioned_structure
from mixtura.components.gaussian.structures import structure
from mixtura.components.student_t.degrees import Degrees
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.parameters import StudentTParameters

__all__ = ["covariances_of", "student_t_conditional", "student_t_marginal", "student_t_moments"]

Float = NDArray[np.float64]
Pair = tuple[StudentTFamily, StudentTParameters]


def student_t_marginal(
    family: StudentTFamily, parameters: StudentTParameters, columns: Sequence[int]
) -> Pair:
    """Return the family and parameters of some columns, in the order given."""
    form = partitioned_structure(family.structure)
    own = StudentTFamily.in_own_units(form, family.degrees, len(columns))
    return own, replace(parameters, gaussian=marginal(parameters.gaussian, columns))


def student_t_conditional(
    family: StudentTFamily,
    parameters: StudentTParameters,
    given: Sequence[int],
    rest: Sequence[int],
    values: NDArray[Any],
) -> Pair:
    """Return the family and parameters of the rest given one row (G,) of the others."""
    cells = np.asarray(values, dtype=np.float64)
    found = conditional(parameters.gaussian, given, rest)
    deviations = cells - found.given.means
    distances = (deviations * found.given.covariance.precision_times(deviations)).sum(axis=1)
    degrees = parameters.degrees + len(given)
    times = np.sqrt((parameters.degrees + distances) / degrees)
    at = found.at(cells)
    # Scales that differ by component leave volumes that are shared.
    storage = family.structure.storage
    form = structure({"spherical": "VII", "diagonal": "VVI", "full": "VVV"}[storage])
    factors = at.covariance.factors
    scaled = factors / times.reshape(-1, *(1,) * (factors.ndim - 1))
    gaussian = GaussianParameters(at.means, covariance_of_factors(storage, scaled, len(rest)))
    own = StudentTFamily.in_own_units(form, Degrees(tuple(degrees.tolist())), len(rest))
    return own, StudentTParameters(gaussian, degrees)


def covariances_of(parameters: StudentTParameters) -> Float:
    """Return ν/(ν - 2) Σ_k (K, D, D), infinite where ν is 2 or less."""
    degrees = parameters.degrees
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(degrees > 2.0, degrees / (degrees - 2.0), np.inf)
        dense = parameters.covariance.dense()
        return np.where(dense == 0.0, 0.0, times[:, None, None] * dense)


def student_t_moments(
    family: StudentTFamily, parameters: StudentTParameters
) -> tuple[Float, Float]:
    """Return the means (K, D), none where ν is 1 or less, and the covariances (K, D, D)."""
    has_mean = parameters.degrees[:, None] > 1.0
    return np.where(has_mean, parameters.means, np.nan), covariances_of(parameters)
