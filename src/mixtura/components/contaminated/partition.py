"""Contaminated normal components over some of their columns, and the others given those.

A margin has the same shares and inflations. Given a row of some columns the rest is a contaminated
normal whose share of good rows is that of such a row.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.contaminated.parameters import ContaminatedParameters
from mixtura.components.contaminated.values import badness
from mixtura.components.gaussian.partition import conditional, marginal, partitioned_structure

__all__ = ["contaminated_conditional", "contaminated_marginal", "contaminated_moments"]

Float = NDArray[np.float64]
Pair = tuple[ContaminatedFamily, ContaminatedParameters]


def contaminated_marginal(
    family: ContaminatedFamily, parameters: ContaminatedParameters, columns: Sequence[int]
) -> Pair:
    """Return the family and parameters of some columns, in the order given."""
    own = ContaminatedFamily.in_own_units(partitioned_structure(family.structure), len(columns))
    found = marginal(parameters.gaussian, columns)
    return own, ContaminatedParameters(found, parameters.shares, parameters.inflations)


def contaminated_conditional(
    family: ContaminatedFamily,
    parameters: ContaminatedParameters,
    given: Sequence[int],
    rest: Sequence[int],
    values: NDArray[Any],
) -> Pair:
    """Return the family and parameters of the rest given one row (G,) of the others."""
    cells = np.asarray(values, dtype=np.float64)
    _, margin = contaminated_marginal(family, parameters, given)
    good = 1.0 - badness(cells[None], margin)[0]
    found = conditional(parameters.gaussian, given, rest).at(cells)
    own = ContaminatedFamily.in_own_units(partitioned_structure(family.structure), len(rest))
    return own, ContaminatedParameters(found, np.minimum(good, 1.0 - 1e-16), parameters.inflations)


def contaminated_moments(
    family: ContaminatedFamily, parameters: ContaminatedParameters
) -> tuple[Float, Float]:
    """Return the means (K, D) and the covariances (α + (1 - α) η) Σ (K, D, D)."""
    times = parameters.shares + (1.0 - parameters.shares) * parameters.inflations
    return parameters.means, times[:, None, None] * parameters.covariance.dense()
