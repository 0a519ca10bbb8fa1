"""Regressions of which a row's is not known: mixtures of generalised linear models."""

from mixtura.regressions.regressor import MixtureRegressor

__all__ = ["MixtureRegressor"]
