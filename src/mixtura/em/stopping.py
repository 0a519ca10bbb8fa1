"""When to stop, and why it stopped, as sentences."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from mixtura.components.kernel import Limits

__all__ = ["HOPE", "LATELY", "Ending", "GainLeft", "MeanChange", "StoppingRule", "aitken_gain"]


# A run is not thought to gain more than so many times what it gained in so many sweeps lately.
HOPE, LATELY = 20.0, 5


class Ending(Enum):
    """Why a fit ended."""

    CONVERGED = "converged: what is left to gain is below the tolerance"
    SMALL_CHANGE = "converged: the mean log-likelihood changed by less than tol"
    ITERATION_LIMIT = "stopped at the iteration limit, before it had converged"
    INTERRUPTED = "interrupted; the best parameters so far were kept"
    ROUNDING = "converged: rounding hides any further gain"
    JOINED = "joined: another start had come to the same place"
    OUTRUN = "stopped: another start is ahead by more than it could gain"
    UNDETERMINED = "stopped: a component has too few rows for what is left to gain to say anything"
    SHORT_RUN = "a short run, not meant to converge"

    @property
    def converged(self) -> bool:
        """Whether a stopping rule was met."""
        return self in (Ending.CONVERGED, Ending.SMALL_CHANGE, Ending.ROUNDING)


class StoppingRule(Protocol):
    """Looks at the objective after each sweep, in nats for all rows."""

    @property
    def ending(self) -> Ending:
        """Return why a fit ended that met the rule."""
        ...

    @property
    def steps_past(self) -> bool:
        """Return whether the M-step after the last sweep still counts."""
        ...

    def met(self, objectives: Sequence[float], total_weight: float, gain_left: float) -> bool:
        """Return whether to stop; `gain_left` is an estimate, in nats."""
        ...

    def tolerance(self, objective: float) -> float:
        """Return what may be left to gain, in nats."""
        ...

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule as compiled runs are told it, with the most sweeps they may take."""
        ...


def aitken_gain(objectives: Sequence[float]) -> float:
    """Return Aitken's estimate of what a linearly converging sequence has left to gain.

    With gains g_t and their largest recent ratio ρ, that is g_t ρ / (1 - ρ) (Boehning et al. 1994).
    """
    if len(objectives) < 4:
        return float("inf")
    gains = [objectives[i] - objectives[i - 1] for i in (-3, -2, -1)]
    if gains[-1] <= 0:
        return 0.0
    ratios = [late / early for early, late in itertools.pairwise(gains) if early > 0]
    if not ratios or max(ratios) >= 1:
        return float("inf")
    ratio = max(ratios)
    return gains[-1] * ratio / (1 - ratio)


@dataclass(frozen=True, slots=True)
class GainLeft:
    """The default rule: stop when less than `nats` + `relative` |ℓ| is left to gain."""

    nats: float = 1e-3
    relative: float = 1e-9
    ending: Ending = Ending.CONVERGED
    steps_past: bool = False

    def met(self, objectives: Sequence[float], total_weight: float, gain_left: float) -> bool:
        """Return whether the estimate is below the tolerance."""
        return gain_left < self.tolerance(objectives[-1])

    def tolerance(self, objective: float) -> float:
        """Return the nats that may be left to gain."""
        return self.nats + self.relative * abs(objective)

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule in numbers."""
        return Limits(
            sweeps,
            accelerate,
            steps_past=self.steps_past,
            nats=self.nats,
            relative=self.relative,
        )


@dataclass(frozen=True, slots=True)
class MeanChange:
    """scikit-learn's rule: the mean log-likelihood changed by less than `tol`.

    Its parameters are those after the M-step that follows the last sweep, hence `steps_past`.
    """

    tol: float
    ending: Ending = Ending.SMALL_CHANGE
    steps_past: bool = True

    def met(self, objectives: Sequence[float], total_weight: float, gain_left: float) -> bool:
        """Return whether the last change per row is below `tol`."""
        if len(objectives) < 2:
            return False
        return abs(objectives[-1] - objectives[-2]) / total_weight < self.tol

    def tolerance(self, objective: float) -> float:
        """Return no bound: this rule looks at changes only."""
        return float("inf")

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule in numbers."""
        return Limits(sweeps, accelerate, steps_past=self.steps_past, mean_change=self.tol)
