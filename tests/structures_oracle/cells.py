"""The columns that have a floor, in its units: what scatters have there, and what is added."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from structures_oracle.singular import finite_cholesky, positive

__all__ = ["Cells", "positive_part"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cells:
    """The columns r that have a floor F, as blocks that are constrained one by one.

    Matrices are (G, B, S, S): G scatters, B blocks, S columns. A covariance that is a matrix has
    one block of all columns, a diagonal one a block of one column for each.

    Attributes
    ----------
    floor : (R,) float64, F's diagonal
    columns : (R,) their places
    others : the places of the columns that have none
    full : whether covariances are matrices
    """

    floor: Float
    columns: NDArray[np.intp]
    others: NDArray[np.intp]
    full: bool

    @classmethod
    def of(cls, floor: Float, *, full: bool) -> Self:
        """Return the cells of floors (D,), zero where a column has none."""
        columns = np.flatnonzero(floor > 0)
        return cls(floor[columns], columns, np.flatnonzero(floor <= 0), full)

    def excess(self, scatter: Float) -> Float:
        """Return A = F^-½ (W_rr - W_ro W_oo⁻¹ W_or) F^-½ of scatters (G, D) or (G, D, D)."""
        if not self.full:
            if len(self.others):
                positive(scatter[:, self.others])
            return (scatter[:, self.columns] / self.floor)[:, :, None, None]
        r, o, roots = self.columns, self.others, np.sqrt(self.floor)
        own = scatter[:, r[:, None], r]
        if len(o):
            half = np.linalg.solve(
                finite_cholesky(scatter[:, o[:, None], o]), scatter[:, o[:, None], r]
            )
            own = own - half.transpose(0, 2, 1) @ half
        return (own / roots[:, None] / roots)[:, None]

    def log_determinants(self, scatter: Float) -> Float:
        """Return log|W_oo| + log|F| (G,)."""
        o = self.others
        floor = np.log(self.floor).sum()
        if not self.full:
            with np.errstate(divide="ignore"):
                return np.log(scatter[:, o]).sum(axis=1) + floor
        return np.linalg.slogdet(scatter[:, o[:, None], o]).logabsdet + floor

    def raised(self, scatter: Float, extra: Float) -> Float:
        """Return scatters (G, D) or (G, D, D) with F^½ Z F^½ added, Z (G, B, S, S)."""
        raised, r, roots = scatter.copy(), self.columns, np.sqrt(self.floor)
        if self.full:
            raised[:, r[:, None], r] += extra[:, 0] * roots[:, None] * roots
        else:
            raised[:, r] += extra[:, :, 0, 0] * self.floor
        return raised

    def tightness(self, factors: Float) -> Float:
        """Return M = F^½ (Σ⁻¹)_rr F^½ of factors (G, D) or (G, D, D)."""
        if not self.full:
            return (factors[:, self.columns] ** 2 * self.floor)[:, :, None, None]
        half = factors[:, self.columns] * np.sqrt(self.floor)[:, None]
        return (half @ half.transpose(0, 2, 1))[:, None]


def positive_part(matrices: Float) -> Float:
    """Return the nearest positive semidefinite matrices."""
    values, vectors = np.linalg.eigh(matrices)
    return (vectors * np.maximum(values, 0.0)[..., None, :]) @ vectors.swapaxes(-1, -2)
