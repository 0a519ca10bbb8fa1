"""Components whose numbers are held or equal to each other."""

from mixtura.components.constrained.family import (
    ConstrainedFamily,
    bound_part,
    bound_to,
    constraints_of,
    freed,
    n_lost,
)
from mixtura.components.constrained.rules import rule_of
from mixtura.components.constraints import Constraints

__all__ = [
    "ConstrainedFamily",
    "Constraints",
    "bound_part",
    "bound_to",
    "constraints_of",
    "freed",
    "n_lost",
    "rule_of",
]
