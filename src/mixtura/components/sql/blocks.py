"""Log densities of components beside noise, and of blocks of mixed columns, in SQL."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.noise import NoiseFamily
from mixtura.components.product import ProductFamily
from mixtura.components.sql.terms import Terms, joined, sql_number, terms_of
from mixtura.errors import ParameterError

__all__: list[str] = []


@terms_of.register
def _(family: NoiseFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    background = family.background
    if not isinstance(background, BoxBackground):
        raise ParameterError(
            f"there is no SQL for noise beside '{family.inner.name}' components; fit without it"
        )
    own = terms_of(family.inner, parameters.inner, names, prefix)
    known = [
        f"CASE WHEN {name} IS NULL THEN 0e0 ELSE {sql_number(-width)} END"
        for name, width in zip(names, background.log_widths, strict=True)
    ]
    return Terms((*own.sums, joined(known)), own.steps)


@terms_of.register
def _(family: ProductFamily, parameters: Any, names: Sequence[str], prefix: str) -> Terms:
    blocks = [
        terms_of(inner, part, names[block], f"{prefix}b{number}_")
        for number, (inner, part, block) in enumerate(
            zip(family.families, parameters.parts, family.blocks, strict=True)
        )
    ]
    sums = zip(*(block.sums for block in blocks), strict=True)
    steps = zip_longest(*(block.steps for block in blocks), fillvalue=dict[str, str]())
    each = tuple({name: step[name] for step in own for name in step} for own in steps)
    return Terms(tuple(" + ".join(own) for own in sums), each)
