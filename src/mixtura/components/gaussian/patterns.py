"""Which columns of a row were observed: rows one after the other that share a pattern."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Patterns"]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Runs of consecutive rows with the same observed columns.

    Attributes
    ----------
    bounds : (S + 1,) where runs begin, and the number of rows
    observed : (S, D) bool
    """

    bounds: NDArray[np.intp]
    observed: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: NDArray[Any]) -> "Patterns":
        """Return the runs of rows (n, D), NaN where a cell is missing."""
        missing = np.ascontiguousarray(np.isnan(rows).T)
        begins = np.flatnonzero((missing[:, 1:] != missing[:, :-1]).any(axis=0)) + 1
        bounds = np.concatenate([[0], begins, [len(rows)]])
        return cls(bounds, ~missing[:, bounds[:-1]].T)

    def slices(self) -> list[slice]:
        """Return the rows of each run."""
        bounds = self.bounds.tolist()
        return [slice(*two) for two in pairwise(bounds)]
