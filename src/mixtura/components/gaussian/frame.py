"""The frame a fit works in: centred and scaled columns, so that units cannot hurt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import power_of_two

__all__ = ["Frame"]

Float = NDArray[np.float64]

LARGEST_PLAIN_EXPONENT = 40


@dataclass(frozen=True, slots=True)
class Frame:
    """The map z = (x - origin) / scale.

    Attributes
    ----------
    origin : (D,) float64, in the user's units
    scale : (D,) float64, powers of two, so that scaling rounds nothing
    spread : (D,) float64, standard deviations of the columns
    """

    origin: Float
    scale: Float
    spread: Float

    @classmethod
    def identity(cls, n_columns: int) -> "Frame":
        """Return the frame of the user's own units."""
        return cls(np.zeros(n_columns), np.ones(n_columns), np.ones(n_columns))

    @classmethod
    def of(cls, origin: Float, spread: Float, *, one_scale: bool) -> "Frame":
        """Return a frame about `origin`, with powers of two near the spreads where it matters.

        Floats lose nothing by a common factor, so columns are scaled only where squares of their
        deviations might overflow or underflow.

        Parameters
        ----------
        origin : (D,) the columns' means
        spread : (D,) their standard deviations
        one_scale : whether all columns must share one scale (structures not closed under others)
        """
        # A column without spread says nothing of the scale that it may share.
        widest = np.asarray(spread.max() if one_scale and spread.any() else 1.0)
        spread = np.where(spread > 0, spread, widest)
        extreme = np.abs(np.log2(spread)) > LARGEST_PLAIN_EXPONENT
        if one_scale:
            common = power_of_two(widest) if extreme.any() else 1.0
            return cls(origin, np.full(len(spread), common), spread)
        return cls(origin, np.where(extreme, power_of_two(spread), 1.0), spread)

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
