"""Components whose numbers are held or equal to each other."""

from mixtura.components.constrained.family import ConstrainedFamily, constraints_of, freed, n_lost
from mixtura.components.constrained.rules import rule_of
from mixtura.components.constraints import Constraints

__all__ = ["ConstrainedFamily", "Constraints", "constraints_of", "freed", "n_lost", "rule_of"]
