"""The scikit-learn face."""

from mixtura.estimators.bernoulli import BernoulliMixture
from mixtura.estimators.categorical import CategoricalMixture
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.mixed import MixedMixture
from mixtura.estimators.multinomial import MultinomialMixture
from mixtura.estimators.poisson import PoissonMixture
from mixtura.estimators.select import select

__all__ = [
    "BernoulliMixture",
    "CategoricalMixture",
    "GaussianMixture",
    "MixedMixture",
    "MultinomialMixture",
    "PoissonMixture",
    "select",
]
