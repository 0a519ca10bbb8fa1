"""The box that data take up: along the columns or along their principal axes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "smallest_box"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """A box with a corner and D edges.

    Attributes
    ----------
    corner : (D,) float64
    edges : (D, D) float64, an edge in each row, orthogonal to the others
    """

    corner: Float
    edges: Float

    @property
    def log_volume(self) -> float:
        """Return the log of the product of the edges' lengths."""
        lengths = np.sqrt(np.einsum("ed,ed->e", self.edges, self.edges))
        return float(np.log(lengths).sum())

    def sample(self, n_rows: int, rng: np.random.Generator) -> Float:
        """Return rows (n, D) uniform over the box."""
        return self.corner + rng.random((n_rows, len(self.corner))) @ self.edges


def smallest_box(rows: NDArray[np.floating], weights: Float | None = None) -> Box:
    """Return the smaller of the boxes along the columns and along the principal axes of the rows.

    Parameters
    ----------
    rows : (N, D), no column of which is constant
    weights : (N,) row weights, or None
    """
    columns = box_along(rows, np.eye(rows.shape[1]))
    centre = rows.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(np.cov(rows, rowvar=False, aweights=weights).reshape(len(centre), -1))
    principal = box_along(rows - centre, axes.T.astype(np.float64))
    principal = Box(principal.corner + centre, principal.edges)
    return min(columns, principal, key=lambda box: box.log_volume)


def box_along(rows: NDArray[np.floating], axes: Float) -> Box:
    """Return the box around rows (N, D) with edges along orthonormal axes (D, D), one a row."""
    along = rows @ axes.T
    lowest, highest = along.min(axis=0), along.max(axis=0)
    return Box(lowest @ axes, (highest - lowest)[:, None] * axes)
