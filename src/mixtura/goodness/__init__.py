"""How well a mixture fits the table of its patterns, and how sure its classes are."""

from mixtura.goodness.classes import modal_shares
from mixtura.goodness.facts import class_facts, level_counts
from mixtura.goodness.pairs import PairResiduals, pair_residuals
from mixtura.goodness.patterns import PatternFit, outnumbered, pattern_fit
from mixtura.goodness.residuals import PatternResiduals, pattern_residuals

__all__ = [
    "PairResiduals",
    "PatternFit",
    "PatternResiduals",
    "class_facts",
    "level_counts",
    "modal_shares",
    "outnumbered",
    "pair_residuals",
    "pattern_fit",
    "pattern_residuals",
]
