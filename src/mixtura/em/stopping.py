"""When to stop, and why it stopped, as sentences."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from mixtura.components.kernel import Ended, Limits

__all__ = ["Ending", "GainLeft", "MeanChange", "StoppingRule", "ending_of"]


class Ending(Enum):
    """Why a fit ended."""

    CONVERGED = "converged: the estimated remaining gain is below the tolerance"
    SMALL_CHANGE = "converged: the mean log-likelihood changed by less than tol"
    ITERATION_LIMIT = "stopped at the iteration limit, before it had converged"
    INTERRUPTED = "interrupted; the best parameters so far were kept"
    ROUNDING = "converged: rounding hides any further gain"
    JOINED = "joined: another start had come to the same place"
    OUTRUN = "stopped: another start is ahead by more than it could gain"
    UNDETERMINED = "stopped: a component has too few rows for what is left to gain to say anything"
    SHORT_RUN = "a short run, not meant to converge"
    GIVEN = "as it was given: nothing was fitted to these rows"

    @property
    def converged(self) -> bool:
        """Whether a stopping rule was met."""
        return self in (Ending.CONVERGED, Ending.SMALL_CHANGE, Ending.ROUNDING)

    @property
    def cut_short(self) -> bool:
        """Whether a fit ended before a rule was met."""
        return not self.converged and self is not Ending.GIVEN


# Of runs that the rule did not end; where compiled code leaves an M-step to be taken for it, so
# often that the sweeps are used up, it is the limit.
ENDINGS = {
    Ended.LIMIT: Ending.ITERATION_LIMIT,
    Ended.FLAT: Ending.ITERATION_LIMIT,
    Ended.OUTRUN: Ending.OUTRUN,
    Ended.ROUNDING: Ending.ROUNDING,
}


class StoppingRule(Protocol):
    """When the driver ends a run, by its objective after each sweep, in nats for all rows."""

    @property
    def ending(self) -> Ending:
        """Return why a fit ended that met the rule."""
        ...

    @property
    def steps_past(self) -> bool:
        """Return whether the M-step after the last sweep still counts."""
        ...

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule in numbers, with the most sweeps that a run may take."""
        ...

    def reached(self, objective: float) -> None:
        """Take note of what a run has come to; rules of races go by it."""
        ...


def ending_of(ended: Ended, rule: StoppingRule) -> Ending:
    """Return why a run ended that was led by a rule."""
    return rule.ending if ended is Ended.RULE else ENDINGS[ended]


@dataclass(frozen=True, slots=True)
class GainLeft:
    """The default rule: stop when less than `nats` + `relative` |ℓ| is left to gain."""

    nats: float = 1e-3
    relative: float = 1e-9
    ending: Ending = Ending.CONVERGED
    steps_past: bool = False

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule in numbers."""
        return Limits(
            sweeps,
            accelerate,
            steps_past=self.steps_past,
            nats=self.nats,
            relative=self.relative,
        )

    def reached(self, objective: float) -> None:
        """Take no note of it."""


@dataclass(frozen=True, slots=True)
class MeanChange:
    """scikit-learn's rule: the mean log-likelihood changed by less than `tol`.

    Its parameters are those after the M-step that follows the last sweep, hence `steps_past`.
    """

    tol: float
    ending: Ending = Ending.SMALL_CHANGE
    steps_past: bool = True

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule in numbers."""
        return Limits(sweeps, accelerate, steps_past=self.steps_past, mean_change=self.tol)

    def reached(self, objective: float) -> None:
        """Take no note of it."""
