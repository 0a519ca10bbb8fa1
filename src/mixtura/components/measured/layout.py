"""How a row holds what was measured and the covariance of its errors: D cells, then S.

S stands there as D variances, or as the lower triangle by rows; a variance is infinite where a cell
was not measured, which then holds any number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Layout", "lower_triangle", "symmetric"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are cut.

    Attributes
    ----------
    n_columns : D
    has_covariances : whether errors of two columns may go together
    """

    n_columns: int
    has_covariances: bool

    @property
    def width(self) -> int:
        """Return how many numbers a row has."""
        d = self.n_columns
        return d + (d * (d + 1) // 2 if self.has_covariances else d)

    def joined(self, cells: Float, errors: Float) -> Float:
        """Return rows (n, W) of cells (n, D) and errors (n, D) or (n, D, D)."""
        return np.hstack([cells, lower_triangle(errors) if self.has_covariances else errors])

    def cells(self, rows: NDArray[np.float64]) -> Float:
        """Return the cells (n, D) of rows, a view."""
        return rows[:, : self.n_columns]

    def variances(self, rows: Float) -> Float:
        """Return the variances (n, D) of the errors of rows."""
        d = self.n_columns
        if not self.has_covariances:
            return rows[:, d:]
        place = np.arange(d)
        return rows[:, d + place * (place + 3) // 2]

    def covariances(self, rows: Float) -> Float:
        """Return the covariances (n, D, D) of the errors of rows."""
        errors = rows[:, self.n_columns :]
        if self.has_covariances:
            return symmetric(errors, self.n_columns)
        return np.where(np.eye(self.n_columns, dtype=bool), errors[:, None, :], 0.0)


def lower_triangle(matrices: Float) -> Float:
    """Return the lower triangles (..., P) of matrices (..., D, D), by rows."""
    return matrices[..., *np.tril_indices(matrices.shape[-1])]


def symmetric(triangles: Float, n_columns: int) -> Float:
    """Return the symmetric matrices (..., D, D) of lower triangles (..., P)."""
    rows, columns = np.tril_indices(n_columns)
    found = np.empty((*triangles.shape[:-1], n_columns, n_columns))
    found[..., rows, columns] = found[..., columns, rows] = triangles
    return found
