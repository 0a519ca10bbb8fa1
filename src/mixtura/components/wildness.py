"""What rows count for by themselves, before components are known: less the wilder they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.evaluator import GaussianTile
from mixtura.components.gaussian.parameters import RowTotals
from mixtura.sums import Sums

__all__ = ["WILD", "RobustTotals", "WildTile"]

Float = NDArray[np.float64]

# A row farther out in a column, in units of its spread, is wild by itself.
WILD = 5.0


@dataclass(frozen=True, slots=True)
class WildTile:
    """A tile of rows.

    Attributes
    ----------
    gaussian : the rows in the frame
    scratch : what is found of them in a sweep
    limits : (D, 1) distances from the origin, in the frame, beyond which rows are wild
    """

    gaussian: GaussianTile
    scratch: Any
    limits: Float

    @property
    def features(self) -> NDArray[Any]:
        """Return the features (P, n) of the Gaussian tile."""
        return self.gaussian.features

    def wildness(self) -> Float:
        """Return what rows (n,) count for by themselves: 1, but less the wilder they are.

        In a weighted scatter no cell then has more of a deviation than the limit.
        """
        farthest = (np.abs(self.gaussian.rows) / self.limits).max(axis=0)
        return np.maximum(farthest, 1.0) ** -2


@dataclass(frozen=True, slots=True)
class RobustTotals(Sums):
    """Sums over all rows, whatever their component.

    Attributes
    ----------
    weight : Σ w
    robust : weight, Σ w x and Σ w x xᵀ of rows that count for less the wilder they are
    """

    weight: float
    robust: RowTotals

    @property
    def typical(self) -> RowTotals:
        """Return the sums that as many rows would have, were they all as those not wild."""
        times = self.weight / self.robust.weight
        return RowTotals(self.weight, self.robust.first * times, self.robust.second * times)
