"""The scikit-learn face."""

from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.select import select

__all__ = ["GaussianMixture", "select"]
