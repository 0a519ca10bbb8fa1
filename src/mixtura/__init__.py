"""Finite mixture models fitted by expectation-maximisation, for data of any size."""

from mixtura.components.dirichlet import Dirichlet
from mixtura.components.gaussian.conjugate import NormalInverseWishart
from mixtura.errors import (
    BoundaryError,
    DataError,
    DegenerateComponentWarning,
    InformationError,
    LikelihoodDecreased,
    MixturaError,
    MixturaWarning,
    ModelFileError,
    NonIdentifiableError,
    ParameterError,
)
from mixtura.estimators import (
    BernoulliMixture,
    CategoricalMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    PoissonMixture,
    select,
)
from mixtura.mixture import Mixture
from mixtura.store import load

__version__ = "0.1.0"

__all__ = [
    "BernoulliMixture",
    "BoundaryError",
    "CategoricalMixture",
    "DataError",
    "DegenerateComponentWarning",
    "Dirichlet",
    "GaussianMixture",
    "InformationError",
    "LikelihoodDecreased",
    "MixedMixture",
    "MixturaError",
    "MixturaWarning",
    "Mixture",
    "ModelFileError",
    "MultinomialMixture",
    "NonIdentifiableError",
    "NormalInverseWishart",
    "ParameterError",
    "PoissonMixture",
    "load",
    "select",
]
