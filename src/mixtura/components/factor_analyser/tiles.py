"""Tiles of rows of many columns, and the buffers that they are made in."""

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FactorTile", "FactorWorkspace"]

Float = NDArray[np.float64]


@final
class FactorWorkspace:
    """Buffers of one worker: features and deviations (2D, n) each, and coordinates along factors.

    Attributes
    ----------
    features, spare : numbers of as many rows as there may be
    owner : the evaluator whose coordinates are there
    """

    __slots__ = ("_projected", "features", "owner", "spare")

    def __init__(self, n_columns: int, n_rows: int) -> None:
        self.features = np.empty(2 * n_columns * n_rows)
        self.spare = np.empty(2 * n_columns * n_rows)
        self._projected = np.empty((0, 0))
        self.owner: Any = None

    def projected(self, n_directions: int, n_rows: int) -> Float:
        """Return room for coordinates of a tile; what stands there stays."""
        if self._projected.shape != (n_directions, n_rows):
            self._projected = np.empty((n_directions, n_rows))
        return self._projected


@dataclass(frozen=True, slots=True)
class FactorTile:
    """A tile of rows.

    Attributes
    ----------
    features : (2D, n) x in the frame, and x²
    spare : (2, D, n) room for deviations
    workspace : holds coordinates along factors, and whose they are
    """

    features: Float
    spare: Float
    workspace: FactorWorkspace

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.features.shape[1]

    @property
    def rows(self) -> Float:
        """Return the rows (D, n)."""
        return self.features[: len(self.features) // 2]

    @classmethod
    def of(
        cls, rows: NDArray[Any], origin: Float, scale: Float, workspace: FactorWorkspace
    ) -> Self:
        """Return the tile of rows (n, D), brought into a frame."""
        n_rows, n_columns = rows.shape
        size = 2 * n_rows * n_columns
        features = workspace.features[:size].reshape(2 * n_columns, n_rows)
        within, squares = features[:n_columns], features[n_columns:]
        np.subtract(rows.T, origin[:, None], out=within, casting="same_kind")
        if (scale != 1.0).any():
            within /= scale[:, None]
        np.multiply(within, within, out=squares)
        workspace.owner = None
        spare = workspace.spare[:size].reshape(2, n_columns, n_rows)
        return cls(features, spare, workspace)
