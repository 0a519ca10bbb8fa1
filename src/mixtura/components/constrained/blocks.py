"""Constraints on the numbers of blocks of columns, each of its own family."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained.rule import Rule
from mixtura.components.constraints import Constraints
from mixtura.components.product import ProductFamily, ProductParameters

__all__ = ["ProductRule"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class ProductRule:
    """Blocks obey each by itself; an array of one is called by the block's name, a dot and its own.

    Attributes
    ----------
    family : of the blocks
    rule_of : returns the rule of a block's family, and raises where it has none
    """

    family: ProductFamily
    rule_of: Callable[[Any], Rule]

    @property
    def _rules(self) -> list[Rule]:
        return [self.rule_of(each) for each in self.family.families]

    @property
    def _parts(self) -> list[slice]:
        """Return where among the numbers (q) of a component those of each block are."""
        found, start = [], 0
        for rule in self._rules:
            width = max(part.stop for part in rule.arrays.values())
            found.append(slice(start, start + width))
            start += width
        return found

    @property
    def arrays(self) -> Mapping[str, slice]:
        """Return the arrays of all blocks."""
        blocks = zip(self.family.block_names, self._rules, self._parts, strict=True)
        return {
            f"{block}.{name}": slice(part.start + own.start, part.start + own.stop)
            for block, rule, part in blocks
            for name, own in rule.arrays.items()
        }

    def columns(self, name: str) -> Sequence[Sequence[int]]:
        """Return the numbers of an array that each column of its block has."""
        _, rule, own = self._named(name)
        return rule.columns(own)

    def titles(self, name: str, columns: Sequence[str]) -> Sequence[str]:
        """Return the names of the columns of an array's block."""
        number, rule, own = self._named(name)
        return rule.titles(own, columns[self.family.blocks[number]])

    def as_numbers(self, name: str, given: Any, n_components: int) -> Float | None:
        """Return the numbers of an array as its block reads it."""
        _, rule, own = self._named(name)
        return rule.as_numbers(own, given, n_components)

    def _named(self, name: str) -> tuple[int, Rule, str]:
        """Return the number of an array's block, its rule, and what the array is called there."""
        block, _, own = name.partition(".")
        number = self.family.block_names.index(block)
        return number, self._rules[number], own

    def _split(self, constraints: Constraints) -> Iterator[tuple[Rule, Constraints]]:
        """Yield each block's rule with what its numbers are bound to."""
        for rule, part in zip(self._rules, self._parts, strict=True):
            yield rule, constraints.part(part)

    def completed(self, constraints: Constraints) -> Constraints:
        """Return the blocks' constraints with what follows from them."""
        parts = [rule.completed(own) for rule, own in self._split(constraints)]
        values = np.hstack([part.values for part in parts])
        return replace(constraints, values=values, ties=np.hstack([part.ties for part in parts]))

    def lost(self, constraints: Constraints) -> int:
        """Return how many free parameters all blocks have less."""
        return sum(rule.lost(own) for rule, own in self._split(constraints))

    def numbers(self, parameters: ProductParameters) -> Float:
        """Return the numbers of all blocks (K, q)."""
        pairs = zip(self._rules, parameters.parts, strict=True)
        return np.hstack([rule.numbers(part) for rule, part in pairs])

    def exactly(self, constraints: Constraints, parameters: ProductParameters) -> ProductParameters:
        """Return parameters with the very numbers that are held."""
        pairs = zip(self._split(constraints), parameters.parts, strict=True)
        return ProductParameters(tuple(rule.exactly(own, part) for (rule, own), part in pairs))

    def rests(self, constraints: Constraints) -> NDArray[np.bool_]:
        """Return which components have no width left to be found in any block."""
        each = [rule.rests(own) for rule, own in self._split(constraints)]
        return np.logical_and.reduce(each)

    def within(self, constraints: Constraints) -> Constraints:
        """Return constraints without numbers held where they make rows impossible."""
        parts = [rule.within(own) for rule, own in self._split(constraints)]
        return replace(constraints, values=np.hstack([part.values for part in parts]))

    def typical(self, constraints: Constraints) -> ProductParameters | None:
        """Return parameters that obey, if those of every block have some without rows."""
        parts = [rule.typical(own) for rule, own in self._split(constraints)]
        return None if any(part is None for part in parts) else ProductParameters(tuple(parts))

    def check_prior(self, constraints: Constraints, prior: Any) -> None:
        """Raise `ParameterError` for a prior of a block under which no M-step here obeys."""
        for (rule, own), part in zip(self._split(constraints), prior.parts, strict=True):
            rule.check_prior(own, part)

    def maximise(
        self,
        constraints: Constraints,
        moments: Any,
        previous: ProductParameters | None,
        prior: Any,
    ) -> ProductParameters:
        """Return the blocks' parameters, each block's the best that obey."""
        before = [None] * len(moments.parts) if previous is None else previous.parts
        parts = zip(self._split(constraints), moments.parts, before, prior.parts, strict=True)
        return ProductParameters(tuple(rule.maximise(own, *three) for (rule, own), *three in parts))
