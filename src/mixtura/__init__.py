"""Finite mixture models fitted by expectation-maximisation, for data of any size."""

from mixtura import estimators
from mixtura.classes import Classification, Enumeration, classification, enumerate_classes
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
from mixtura.estimators import *  # noqa: F403
from mixtura.mixture import Mixture

__version__ = "0.1.0"

__all__ = [
    "BoundaryError",
    "Classification",
    "DataError",
    "DegenerateComponentWarning",
    "Dirichlet",
    "Enumeration",
    "InformationError",
    "LikelihoodDecreased",
    "MixturaError",
    "MixturaWarning",
    "Mixture",
    "ModelFileError",
    "NonIdentifiableError",
    "NormalInverseWishart",
    "ParameterError",
    "classification",
    "enumerate_classes",
]

__all__ += estimators.__all__
