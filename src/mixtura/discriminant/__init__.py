"""Classes that are known: a mixture for each, and Bayes' rule between them. All here is public."""

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
