"""Pólya urns: counts of draws of which every one makes its like more probable."""

from mixtura.components.polya.beta_binomial import BetaBinomialFamily
from mixtura.components.polya.dirichlet_multinomial import DirichletMultinomialFamily

__all__ = ["BetaBinomialFamily", "DirichletMultinomialFamily"]
