"""Which families can be bound, and how."""

from functools import singledispatch
from typing import Any

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.constrained.blocks import ProductRule
from mixtura.components.constrained.columns import ColumnwiseRule
from mixtura.components.constrained.gaussian import GaussianRule
from mixtura.components.constrained.levels import LevelRule
from mixtura.components.constrained.rule import Rule
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.product import ProductFamily
from mixtura.errors import ParameterError

__all__ = ["rule_of"]


@singledispatch
def rule_of(family: Any) -> Rule:
    """Return how the numbers of a family can be held or be equal.

    A family of the columnwise tier has a rule by its estimates; any other registers its own with
    `rule_of.register`.

    Raises
    ------
    ParameterError
        If they cannot.
    """
    raise ParameterError(
        f"fix and equal are not for components of the family '{family.name}'; leave them out"
    )


rule_of.register(ColumnwiseFamily, ColumnwiseRule)
rule_of.register(GaussianFamily, GaussianRule)


@rule_of.register
def _(family: CategoricalFamily) -> Rule:
    starts = family.starts.tolist()
    pairs = zip(starts, family.unseen, strict=True) if family.unseen else ()
    unseen = [first + place for first, own in pairs for place in own]
    return LevelRule(tuple(starts), sum(family.levels), by_level=False, unseen=tuple(unseen))


@rule_of.register
def _(family: ProductFamily) -> Rule:
    return ProductRule(family, rule_of)


@rule_of.register
def _(family: MultinomialFamily) -> Rule:
    return LevelRule((0,), family.n_items, by_level=True)
