"""Covariance structures: scatter matrices in, factors of precisions out."""

from mixtura.components.gaussian.structures.catalogue import (
    CODES,
    STRUCTURES,
    distinct,
    structure,
)
from mixtura.components.gaussian.structures.floor import floored, is_above, within_floor
from mixtura.components.gaussian.structures.objective import m_step_objective
from mixtura.components.gaussian.structures.singular import FLAT
from mixtura.components.gaussian.structures.structure import Structure, unpooled

__all__ = [
    "CODES",
    "FLAT",
    "STRUCTURES",
    "Structure",
    "distinct",
    "floored",
    "is_above",
    "m_step_objective",
    "structure",
    "unpooled",
    "within_floor",
]
