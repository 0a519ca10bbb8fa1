"""Families of counts of successes in a known number of trials."""

from mixtura.components.trials.binomial import BinomialFamily

__all__ = ["BinomialFamily"]
