"""The scikit-learn face. All that is named here is public."""

from mixtura.estimators.bernoulli import BernoulliMixture
from mixtura.estimators.categorical import CategoricalMixture
from mixtura.estimators.columnwise import mixture_of
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.mixed import MixedMixture
from mixtura.estimators.multinomial import MultinomialMixture
from mixtura.estimators.poisson import PoissonMixture
from mixtura.estimators.select import select

GammaMixture = mixture_of("gamma")
GeometricMixture = mixture_of("geometric")
NegativeBinomialMixture = mixture_of("negative_binomial")

__all__ = [
    "BernoulliMixture",
    "CategoricalMixture",
    "GammaMixture",
    "GaussianMixture",
    "GeometricMixture",
    "MixedMixture",
    "MultinomialMixture",
    "NegativeBinomialMixture",
    "PoissonMixture",
    "select",
]
