"""How a row holds cells that are known as intervals: D lower ends, D upper ends, D places.

Equal ends are a cell that is known exactly, infinite ones are open, and a cell that is open at
both is missing. A place is a number that stands for the cell where distances are asked for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Layout"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are cut.

    Attributes
    ----------
    n_columns : D
    """

    n_columns: int

    def joined(self, low: Float, high: Float, places: Float) -> Float:
        """Return rows (n, 3 D) of ends and places (n, D)."""
        return np.hstack([low, high, places])

    def low(self, rows: Float) -> Float:
        """Return the lower ends (n, D) of rows, a view."""
        return rows[:, : self.n_columns]

    def high(self, rows: Float) -> Float:
        """Return the upper ends (n, D) of rows, a view."""
        return rows[:, self.n_columns : 2 * self.n_columns]

    def places(self, rows: Float) -> Float:
        """Return the places (n, D) of rows, a view."""
        return rows[:, 2 * self.n_columns :]

    def exact(self, rows: Float) -> NDArray[np.bool_]:
        """Return which cells (n, D) are known exactly."""
        return self.low(rows) == self.high(rows)

    def missing(self, rows: Float) -> NDArray[np.bool_]:
        """Return of which cells (n, D) nothing is known."""
        return np.isneginf(self.low(rows)) & np.isposinf(self.high(rows))
