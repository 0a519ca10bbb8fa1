"""The prior of factor analysers: least noise variances."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import FactorParameters

__all__ = ["FactorPrior"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FactorPrior:
    """Least noise variances: a constraint, and no penalty.

    Attributes
    ----------
    floor : (D,) float64 in the frame's units; zero for pure maximum likelihood
    """

    floor: Float
    supports: ClassVar[bool] = False

    def augment(self, moments: FactorMoments) -> FactorMoments:
        """Return the moments as they are."""
        return moments

    def log_density(self, parameters: FactorParameters) -> float:
        """Return zero."""
        return 0.0
