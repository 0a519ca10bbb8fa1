"""The scikit-learn face. All that is named here is public."""

from mixtura.estimators.categorical import CategoricalMixture
from mixtura.estimators.factor_analyser import FactorAnalyserMixture
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.mixed import MixedMixture
from mixtura.estimators.multinomial import MultinomialMixture
from mixtura.estimators.named import MADE
from mixtura.estimators.select import select
from mixtura.estimators.student_t import StudentTMixture

BernoulliMixture = MADE["BernoulliMixture"]
GammaMixture = MADE["GammaMixture"]
GeometricMixture = MADE["GeometricMixture"]
NegativeBinomialMixture = MADE["NegativeBinomialMixture"]
PoissonMixture = MADE["PoissonMixture"]

__all__ = [
    "BernoulliMixture",
    "CategoricalMixture",
    "FactorAnalyserMixture",
    "GammaMixture",
    "GaussianMixture",
    "GeometricMixture",
    "MixedMixture",
    "MultinomialMixture",
    "NegativeBinomialMixture",
    "PoissonMixture",
    "StudentTMixture",
    "select",
]
