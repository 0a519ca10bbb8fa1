"""Penalties: pseudo-rows added to the moments of every component, and their log density.

The conjugate prior of an exponential family is data that was never seen: ν pseudo-rows with mean
features t add ν t to each component's sums, and ν <θ_k, t> to the log density (Diaconis and
Ylvisaker 1979). For probabilities it is Dirichlet smoothing, for rates the gamma prior.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import ParameterError

__all__ = ["ConjugatePrior", "NoPrior", "pseudo_rows"]

Float = NDArray[np.float64]

Moments = TypeVar("Moments")


@dataclass(frozen=True, slots=True)
class NoPrior:
    """Pure maximum likelihood."""

    supports: ClassVar[bool] = False

    def augment(self, moments: Moments) -> Moments:
        """Return the moments as they are."""
        return moments

    def log_density(self, parameters: Any) -> float:
        """Return zero."""
        return 0.0


class Penalised(Protocol):
    """What a conjugate prior asks of its family."""

    def natural(self, parameters: Any) -> Float: ...


@dataclass(frozen=True, slots=True)
class ConjugatePrior:
    """Pseudo-rows, the same in every component.

    Attributes
    ----------
    family : of the components
    features : (P,) float64, the sum of the pseudo-rows' features; the first is their number
    """

    family: Penalised
    features: Float
    supports: ClassVar[bool] = False

    def augment(self, moments: Any) -> Any:
        """Return the moments with the pseudo-rows in every component."""
        return moments.plus(self.features)

    def log_density(self, parameters: Any) -> float:
        """Return Σ_k <θ_k, features>, the penalty up to a constant."""
        return float((self.family.natural(parameters) @ self.features).sum())


def pseudo_rows(name: str, total_weight: float, n_components: int) -> float:
    """Return how many pseudo-rows a prior of that name puts into each component.

    "weak" puts 1/N, as for Gaussians: too few to move an estimate, enough to keep every
    probability above zero, and vanishing as the rows grow. "conjugate" puts 1/K, one row in all
    (Galindo Garre and Vermunt 2006), for those who predict rows not seen in the fit. "rescue", for
    singular covariances of other columns, is "weak" here.
    """
    if name in ("weak", "rescue"):
        return 1.0 / total_weight
    if name == "conjugate":
        return 1.0 / n_components
    raise ParameterError(f'prior should be "weak", "conjugate", None or a penalty, not {name!r}')
