"""How a fit runs, and the M-step of the mixing weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.em.model import Model
from mixtura.em.stopping import StoppingRule

__all__ = ["FitOptions", "log_weights_of"]

Float = NDArray[np.float64]

# A share below this would make log π_k useless as a number; no row can tell it from zero.
SMALLEST_SHARE = 1e-300


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a fit runs.

    Attributes
    ----------
    rule : when to stop
    max_iter : sweeps at the most
    prior : the family's penalty
    fallback : the prior to go on with where a component collapses under `prior`, or None to raise
    equal_weights : hold the mixing weights at 1/K
    concentration : α of a Dirichlet prior on the mixing weights; 1 is none
    monotone : whether the objective is one that cannot fall, so that a fall is a defect
    keep : whether an interrupt ends the runs with what they have; else it is passed on
    bound : whether to compute Jensen's bound by each step; short runs have no use for it
    accelerate : whether to leap ahead by SQUAREM; each leap is taken only if the objective rises
    earlier : objectives of sweeps before these, when a fit is carried on
    progress : called with every run's number, sweep and objective; may raise KeyboardInterrupt
    """

    rule: StoppingRule
    max_iter: int
    prior: Any
    fallback: Any = None
    equal_weights: bool = False
    concentration: float = 1.0
    monotone: bool = True
    keep: bool = True
    bound: bool = True
    accelerate: bool = False
    earlier: tuple[float, ...] = ()
    progress: Callable[[int, int, float], None] | None = None

    def log_weights(self, effective_rows: Float) -> Float:
        """Return the log mixing weights (K,) that the M-step makes of N_k."""
        return log_weights_of(
            effective_rows, equal=self.equal_weights, concentration=self.concentration
        )

    def log_prior(self, model: Model, prior: Any) -> float:
        """Return the log density of the priors, up to a constant; `prior` is the components'."""
        about_weights = (self.concentration - 1.0) * float(model.log_weights.sum())
        return prior.log_density(model.parameters) + about_weights


def log_weights_of(
    effective_rows: Float, *, equal: bool = False, concentration: float = 1.0
) -> Float:
    """Return log π_k = log (N_k / Σ N), the solution under Σ π = 1 with multiplier λ = Σ N.

    Under a Dirichlet prior α - 1 rows are added to each N_k.
    """
    if equal:
        return np.full(len(effective_rows), -np.log(len(effective_rows)))
    rows = effective_rows + (concentration - 1.0)
    shares = np.maximum(rows / rows.sum(), SMALLEST_SHARE)
    return np.log(shares)
