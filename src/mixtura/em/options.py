"""How a fit runs, and the M-step of the mixing weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.weighing import Weighing
from mixtura.em.model import Model
from mixtura.em.stopping import StoppingRule

__all__ = ["FREE", "FitOptions", "log_weights_of"]

Float = NDArray[np.float64]

FREE = Weighing()


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a fit runs.

    Attributes
    ----------
    rule : when to stop
    max_iter : sweeps at the most
    prior : the family's penalty
    fallback : the prior to go on with where a component collapses under `prior`, or None to raise
    weighing : what the mixing weights are
    monotone : whether the objective is one that cannot fall, so that a fall is a defect
    keep : whether an interrupt ends the runs with what they have; else it is passed on
    bound : whether to compute Jensen's bound by each step; short runs have no use for it
    accelerate : whether to extrapolate by SQUAREM; each extrapolation is taken only if the
        objective rises
    earlier : objectives of sweeps before these, when a fit is carried on
    progress : called with every run's number, sweep and objective; may raise KeyboardInterrupt
    heard : called with where each short run of a start led: its source, objective and model
    resumable : whether a journal keeps what its runs come to (`mixtura.checkpoints`)
    failed : called with the error of each try that others outlive, but for components that collapse
    """

    rule: StoppingRule
    max_iter: int
    prior: Any
    fallback: Any = None
    weighing: Weighing = FREE
    monotone: bool = True
    keep: bool = True
    bound: bool = True
    accelerate: bool = False
    earlier: tuple[float, ...] = ()
    progress: Callable[[int, int, float], None] | None = None
    heard: Callable[[str, float, Model], None] | None = None
    failed: Callable[[Exception], None] | None = None
    resumable: bool = False

    def log_weights(self, effective_rows: Float) -> Float:
        """Return the log mixing weights (K,) that the M-step makes of N_k."""
        return self.weighing.log_weights(effective_rows)

    def log_prior(self, model: Model, prior: Any) -> float:
        """Return the log density of the priors, up to a constant; `prior` is the components'."""
        return prior.log_density(model.parameters) + self.weighing.log_density(model.log_weights)


def log_weights_of(weights: Float) -> Float:
    """Return log π_k (K,) of mixing weights, finite ones."""
    return FREE.log_weights(weights)
