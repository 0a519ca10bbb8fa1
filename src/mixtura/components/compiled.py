"""Runs of EM in compiled code, whatever the family: what is told to C, and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from ctypes import byref
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.kernel import (
    Above,
    Children,
    Ended,
    KernelRun,
    Limits,
    Mixed,
    SplitAndMerged,
    Terms,
)
from mixtura.components.prior import NoPrior
from mixtura.components.weighing import Weighing
from mixtura.native import kernels
from mixtura.native.runs import Problem, Rule, Source, State, address
from mixtura.native.updates import MOST_COMPONENTS

__all__ = [
    "PLAIN",
    "RUNS",
    "STARTS",
    "TRIES",
    "CompiledRuns",
    "Packing",
    "held_shares",
    "library_for",
]

Float = NDArray[np.float64]

# How much larger than what they leave the terms of densities and sums may be: where a fit starts,
# on its way, and where only the better of several models is looked for.
STARTS, RUNS, TRIES = 1e5, 1e6, 1e10
PLAIN = Terms(NoPrior(), Weighing())
ENDINGS = {int(ended): ended for ended in Ended}


class Packing(Protocol):
    """A mixture and its last sweep, side by side as C reads and writes them."""

    @property
    def log_weights(self) -> Float:
        """Log mixing weights (K,)."""
        ...

    @property
    def squared(self) -> Float:
        """Σ w r² (K,)."""
        ...

    @property
    def rows(self) -> Float:
        """N_k (K,) of the last sweep that was taken."""
        ...

    @property
    def besides(self) -> Float | None:
        """Sums (K, 1) of a feature that only noise reads, or None where there is none."""
        ...

    def filled(self, log_weights: Float, parameters: Any) -> Self:
        """Set the mixture, and return this."""
        ...

    def state(self, history: int | None = None) -> State:
        """Return where everything is."""
        ...

    def parameters(self) -> Any:
        """Return the parameters of the mixture."""
        ...

    def sums(self) -> Any:
        """Return the family's sums of the last sweep that was taken."""
        ...

    def moments(self) -> Any:
        """Return its moments."""
        ...


def library_for(n_components: int) -> Any:
    """Return the kernels, or None where they take fewer components."""
    return kernels() if n_components <= MOST_COMPONENTS else None


def held_shares(weighing: Weighing) -> Float | None:
    """Return the shares that C is to hold, up to a factor, for as many components as it takes."""
    if not weighing.is_held:
        return None
    held = np.zeros(MOST_COMPONENTS)
    shares = np.ones(MOST_COMPONENTS) if not weighing.tells_apart else np.array(weighing.held)
    held[: len(shares)] = shares[:MOST_COMPONENTS]
    return held


class CompiledRuns(ABC):
    """Rows and a family, ready to be run on; see `mixtura.components.kernel.Kernel`."""

    __slots__ = ()

    @abstractmethod
    def problem(self, terms: Terms, far: float) -> Problem | None:
        """Return what C is told, or None for a prior that is no pseudo-rows."""

    @abstractmethod
    def packing(self, n_components: int) -> Packing:
        """Return the workspace of a mixture."""

    def crosses(self, terms: Terms) -> bool:
        """Return whether runs are so cheap that the ends of several are crossed."""
        return False

    @property
    def splits_and_merges(self) -> bool:
        """Return whether components are split and merged here as well."""
        return False

    @abstractmethod
    def excluding(self, excluded: NDArray[np.bool_]) -> Self:
        """Return the same loop over rows that are excluded from components, as in (K, n)."""

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Return n."""

    def run(
        self,
        log_weights: Float,
        parameters: Any,
        terms: Terms,
        limits: Limits,
        ahead: float = -np.inf,
    ) -> KernelRun | None:
        """Return where EM leads, or None where it takes the care of the general loop."""
        n_components = len(log_weights)
        library, problem = library_for(n_components), self.problem(terms, RUNS)
        if library is None or problem is None:
            return None
        work = self.packing(n_components).filled(log_weights, parameters)
        history = 3 * limits.sweeps
        workspace = np.empty(history + library.mx_run_workspace(byref(problem), n_components))
        start = address(workspace)
        state = work.state(start)
        rule = Rule.of(limits)
        rule.ahead = ahead
        library.mx_run(
            byref(problem), byref(rule), byref(state), start + history * workspace.itemsize
        )
        ended = ENDINGS.get(state.ending)
        if ended is None:
            return None
        steps = workspace[: 3 * state.n_steps].reshape(-1, 3).copy()
        return KernelRun(
            work.log_weights,
            work.parameters(),
            work.sums(),
            work.moments(),
            work.squared,
            state.values[1],
            steps,
            state.n_rejected,
            state.gain_left,
            ended,
        )

    def start(self, responsibilities: Float, terms: Terms) -> Mixed | None:
        """Return the M-step from responsibilities (n, K), or None where it takes more care."""
        n_components = responsibilities.shape[1]
        library, problem = library_for(n_components), self.problem(terms, STARTS)
        if library is None or problem is None:
            return None
        work = self.packing(n_components)
        workspace = np.empty(library.mx_run_workspace(byref(problem), n_components))
        responsibilities = np.asarray(responsibilities, dtype=np.float64)
        along, across = (step // responsibilities.itemsize for step in responsibilities.strides)
        hard = library.mx_start(
            byref(problem),
            address(responsibilities),
            along,
            across,
            byref(work.state()),
            address(workspace),
        )
        return None if hard else (work.log_weights, work.parameters())

    def responsibilities(self, log_weights: Float, parameters: Any) -> Float | None:
        """Return responsibilities (K, n), or None where it takes more care."""
        n_components = len(log_weights)
        library, problem = library_for(n_components), self.problem(PLAIN, TRIES)
        if library is None or problem is None:
            return None
        work = self.packing(n_components).filled(log_weights, parameters)
        responsibilities = np.empty((n_components, self.n_rows))
        workspace = np.empty(library.mx_run_workspace(byref(problem), n_components))
        hard = library.mx_posterior(
            byref(problem), byref(work.state()), address(responsibilities), address(workspace)
        )
        return None if hard else responsibilities

    def tried(
        self, sources: Sequence[NDArray[Any]], n_components: int, terms: Terms, sweeps: int
    ) -> list[tuple[float, Float, Any] | None]:
        """Return where many starts lead in a few sweeps; see `Kernel`."""
        library, problem = library_for(n_components), self.problem(terms, TRIES)
        if library is None or problem is None:
            return [None] * len(sources)
        works = [self.packing(n_components) for _ in sources]
        states = (State * len(sources))(*(work.state() for work in works))
        told = (Source * len(sources))(*map(Source.of, sources))
        objectives = np.empty(len(sources))
        workspace = np.empty(library.mx_try_workspace(byref(problem), n_components, sweeps))
        library.mx_try(
            byref(problem),
            len(sources),
            told,
            sweeps,
            states,
            address(objectives),
            address(workspace),
        )
        return [
            (objective, work.log_weights, work.parameters()) if objective > -np.inf else None
            for objective, work in zip(objectives.tolist(), works, strict=True)
        ]

    def split(
        self, whole: Any, log_weights: Float, parameters: Any, terms: Terms
    ) -> Children | None:
        """Return None: components are split by the general way."""
        return None

    def split_and_merged(
        self, part: Any, models: Sequence[Mixed], terms: Terms, sweeps: int
    ) -> SplitAndMerged | None:
        """Return None: components are moved by the general way."""
        return None

    def neighbour(
        self, part: Any, model: Mixed, n_components: int, above: Above, terms: Terms, sweeps: int
    ) -> Mixed | None:
        """Return None: components are moved by the general way."""
        return None
