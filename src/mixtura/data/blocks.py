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
    labels : (n,) what a column says of the rows' components, or None
    """

    rows: NDArray[Any]
    weights: Float | None
    excluded: NDArray[np.bool_] | None = None
    labels: NDArray[np.float64] | None = None

    def of(self, rows: Any) -> "Block":
        """Return some rows, by a slice, positions or truth values."""
        beside = (self.weights, self.labels)
        weights, labels = (None if each is None else each[rows] for each in beside)
        return Block(self.rows[rows], weights, labels=labels)

    def made(self, rows: NDArray[Any]) -> "Block":
        """Return other cells of the same rows."""
        return Block(rows, self.weights, labels=self.labels)

    @staticmethod
    def joined(blocks: "list[Block]") -> "Block":
        """Return the rows of several, all with what stands beside rows or none."""
        beside = ([getattr(each, name) for each in blocks] for name in ("weights", "labels"))
        weights, labels = (None if own[0] is None else np.concatenate(own) for own in beside)
        rows = np.concatenate([each.rows for each in blocks])
        return Block(rows, weights, labels=labels)


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
