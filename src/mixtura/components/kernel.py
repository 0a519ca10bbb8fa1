"""What a compiled loop is told and what it answers, whatever the family."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.weighing import Weighing

__all__ = [
    "HOPE",
    "LATELY",
    "STEPS",
    "Above",
    "Children",
    "Ended",
    "Kernel",
    "KernelRun",
    "Limits",
    "Mixed",
    "SplitAndMerged",
    "Terms",
]

Float = NDArray[np.float64]

# A run is not thought to gain more than so many times what it gained in so many sweeps lately.
HOPE, LATELY = 20.0, 5

# EM steps that the children of all components are given.
STEPS = 4


class Ended(IntEnum):
    """Why a run ended, as the driver says it."""

    RULE = 0
    LIMIT = 1
    OUTRUN = 2
    # An M-step was declined, mostly as a covariance is singular.
    FLAT = 4
    ROUNDING = 5
    FELL = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """When a run ends.

    Attributes
    ----------
    sweeps : the most there may be
    accelerate : whether to extrapolate
    never : whether the number of sweeps is the only rule
    steps_past : whether the M-step after the last sweep still counts
    nats, relative : what may be left to gain: `nats` + `relative` |objective|
    mean_change : ends where a row's mean log-likelihood changes by less, if not negative
    best, reach, lately : ends where `best` is more than `reach` times the gain of the last `lately`
        sweeps away
    hope : as `reach`, for what another run has reached
    """

    sweeps: int
    accelerate: bool = False
    never: bool = False
    steps_past: bool = False
    nats: float = 0.0
    relative: float = 0.0
    mean_change: float = -1.0
    best: float = -np.inf
    reach: float = np.inf
    lately: int = LATELY
    hope: float = HOPE


@dataclass(frozen=True, slots=True)
class KernelRun:
    """Where a compiled run led.

    Attributes
    ----------
    log_weights, parameters : at the end
    sums, moments : the family's sums of the last sweep that was taken, and its moments
    squared : (K,) Σ w r² of it
    log_largest : Σ w log max_k r of it
    steps : (T, 3) log-likelihood, objective and what Jensen's bound promised of each sweep taken
    rejected : how many extrapolations were swept and not taken
    gain_left : an estimate of what is left to gain, in nats
    ended : why it ended
    """

    log_weights: Float
    parameters: Any
    sums: Any
    moments: Any
    squared: Float
    log_largest: float
    steps: Float
    rejected: int
    gain_left: float
    ended: Ended


@dataclass(frozen=True, slots=True)
class Children:
    """What splitting each of K components of a mixture in two does.

    Attributes
    ----------
    gains : (K,) what it gains at least, in nats; minus infinity where a child component has too few
        rows
    responsibilities : (K, n) responsibilities of the mixture
    second : (K, n) the second child's part of them
    """

    gains: Float
    responsibilities: Float
    second: Float


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What EM goes by.

    Attributes
    ----------
    prior : the family's penalty
    weighing : what the mixing weights are
    """

    prior: Any
    weighing: Weighing


@dataclass(frozen=True, slots=True)
class Above:
    """What a run must better.

    Attributes
    ----------
    objective : of another
    smallest : N_k of its smallest component
    """

    objective: float
    smallest: float


# Log weights and parameters.
Mixed: TypeAlias = tuple[Float, Any]


@dataclass(frozen=True, slots=True)
class SplitAndMerged:
    """Where merging and splitting lead.

    Attributes
    ----------
    moves : how often its components were moved
    end : where it led
    lost : for each start, whether it takes the care of the general way
    """

    moves: int
    end: Mixed
    lost: tuple[bool, ...]


class Kernel(Protocol):
    """A compiled loop over rows in memory."""

    def crosses(self, terms: Terms) -> bool:
        """Return whether runs are so cheap that the ends of several are crossed."""
        ...

    @property
    def splits_and_merges(self) -> bool:
        """Return whether it splits and merges components; else `split` and the like are None."""
        ...

    def excluding(self, excluded: NDArray[np.bool_]) -> "Kernel":
        """Return the same loop over rows that are excluded from components, as in (K, n)."""
        ...

    def run(
        self,
        log_weights: Float,
        parameters: Any,
        terms: Terms,
        limits: Limits,
        ahead: float = -np.inf,
    ) -> KernelRun | None:
        """Return where EM leads, or None where it takes the care of the general loop.

        `ahead` is what another run has reached; one that cannot hope to reach it ends.
        """
        ...

    def start(self, responsibilities: Float, terms: Terms) -> tuple[Float, Any] | None:
        """Return the log weights and parameters of the M-step from responsibilities (n, K).

        It is None where it takes the care of the general way.
        """
        ...

    def responsibilities(self, log_weights: Float, parameters: Any) -> Float | None:
        """Return responsibilities (K, n), or None where it takes the care of the general way."""
        ...

    def split(
        self, whole: Any, log_weights: Float, parameters: Any, terms: Terms
    ) -> Children | None:
        """Return what splitting each component gains for the rows of another kernel.

        Child components are found on the rows of this one. It is None where it takes the care of
        the general way.
        """
        ...

    def tried(
        self, sources: Sequence[NDArray[Any]], n_components: int, terms: Terms, sweeps: int
    ) -> list[tuple[float, Float, Any] | None]:
        """Return objectives, log weights and parameters after a few sweeps from many starts.

        A source holds labels (n,) int64 or responsibilities (n, K). It leads to None where it takes
        the care of the general way.
        """
        ...

    def split_and_merged(
        self, part: Any, models: Sequence[Mixed], terms: Terms, sweeps: int
    ) -> SplitAndMerged | None:
        """Return where merging and splitting lead from the best of models, run to near their ends.

        Child components are found on the rows of another kernel. It is None where all models take
        the care of the general way.
        """
        ...

    def neighbour(
        self, part: Any, model: Mixed, n_components: int, above: Above, terms: Terms, sweeps: int
    ) -> Mixed | None:
        """Return where a mixture of one component more or less leads, if that is above a run."""
        ...
