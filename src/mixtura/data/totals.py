"""Sums of row weights that have the same bits in any order and however they are cut.

A weight is written in digits of 31 bits, whole numbers whose sums are exact. Of a sum only the
first four digits are kept, from that of its heaviest weight on, which is rounded once in the end;
what is left out is the same in any order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ldexp
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Totals", "sums_of_runs", "total", "total_of_parts"]

Float = NDArray[np.float64]

DIGITS, BITS = 4, 31
MASK = (1 << BITS) - 1
# Where the first digit of zero stands: below those of all other floats.
LOWEST = -64


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers in digits: Σ_j digits[:, j] 2^(31 (tops - j)).

    Attributes
    ----------
    tops : (n,) places of the first digits
    digits : (n, J)
    """

    tops: NDArray[np.int16]
    digits: NDArray[np.int64]

    @classmethod
    def of(cls, weights: Float) -> Self:
        """Return weights (n,) in digits."""
        tops = np.where(weights > 0, np.frexp(weights)[1] // BITS, LOWEST)
        left = np.ldexp(weights, -BITS * (tops + 1))
        digits = np.empty((len(weights), DIGITS), dtype=np.int64)
        for place in range(DIGITS):
            left = left * (1 << BITS)
            whole = np.floor(left)
            digits[:, place] = whole
            left -= whole
        return cls(tops.astype(np.int16), digits)

    @classmethod
    def ones(cls, count: int) -> Self:
        """Return as many ones, in one digit, which is enough for whole numbers."""
        return cls(np.zeros(count, dtype=np.int16), np.ones((count, 1), dtype=np.int64))

    @classmethod
    def concatenated(cls, parts: Iterable["Totals"]) -> Self:
        """Return the numbers of several, one after the other."""
        tops, digits = zip(*((part.tops, part.digits) for part in parts), strict=True)
        return cls(np.concatenate(tops), np.concatenate(digits))

    def take(self, places: NDArray[np.intp]) -> "Totals":
        """Return the numbers at some places."""
        return Totals(self.tops[places], self.digits[places])

    def summed(self, starts: NDArray[np.intp]) -> "Totals":
        """Return the sum (U,) of each run of numbers."""
        tops = np.maximum.reduceat(self.tops, starts)
        lower = np.repeat(tops, np.diff(starts, append=len(self.tops))) - self.tops
        digits = self.digits
        if lower.any():
            n_digits = digits.shape[1]
            padded = np.pad(digits, ((0, 0), (n_digits, 0)))
            places = np.arange(n_digits) + n_digits - np.minimum(lower, n_digits)[:, None]
            digits = np.take_along_axis(padded, places, axis=1)
        return Totals(tops, np.add.reduceat(digits, starts, axis=0))

    def values(self) -> Float:
        """Return the numbers (n,), rounded."""
        digits = self.digits.copy()
        for place in range(digits.shape[1] - 1, 0, -1):
            digits[:, place - 1] += digits[:, place] >> BITS
            digits[:, place] &= MASK
        values = digits[:, 0].astype(np.float64)
        for place in range(1, digits.shape[1]):
            values += np.ldexp(digits[:, place].astype(np.float64), -BITS * place)
        return np.ldexp(values, BITS * self.tops.astype(np.int64))


def sums_of_runs(weights: Float, starts: NDArray[np.intp]) -> Float:
    """Return the sum (U,) of each run of weights (n,), whatever the order within a run."""
    return Totals.of(weights).summed(starts).values()


def total(weights: Float) -> float:
    """Return the sum of weights (n,)."""
    return total_of_parts([weights])


def total_of_parts(parts: Iterable[Float]) -> float:
    """Return the sum of weights that come in parts, none of which is empty."""
    first = np.zeros(1, dtype=np.intp)
    found = Totals.concatenated(Totals.of(weights).summed(first) for weights in parts)
    found = found.summed(first)
    whole = 0
    for digit in found.digits[0].tolist():
        whole = (whole << BITS) + digit
    try:
        return ldexp(whole, BITS * (int(found.tops[0]) - DIGITS + 1))
    except OverflowError:
        # An infinite sum is told where it matters.
        return float("inf")
