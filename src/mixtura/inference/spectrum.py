"""The inverse of an information, by eigenvalues in units of its own diagonal."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["SINGULAR", "Spectrum"]

Float = NDArray[np.float64]

# Eigenvalues in these units that are no more than rounding, as a part of the largest.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A symmetric matrix with a positive diagonal d: D^½ V diag(v) Vᵀ D^½.

    Attributes
    ----------
    scale : (M,) d^-½
    values : (M,) v, ascending
    axes : (M, M) V
    """

    scale: Float
    values: Float
    axes: Float

    @classmethod
    def of(cls, matrix: Float) -> Self:
        """Return that of a matrix (M, M)."""
        scale = 1.0 / np.sqrt(np.diagonal(matrix))
        values, axes = np.linalg.eigh(matrix * scale[:, None] * scale)
        return cls(scale, values, axes)

    @property
    def ratio(self) -> float:
        """Return the least eigenvalue as a part of the largest."""
        return float(self.values[0] / self.values[-1])

    @property
    def is_singular(self) -> bool:
        """Return whether the matrix has no inverse but for rounding, or is not positive."""
        return bool(self.values[0] < SINGULAR * self.values[-1])

    @property
    def inverse(self) -> Float:
        """Return the inverse (M, M)."""
        rooted = self.scale[:, None] * self.axes / np.sqrt(self.values)
        return rooted @ rooted.T
