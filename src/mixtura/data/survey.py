"""What one pass over rows finds of their columns, whatever the order and the cut."""

from dataclasses import dataclass, replace
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
    lowest, highest : (D,) of the cells that are no NaN in rows that weigh something; infinite where
        a column has none
    n_missing : (D,) cells that are NaN
    heaviest : weight of a row
    n_weightless : rows of weight zero
    """

    n_rows: int
    lowest: Float
    highest: Float
    n_missing: NDArray[np.int64]
    heaviest: float = 1.0
    n_weightless: int = 0

    @classmethod
    def of(cls, rows: NDArray[Any], weights: Float | None = None) -> Self:
        """Return the facts of rows (n, D) of which no cell is infinite, and their weights (n,)."""
        n_rows, heaviest, n_weightless = len(rows), 1.0, 0
        missing = _missing(rows)
        if weights is not None:
            heaviest, n_weightless = float(weights.max(initial=0.0)), int((weights == 0).sum())
            rows = rows[weights > 0] if n_weightless else rows
        # Numbers of categories are whole.
        rows = rows if rows.dtype.kind == "f" else rows.astype(np.float64)
        lowest = np.fmin.reduce(rows, axis=0, initial=np.inf).astype(np.float64)
        highest = np.fmax.reduce(rows, axis=0, initial=-np.inf).astype(np.float64)
        return cls(n_rows, lowest, highest, missing, heaviest, n_weightless)

    def __add__(self, other: "Survey") -> "Survey":
        """Return the facts of both parts."""
        return Survey(
            self.n_rows + other.n_rows,
            np.minimum(self.lowest, other.lowest),
            np.maximum(self.highest, other.highest),
            self.n_missing + other.n_missing,
            max(self.heaviest, other.heaviest),
            self.n_weightless + other.n_weightless,
        )

    def of_columns(self, columns: Any) -> "Survey":
        """Return the facts of some columns, by their places or a slice."""
        return replace(
            self,
            lowest=self.lowest[columns],
            highest=self.highest[columns],
            n_missing=self.n_missing[columns],
        )

    @property
    def has_gaps(self) -> bool:
        """Return whether a cell is missing."""
        return bool(self.n_missing.any())

    @property
    def spread(self) -> Float:
        """Return highest less lowest (D,), 0 where a column has one value or none."""
        return np.where(self.highest > self.lowest, self.highest - self.lowest, 0.0)


def _missing(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many cells of each column (D,) are NaN."""
    missing = np.zeros(rows.shape[1], dtype=np.int64)
    # The sum decides for complete rows.
    if not np.isfinite(rows.sum(dtype=np.float64)):
        missing += np.isnan(rows).sum(axis=0)
    return missing
