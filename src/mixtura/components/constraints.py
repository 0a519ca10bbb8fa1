"""What is known of components' numbers: some are held, some are equal to each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Constraints", "Ties", "pooled"]

Float = NDArray[np.float64]
Ties = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """What K components with q numbers each, noise left out, are bound to; k is the one so bound.

    The numbers lie as inference counts them: the arrays of a family side by side.

    Attributes
    ----------
    values : (K, q) float64, numbers that are held, in the user's units; NaN where free
    ties : (K, q) int64, numbers with the same one above 0 are equal; 0 where one is by itself
    """

    values: Float
    ties: Ties

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

    def take(self, components: Sequence[int]) -> Self:
        """Return what some components are bound to."""
        return type(self)(self.values[components], self.ties[components])

    def __eq__(self, other: object) -> bool:
        """Return whether the same is held."""
        return (
            isinstance(other, Constraints)
            and np.array_equal(self.values, other.values, equal_nan=True)
            and np.array_equal(self.ties, other.ties)
        )

    def __hash__(self) -> int:
        """Return a hash by the bytes of what is held."""
        return hash((self.values.tobytes(), self.ties.tobytes()))


def pooled(sums: Float, ties: Ties) -> Float:
    """Return sums (K, q) in which numbers that are equal have the sum of all of theirs."""
    tied = ties > 0
    if not tied.any():
        return sums
    found = sums.copy()
    found[tied] = np.bincount(ties[tied], weights=sums[tied])[ties[tied]]
    return found
