"""The box that data take up: along the columns or along their principal axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from mixtura.components.background import Passes

__all__ = ["Box", "smallest_box"]

Float = NDArray[np.float64]

# Points over which a margin is averaged, as a power of two.
LOG_POINTS = 9
# An edge of so small a share of the largest cell is what rounding leaves of rows in a plane.
FLAT = 1e-12


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
            # Loaded here, as nothing else needs scipy.stats, which takes a second.
            from scipy.stats.qmc import Sobol

            steps = Sobol(len(others), scramble=False).random_base2(LOG_POINTS)
            shifts = (steps + 0.5 / len(steps)) @ others
        inverse = np.linalg.inv(spanning)
        along = ((points - self.corner[list(columns)]) @ inverse)[:, None] - shifts @ inverse
        inside = ((along >= 0) & (along <= 1)).all(axis=2).mean(axis=1)
        return inside / abs(np.linalg.det(spanning))


def smallest_box(passes: Passes) -> Box:
    """Return the smaller of the boxes along the columns and along the principal axes of the rows.

    Where cells are missing, or rows lie in a plane, it is that along the columns.

    Parameters
    ----------
    passes : over rows (n, D), NaN where a cell is missing, no column of which is constant
    """
    ends = _Ends.of(passes)
    columns = Box(ends.lowest, np.diag(ends.highest - ends.lowest))
    if ends.is_gappy:
        return columns
    centre = ends.total / ends.n_rows
    # A power of two, so that it changes no digit where squares are in range without it.
    unit = 2.0 ** np.frexp(np.maximum(ends.highest - centre, centre - ends.lowest).max())[1]
    axes = _principal_axes(passes, centre, unit, ends.heaviest)
    lowest, highest = np.full(len(centre), np.inf), np.full(len(centre), -np.inf)
    for rows, _ in passes():
        along = (rows - centre) @ axes.T
        np.minimum(lowest, along.min(axis=0), out=lowest)
        np.maximum(highest, along.max(axis=0), out=highest)
    largest = max(np.abs(ends.lowest).max(), np.abs(ends.highest).max())
    if (highest - lowest).min() <= FLAT * largest:
        return columns
    principal = Box(lowest @ axes + centre, (highest - lowest)[:, None] * axes)
    return min(columns, principal, key=lambda box: box.log_volume)


def _principal_axes(passes: Passes, centre: Float, unit: float, heaviest: float) -> Float:
    """Return the principal axes (D, D) of rows, one a row; they depend on no sum of weights."""

    def points_of(rows: Any, weights: Float | None) -> tuple[Float, Float]:
        shares = np.ones(len(rows)) if weights is None else weights / heaviest
        return (rows - centre) / unit, shares

    total, mean = 0.0, np.zeros(len(centre))
    for rows, weights in passes():
        points, shares = points_of(rows, weights)
        total += float(shares.sum())
        mean += shares @ points
    scatter = np.zeros((len(centre), len(centre)))
    for rows, weights in passes():
        points, shares = points_of(rows, weights)
        points -= mean / total
        scatter += (points * shares[:, None]).T @ points
    return np.linalg.eigh(scatter)[1].T.astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Ends:
    """How far rows reach.

    Attributes
    ----------
    n_rows, total : N, and Σ x (D,)
    lowest, highest : (D,) of the known cells
    is_gappy : whether a cell is missing
    heaviest : weight of a row
    """

    n_rows: int
    total: Float
    lowest: Float
    highest: Float
    is_gappy: bool
    heaviest: float

    @classmethod
    def of(cls, passes: Passes) -> Self:
        """Return the ends of all rows."""
        parts = [
            (
                len(rows),
                rows.sum(axis=0, dtype=np.float64),
                np.fmin.reduce(rows, axis=0).astype(np.float64),
                np.fmax.reduce(rows, axis=0).astype(np.float64),
                bool(np.isnan(rows).any()),
                1.0 if weights is None else float(weights.max()),
            )
            for rows, weights in passes()
        ]
        counts, totals, lowest, highest, gappy, heaviest = zip(*parts, strict=True)
        return cls(
            sum(counts),
            np.sum(totals, axis=0),
            np.fmin.reduce(lowest),
            np.fmax.reduce(highest),
            any(gappy),
            max(heaviest),
        )
