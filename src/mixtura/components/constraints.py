"""What is known of components' numbers: some are held, some equal, some follow an order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINKS", "Constraints", "OrdinalItem", "Ties", "pooled"]

Float = NDArray[np.float64]
Ties = NDArray[np.int64]

# The logits of answers in an order.
LINKS = ("adjacent", "cumulative")


@dataclass(frozen=True, slots=True)
class OrdinalItem:
    """Levels of an item between whose odds components differ by one number each.

    All components share thresholds b. By adjacent-category logits log p_kl / p_km = b_l - b_m +
    (s_l - s_m) λ_k; by cumulative ones, of levels in the order of their scores, logit P(level <= l)
    = b_l - λ_k.

    Attributes
    ----------
    first : where among the numbers of a component those of the levels begin
    scores : s of each level
    link : "adjacent" or "cumulative"
    """

    first: int
    scores: tuple[float, ...]
    link: str = "adjacent"

    @property
    def levels(self) -> slice:
        """Return where the levels stand among the numbers of a component."""
        return slice(self.first, self.first + len(self.scores))


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """What K components with q numbers each, noise left out, are bound to; k is the one so bound.

    The numbers lie as inference counts them: the arrays of a family side by side.

    Attributes
    ----------
    values : (K, q) float64, numbers that are held, in the user's units; NaN where free
    ties : (K, q) int64, numbers with the same one above 0 are equal; 0 where one is by itself
    ordinal : the items whose levels have an order, in all components alike
    """

    values: Float
    ties: Ties
    ordinal: tuple[OrdinalItem, ...] = ()

    @classmethod
    def free(cls, n_components: int, n_numbers: int) -> Self:
        """Return what binds nothing."""
        shape = (n_components, n_numbers)
        return cls(np.full(shape, np.nan), np.zeros(shape, dtype=np.int64))

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.values)

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Return which numbers (K, q) are held."""
        return ~np.isnan(self.values)

    @property
    def tells_apart(self) -> bool:
        """Return whether components are bound to unlike things, and cannot be swapped."""
        return any(self.differ(0, k) for k in range(1, self.n_components))

    def differ(self, first: int, other: int) -> bool:
        """Return whether two components are bound to unlike things."""
        alike = np.array_equal(self.values[first], self.values[other], equal_nan=True)
        return not alike or not np.array_equal(self.ties[first], self.ties[other])

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is bound."""
        return not self.ordinal and self.binds_none_alone

    @property
    def binds_none_alone(self) -> bool:
        """Return whether nothing is said of one component that is not said of any other."""
        return not self.fixed.any() and not self.ties.any()

    def take(self, components: Sequence[int]) -> Self:
        """Return what some components are bound to."""
        return replace(self, values=self.values[components], ties=self.ties[components])

    def part(self, numbers: slice) -> Self:
        """Return what some numbers that stand side by side are bound to."""
        own = (
            replace(item, first=item.first - numbers.start)
            for item in self.ordinal
            if numbers.start <= item.first < numbers.stop
        )
        return replace(
            self,
            values=self.values[:, numbers],
            ties=self.ties[:, numbers],
            ordinal=tuple(own),
        )

    def of_size(self, n_components: int) -> Self:
        """Return what so many components are bound to, where nothing is said of one alone."""
        return replace(type(self).free(n_components, self.values.shape[1]), ordinal=self.ordinal)

    def __eq__(self, other: object) -> bool:
        """Return whether the same is held."""
        return (
            isinstance(other, Constraints)
            and np.array_equal(self.values, other.values, equal_nan=True)
            and np.array_equal(self.ties, other.ties)
            and self.ordinal == other.ordinal
        )

    def __hash__(self) -> int:
        """Return a hash by the bytes of what is held."""
        return hash((self.values.tobytes(), self.ties.tobytes(), self.ordinal))


def pooled(sums: Float, ties: Ties) -> Float:
    """Return sums (K, q) in which numbers that are equal have the sum of all of theirs."""
    tied = ties > 0
    if not tied.any():
        return sums
    found = sums.copy()
    found[tied] = np.bincount(ties[tied], weights=sums[tied])[ties[tied]]
    return found
