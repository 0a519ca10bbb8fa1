"""Mixtures of rows whose cells are known as intervals."""

from mixtura.intervals.mixture import IntervalGaussianMixture

__all__ = ["IntervalGaussianMixture"]
