"""Pólya urns: counts of draws of which every one makes its like more probable."""

from mixtura.components.polya.beta_binomial import BetaBinomialFamily

__all__ = ["BetaBinomialFamily"]
