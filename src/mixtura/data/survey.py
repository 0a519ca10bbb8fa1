"""What one pass over rows finds of their columns, whatever the order and the cut."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Survey"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Survey:
    """Facts of rows that add up over the parts of a source.

    Attributes
    ----------
    n_rows : N
    lowest, highest : (D,) of the cells that are no NaN; infinite where a column has none
    n_missing : (D,) cells that are NaN
    """

    n_rows: int
    lowest: Float
    highest: Float
    n_missing: NDArray[np.int64]

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Self:
        """Return the facts of rows (n, D) of which no cell is infinite."""
        lowest = np.fmin.reduce(rows, axis=0, initial=np.inf).astype(np.float64)
        highest = np.fmax.reduce(rows, axis=0, initial=-np.inf).astype(np.float64)
        total = rows.sum(dtype=np.float64)
        missing = np.zeros(rows.shape[1], dtype=np.int64)
        if not np.isfinite(total):
            missing += np.isnan(rows).sum(axis=0)
        return cls(len(rows), lowest, highest, missing)

    def __add__(self, other: "Survey") -> "Survey":
        """Return the facts of both parts."""
        return Survey(
            self.n_rows + other.n_rows,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
            self.n_missing + other.n_missing,
        )

    @property
    def has_gaps(self) -> bool:
        """Return whether a cell is missing."""
        return bool(self.n_missing.any())

    @property
    def spread(self) -> Float:
        """Return highest less lowest (D,), 0 where a column has one value or none."""
        return np.where(self.highest > self.lowest, self.highest - self.lowest, 0.0)
