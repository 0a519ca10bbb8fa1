"""Estimators by name: those with a file of their own, and those made of their rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

from mixtura.components.catalogue import ROWS
from mixtura.estimators.categorical import CategoricalMixture
from mixtura.estimators.columnwise import ColumnwiseMixture, mixture_of
from mixtura.estimators.contaminated import ContaminatedMixture
from mixtura.estimators.dirichlet_multinomial import DirichletMultinomialMixture
from mixtura.estimators.factor_analyser import FactorAnalyserMixture
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.multinomial import MultinomialMixture
from mixtura.estimators.student_t import StudentTMixture

__all__ = [
    "BernoulliMixture",
    "BetaBinomialMixture",
    "BetaMixture",
    "BinomialMixture",
    "GammaMixture",
    "GeometricMixture",
    "HurdleNegativeBinomialMixture",
    "HurdlePoissonMixture",
    "NegativeBinomialMixture",
    "PoissonMixture",
    "VonMisesMixture",
    "ZeroInflatedNegativeBinomialMixture",
    "ZeroInflatedPoissonMixture",
    "estimator_of",
]

OWN = (
    GaussianMixture,
    CategoricalMixture,
    MultinomialMixture,
    DirichletMultinomialMixture,
    StudentTMixture,
    ContaminatedMixture,
    FactorAnalyserMixture,
)

# A family that two rows offer has one estimator, that of the first.
FIRST = {row.estimator: row for row in reversed(ROWS.values()) if row.is_columnwise}
# One class of a name: those made and dropped would be found by theirs until they are collected.
MADE: dict[str, type[ColumnwiseMixture]] = {name: mixture_of(row) for name, row in FIRST.items()}

BernoulliMixture = MADE["BernoulliMixture"]
BetaBinomialMixture = MADE["BetaBinomialMixture"]
BetaMixture = MADE["BetaMixture"]
BinomialMixture = MADE["BinomialMixture"]
GammaMixture = MADE["GammaMixture"]
GeometricMixture = MADE["GeometricMixture"]
HurdleNegativeBinomialMixture = MADE["HurdleNegativeBinomialMixture"]
HurdlePoissonMixture = MADE["HurdlePoissonMixture"]
NegativeBinomialMixture = MADE["NegativeBinomialMixture"]
PoissonMixture = MADE["PoissonMixture"]
VonMisesMixture = MADE["VonMisesMixture"]
ZeroInflatedNegativeBinomialMixture = MADE["ZeroInflatedNegativeBinomialMixture"]
ZeroInflatedPoissonMixture = MADE["ZeroInflatedPoissonMixture"]

ESTIMATORS: dict[str, Any] = {**MADE, **{each.__name__: each for each in OWN}}


def estimator_of(name: str) -> Callable[..., Any]:
    """Return what makes the estimator of a row of the catalogue, with what the row fixes."""
    row = ROWS[name]
    return partial(ESTIMATORS[row.estimator], **row.settings)
