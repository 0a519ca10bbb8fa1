"""Classes that are known: a mixture for each, and Bayes' rule between them. All here is public."""

from mixtura.discriminant.classifier import MixtureClassifier
from mixtura.discriminant.gaussian import GaussianMixtureClassifier

__all__ = ["GaussianMixtureClassifier", "MixtureClassifier"]
