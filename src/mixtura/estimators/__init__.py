"""The scikit-learn face. All that is named here is public."""

from mixtura.doors import opened

# Not from typing: nothing is loaded here but what is asked for.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from mixtura.estimators.categorical import CategoricalMixture
    from mixtura.estimators.contaminated import ContaminatedMixture
    from mixtura.estimators.dirichlet_multinomial import DirichletMultinomialMixture
    from mixtura.estimators.factor_analyser import FactorAnalyserMixture
    from mixtura.estimators.gaussian import GaussianMixture
    from mixtura.estimators.mixed import MixedMixture
    from mixtura.estimators.multinomial import MultinomialMixture
    from mixtura.estimators.named import (
        BernoulliMixture,
        BetaBinomialMixture,
        BetaMixture,
        BinomialMixture,
        GammaMixture,
        GeometricMixture,
        HurdleNegativeBinomialMixture,
        HurdlePoissonMixture,
        NegativeBinomialMixture,
        PoissonMixture,
        VonMisesMixture,
        ZeroInflatedNegativeBinomialMixture,
        ZeroInflatedPoissonMixture,
    )
    from mixtura.estimators.selecting import select
    from mixtura.estimators.student_t import StudentTMixture

__all__ = [
    "BernoulliMixture",
    "BetaBinomialMixture",
    "BetaMixture",
    "BinomialMixture",
    "CategoricalMixture",
    "ContaminatedMixture",
    "DirichletMultinomialMixture",
    "FactorAnalyserMixture",
    "GammaMixture",
    "GaussianMixture",
    "GeometricMixture",
    "HurdleNegativeBinomialMixture",
    "HurdlePoissonMixture",
    "MixedMixture",
    "MultinomialMixture",
    "NegativeBinomialMixture",
    "PoissonMixture",
    "StudentTMixture",
    "VonMisesMixture",
    "ZeroInflatedNegativeBinomialMixture",
    "ZeroInflatedPoissonMixture",
    "select",
]

PLACES = {
    "BernoulliMixture": "named",
    "BinomialMixture": "named",
    "CategoricalMixture": "categorical",
    "ContaminatedMixture": "contaminated",
    "DirichletMultinomialMixture": "dirichlet_multinomial",
    "FactorAnalyserMixture": "factor_analyser",
    "BetaBinomialMixture": "named",
    "BetaMixture": "named",
    "GammaMixture": "named",
    "GaussianMixture": "gaussian",
    "GeometricMixture": "named",
    "HurdleNegativeBinomialMixture": "named",
    "HurdlePoissonMixture": "named",
    "MixedMixture": "mixed",
    "MultinomialMixture": "multinomial",
    "NegativeBinomialMixture": "named",
    "PoissonMixture": "named",
    "StudentTMixture": "student_t",
    "VonMisesMixture": "named",
    "ZeroInflatedNegativeBinomialMixture": "named",
    "ZeroInflatedPoissonMixture": "named",
    "select": "selecting",
}

__getattr__ = opened(__name__, PLACES)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
