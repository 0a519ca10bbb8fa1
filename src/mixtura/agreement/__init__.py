"""How well groupings of rows agree: with classes, with one another, with themselves in samples."""

from mixtura.agreement.comparison import Comparison, compare
from mixtura.agreement.matching import Matching, class_error, matched_confusion
from mixtura.agreement.stability import Stability, stability

__all__ = [
    "Comparison",
    "Matching",
    "Stability",
    "class_error",
    "compare",
    "matched_confusion",
    "stability",
]
