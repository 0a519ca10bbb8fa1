"""The box that data take up: along the columns or along their principal axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.stats.qmc import Sobol

__all__ = ["Box", "smallest_box"]

Float = NDArray[np.float64]

# Points over which a margin is averaged, as a power of two.
LOG_POINTS = 9


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
        # Each edge in units of its longest part: squares of edges of 1e200 are no numbers.
        longest = np.abs(self.edges).max(axis=1)
        parts = self.edges / np.where(longest > 0, longest, 1.0)[:, None]
        if not longest.all():
            return -np.inf
        return float((np.log(longest) + 0.5 * np.log(np.einsum("ed,ed->e", parts, parts))).sum())

    @property
    def ends(self) -> tuple[Float, Float]:
        """Return how far down and up it reaches in each column (D,)."""
        downward = self.corner + np.minimum(self.edges, 0.0).sum(axis=0)
        return downward, self.corner + np.maximum(self.edges, 0.0).sum(axis=0)

    def sample(self, n_rows: int, rng: np.random.Generator) -> Float:
        """Return rows (n, D) uniform over the box."""
        return self.corner + rng.random((n_rows, len(self.corner))) @ self.edges

    def marginal_density(self, points: Float, columns: Sequence[int]) -> Float:
        """Return the density of some columns of rows that are uniform over the box.

        It is exact for as many edges as there are columns, and a mean over points of a Sobol
        sequence for the others, where they reach into these columns at all.

        Parameters
        ----------
        points : (n, d)
        columns : d of them

        Returns
        -------
        (n,) float64
        """
        edges, count = self.edges[:, list(columns)], len(columns)
        # The pivots are the edges that reach furthest, whatever the columns' units.
        pivoted: Any = qr((edges / np.abs(edges).max(axis=0)).T, mode="r", pivoting=True)
        ordered = edges[pivoted[1]]
        spanning, others = ordered[:count], ordered[count:]
        shifts = np.zeros((1, count))
        if others.any():
            steps = Sobol(len(others), scramble=False).random_base2(LOG_POINTS)
            shifts = (steps + 0.5 / len(steps)) @ others
        inverse = np.linalg.inv(spanning)
        along = ((points - self.corner[list(columns)]) @ inverse)[:, None] - shifts @ inverse
        inside = ((along >= 0) & (along <= 1)).all(axis=2).mean(axis=1)
        return inside / abs(np.linalg.det(spanning))


def smallest_box(rows: NDArray[np.floating], weights: Float | None = None) -> Box:
    """Return the smaller of the boxes along the columns and along the principal axes of the rows.

    Where cells are missing it is that along the columns.

    Parameters
    ----------
    rows : (N, D), NaN where a cell is missing, no column of which is constant
    weights : (N,) row weights, or None
    """
    if np.isnan(rows).any():
        return box_of_known(rows)
    columns = box_along(rows, np.eye(rows.shape[1]))
    centre = rows.mean(axis=0, dtype=np.float64)
    # A power of two, so that it changes no digit where squares are in range without it.
    unit = 2.0 ** np.frexp(np.abs(rows - centre).max())[1]
    # Weights of any sum: the axes do not depend on it.
    shares = np.ones(len(rows)) if weights is None else weights / weights.max()
    points = (rows - centre) / unit
    points = points - shares @ points / shares.sum()
    _, axes = np.linalg.eigh((points * shares[:, None]).T @ points)
    principal = box_along(rows - centre, axes.T.astype(np.float64))
    principal = Box(principal.corner + centre, principal.edges)
    return min(columns, principal, key=lambda box: box.log_volume)


def box_along(rows: NDArray[np.floating], axes: Float) -> Box:
    """Return the box around rows (N, D) with edges along orthonormal axes (D, D), one a row."""
    along = rows @ axes.T
    lowest, highest = along.min(axis=0), along.max(axis=0)
    return Box(lowest @ axes, (highest - lowest)[:, None] * axes)


def box_of_known(rows: NDArray[np.floating]) -> Box:
    """Return the box along the columns around the known cells of rows (N, D)."""
    lowest = np.fmin.reduce(rows, axis=0).astype(np.float64)
    highest = np.fmax.reduce(rows, axis=0).astype(np.float64)
    return Box(lowest, np.diag(highest - lowest))
