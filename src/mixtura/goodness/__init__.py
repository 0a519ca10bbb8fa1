"""How well a mixture fits the table of its patterns, and how sure its classes are."""

from mixtura.goodness.classes import modal_shares
from mixtura.goodness.facts import class_facts, level_counts
from mixtura.goodness.pairs import PairResiduals, pair_residuals
from mixtura.goodness.patterns import PatternFit, outnumbered, pattern_fit

__all__ = [
    "PairResiduals",
    "PatternFit",
    "class_facts",
    "level_counts",
    "modal_shares",
    "outnumbered",
    "pair_residuals",
    "pattern_fit",
]
