"""The scikit-learn face."""

from mixtura.estimators.gaussian import GaussianMixture

__all__ = ["GaussianMixture"]
