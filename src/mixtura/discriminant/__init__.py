"""Classes that are known: a mixture for each, and Bayes' rule between them. All here is public."""

from mixtura.doors import opened

# Not from typing: nothing is loaded here but what is asked for.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from mixtura.discriminant.classifier import MixtureClassifier
    from mixtura.discriminant.gaussian import GaussianMixtureClassifier
    from mixtura.discriminant.judging import Judgement, cross_judged, judge

__all__ = [
    "GaussianMixtureClassifier",
    "Judgement",
    "MixtureClassifier",
    "cross_judged",
    "judge",
]

PLACES = {
    "GaussianMixtureClassifier": "gaussian",
    "Judgement": "judging",
    "MixtureClassifier": "classifier",
    "cross_judged": "judging",
    "judge": "judging",
}

__getattr__ = opened(__name__, PLACES)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
