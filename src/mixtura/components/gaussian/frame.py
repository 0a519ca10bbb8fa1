"""The frame a fit works in: centred and scaled columns, so that units cannot hurt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Frame"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """The map z = (x - origin) / scale.

    Attributes
    ----------
    origin : (D,) float64, in the user's units
    scale : (D,) float64, powers of two, so that scaling rounds nothing
    """

    origin: Float
    scale: Float

    @classmethod
    def identity(cls, n_columns: int) -> "Frame":
        """Return the frame of the user's own units."""
        return cls(np.zeros(n_columns), np.ones(n_columns))

    @property
    def log_jacobian(self) -> float:
        """Return log|dz/dx| of one row."""
        return -float(np.log(self.scale).sum())

    def enter(self, points: Float) -> Float:
        """Return points (..., D) in the frame."""
        return (points - self.origin) / self.scale

    def leave(self, points: Float) -> Float:
        """Return points (..., D) in the user's units."""
        return points * self.scale + self.origin
