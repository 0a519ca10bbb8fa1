"""Mixtures of what underlies rows that were measured with known errors."""

from mixtura.deconvolution.deconvolved import DeconvolvedGaussianMixture

__all__ = ["DeconvolvedGaussianMixture"]
