"""Components whose numbers are held, equal to each other, or those of ordinal items."""

from mixtura.components.constrained.family import (
    ConstrainedFamily,
    bound_part,
    bound_to,
    constraints_of,
    freed,
    n_lost,
)
from mixtura.components.constrained.rules import rule_of
from mixtura.components.constraints import Constraints, OrdinalItem

__all__ = [
    "ConstrainedFamily",
    "Constraints",
    "OrdinalItem",
    "bound_part",
    "bound_to",
    "constraints_of",
    "freed",
    "n_lost",
    "rule_of",
]
