"""What compiled runs know of features beside the Gaussian ones: values, each from its sum."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.native.runs import Segment, address

__all__ = ["Block", "SegmentKind", "Segments"]

Float = NDArray[np.float64]


class SegmentKind(IntEnum):
    """How values follow from sums S in N rows; see `mx_segment_kind`."""

    RATES = 0
    SHARES = 1
    CHANCES = 2
    NOTHING = 3
    GAMMAS = 4
    TABLES = 5


@dataclass(frozen=True)
class Segments:
    """Features behind the constant one, and the parameters that they give.

    Attributes
    ----------
    parts : kind, number of values L and of opening features O of each, one after the other; O is
        0 where all rows count alike, 1 where the first feature says for how much each does, L
        where L of them say so of each value
    value : makes parameters of all values (K, ΣL)
    shape : of all gamma densities, or 0 where shapes are free
    least : least deviations of their columns, or None
    tables : of negative binomials, where the counts of each column begin, and what they are
    values : returns the values (K, ΣL) of parameters
    """

    parts: tuple[tuple[SegmentKind, int, int], ...]
    value: Callable[[Float], Any]
    shape: float = 0.0
    least: Float | None = None
    tables: tuple[NDArray[np.int64], Float] | None = None
    values: Callable[[Any], Float] = attrgetter("values")

    def told(self, pseudo_rows: float) -> list[Segment]:
        """Return what C is told, with the rows that a prior adds."""
        least = None if self.least is None else address(self.least)
        tables = 0, None, None
        if self.tables is not None:
            bounds, counts = self.tables
            tables = len(bounds) - 1, address(bounds), address(counts)
        return [Segment(*part, pseudo_rows, self.shape, least, *tables) for part in self.parts]

    @property
    def n_coded(self) -> int:
        """Return how many features are ones of tables, of which runs are told by codes."""
        return sum(length for kind, length, _ in self.parts if kind is SegmentKind.TABLES)

    @property
    def width(self) -> int:
        """Return E, Σ O + L."""
        return sum(opening + length for _, length, opening in self.parts)

    def value_of(self, numbers: Float) -> Any:
        """Return the parameters among the numbers (K, E) of all features, as a file has them."""
        return self.value(np.ascontiguousarray(numbers[:, self.places]))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Return where the values (ΣL,) stand among the features (E,)."""
        is_value = [[False] * opening + [True] * length for _, length, opening in self.parts]
        return np.flatnonzero(np.concatenate(is_value))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Columns of one exponential family.

    Attributes
    ----------
    segments : of its features
    features : (E, n) float64, without the constant and those that are coded
    log_base : Σ w log h(x)
    codes : (J, n) int32 where the one of each of J cells stands among the coded features, negative
        where it has none; None where no feature is coded
    n_codes : C, how many these are
    """

    segments: Segments
    features: Float
    log_base: float
    codes: NDArray[np.int32] | None = None
    n_codes: int = 0
