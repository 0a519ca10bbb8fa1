"""Rows that lie in memory."""

from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import Block
from mixtura.data.distinct import content_subsample, count_distinct
from mixtura.data.totals import total

__all__ = ["ArrayRows"]

Float = NDArray[np.float64]


@final
class ArrayRows:
    """A source over an array that is checked already.

    Parameters
    ----------
    rows : (N, D), finite
    weights : (N,) float64 > 0, or None
    """

    lasting: ClassVar[bool] = True

    def __init__(self, rows: NDArray[Any], weights: Float | None = None) -> None:
        self._rows = rows
        self._weights = weights
        self._samples: dict[tuple[int, int], tuple[NDArray[Any], Float | None]] = {}
        self._distinct: dict[int, int] = {}
        self._total = float(rows.shape[0]) if weights is None else total(weights)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave samples behind, which whoever gets the rows draws again."""
        return ArrayRows, (self._rows, self._weights)

    @property
    def n_rows(self) -> int:
        """Return N."""
        return self._rows.shape[0]

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self._rows.shape[1]

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return self._total

    def block(self, start: int, stop: int) -> Block:
        """Return a view of some rows."""
        weights = None if self._weights is None else self._weights[start:stop]
        return Block(self._rows[start:stop], weights)

    def subsample(self, size: int, seed: int) -> tuple[NDArray[Any], Float | None]:
        """Return at most `size` distinct rows and their weights; drawn once for each seed."""
        if (size, seed) not in self._samples:
            found = content_subsample(self._rows, self._weights, size, seed)
            self._samples[size, seed] = found
        return self._samples[size, seed]

    def times(self, factor: float) -> "ArrayRows":
        """Return the rows with every weight multiplied."""
        ones = np.ones(self.n_rows) if self._weights is None else self._weights
        return ArrayRows(self._rows, ones * factor)

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        if at_least not in self._distinct:
            self._distinct[at_least] = count_distinct(self._rows, at_least)
        return self._distinct[at_least]
