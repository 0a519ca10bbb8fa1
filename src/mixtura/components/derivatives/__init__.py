"""First and second derivatives of component densities by what users call their parameters."""

from functools import singledispatch
from typing import Any

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.contaminated.family import ContaminatedFamily
from mixtura.components.derivatives.blocks import NoiseDerivatives, ProductDerivatives
from mixtura.components.derivatives.chart import (
    Chart,
    held_weights_chart,
    side_by_side,
    tied,
    weights_chart,
)
from mixtura.components.derivatives.columnwise import ColumnwiseDerivatives
from mixtura.components.derivatives.contract import Derivatives, Edge, Scale, edge_rows
from mixtura.components.derivatives.draws import DrawDerivatives
from mixtura.components.derivatives.features import (
    CategoricalDerivatives,
    MultinomialDerivatives,
)
from mixtura.components.derivatives.gaps import IncompleteDerivatives
from mixtura.components.derivatives.gaussian import GaussianDerivatives
from mixtura.components.derivatives.interval import IntervalDerivatives
from mixtura.components.derivatives.ordinal import ordinal_chart, ordinal_edge
from mixtura.components.derivatives.scaled import ContaminatedDerivatives, StudentTDerivatives
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.interval.family import IntervalFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.noise import NoiseFamily
from mixtura.components.polya import DirichletMultinomialFamily
from mixtura.components.product import ProductFamily
from mixtura.components.student_t.family import StudentTFamily
from mixtura.errors import ParameterError

__all__ = [
    "Chart",
    "Derivatives",
    "Edge",
    "Scale",
    "derivatives_of",
    "edge_rows",
    "held_weights_chart",
    "ordinal_chart",
    "ordinal_edge",
    "side_by_side",
    "tied",
    "weights_chart",
]


@singledispatch
def derivatives_of(family: Any, parameters: Any) -> Derivatives:
    """Return the derivatives of a family's log densities at these parameters, in user's units.

    A family of the columnwise tier has them by its slopes; any other registers its own with
    `derivatives_of.register`.

    Raises
    ------
    ParameterError
        If the family has none.
    """
    raise ParameterError(f"components of the family '{family.name}' have no derivatives here")


derivatives_of.register(GaussianFamily, GaussianDerivatives)
derivatives_of.register(IncompleteGaussianFamily, IncompleteDerivatives)
derivatives_of.register(IntervalFamily, IntervalDerivatives)
derivatives_of.register(DirichletMultinomialFamily, DrawDerivatives)
derivatives_of.register(MultinomialFamily, MultinomialDerivatives)
derivatives_of.register(CategoricalFamily, CategoricalDerivatives)
derivatives_of.register(ColumnwiseFamily, ColumnwiseDerivatives)
derivatives_of.register(StudentTFamily, StudentTDerivatives)
derivatives_of.register(ContaminatedFamily, ContaminatedDerivatives)


@derivatives_of.register
def _(family: ProductFamily, parameters: Any) -> Derivatives:
    return ProductDerivatives(family, parameters, derivatives_of)


@derivatives_of.register
def _(family: NoiseFamily, parameters: Any) -> Derivatives:
    return NoiseDerivatives(family, parameters, derivatives_of)
