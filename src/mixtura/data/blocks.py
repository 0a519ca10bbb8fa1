"""What a sweep reads: units that load blocks of rows, and the source that they load from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "RowSource", "Unit", "blocks_of"]

Float = NDArray[np.float64]

# Rows of a block where all are gone through.
AT_ONCE = 65536


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows.

    Attributes
    ----------
    rows : (n, D), finite
    weights : (n,) float64 row weights, or None where every row counts once
    excluded : (K, n) True where a row cannot belong to a component, or None where none is excluded
    """

    rows: NDArray[Any]
    weights: Float | None
    excluded: NDArray[np.bool_] | None = None


class RowSource(Protocol):
    """Rows that can be read again, any range at a time and from several threads."""

    @property
    def n_rows(self) -> int:
        """Return N."""
        ...

    @property
    def n_columns(self) -> int:
        """Return D."""
        ...

    @property
    def total_weight(self) -> float:
        """Return Σ w, or N where every row counts once."""
        ...

    def block(self, start: int, stop: int) -> Block:
        """Return rows `start` to `stop`."""
        ...

    def subsample(self, size: int, seed: int) -> tuple[NDArray[Any], Float | None]:
        """Return at most `size` distinct rows and weights that stand for all rows.

        The choice depends on the distinct rows, their total weights and the seed only.
        """
        ...

    def times(self, factor: float) -> "RowSource":
        """Return the rows with every weight multiplied."""
        ...

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        ...


def blocks_of(source: RowSource) -> Iterator[Block]:
    """Yield all rows of a source, some at a time."""
    for start in range(0, source.n_rows, AT_ONCE):
        yield source.block(start, min(start + AT_ONCE, source.n_rows))


@dataclass(frozen=True, slots=True)
class Unit:
    """Consecutive rows that load themselves, wherever they are sent."""

    source: RowSource
    start: int
    stop: int

    def load(self) -> Block:
        """Return the rows."""
        return self.source.block(self.start, self.stop)
