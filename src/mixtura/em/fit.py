"""The only loop: EM for one or many mixtures that share each read of the rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.em.degeneracy import Recovery, maximise_or_recover
from mixtura.em.history import History, Step
from mixtura.em.model import Model
from mixtura.em.statistics import Statistics
from mixtura.em.stopping import Ending, StoppingRule
from mixtura.em.sweep import Sweep
from mixtura.errors import LikelihoodDecreased

__all__ = ["FitOptions", "Run", "fit", "log_weights_of", "ranked"]

Float = NDArray[np.float64]

# A share below this would make log π_k useless as a number; no row can tell it from zero.
SMALLEST_SHARE = 1e-300

# Parameters swept at once, 8 MB; sums, logarithms and gradients of them take about ten times that.
STACKED_PARAMETERS = 1 << 20

# Runs whose objectives are this close, in nats, are equally good.
AS_GOOD = 1e-3


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
    monotone : whether the objective is one that cannot fall, so that a fall is a defect
    earlier : objectives of sweeps before these, when a fit is carried on
    progress : called with every run's number, sweep and objective; may raise KeyboardInterrupt
    """

    rule: StoppingRule
    max_iter: int
    prior: Any
    fallback: Any = None
    equal_weights: bool = False
    monotone: bool = True
    earlier: tuple[float, ...] = ()
    progress: Callable[[int, int, float], None] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Where one start led.

    Attributes
    ----------
    model : the parameters at the end
    statistics : of the last sweep, those of `model` unless the rule steps past it
    history : all sweeps
    ending : why it stopped
    recovery : what was done about collapsed components, if anything
    """

    model: Model
    statistics: Statistics
    history: History
    ending: Ending
    recovery: Recovery | None

    @property
    def objective(self) -> float:
        """Return the objective of the last sweep."""
        return self.history[-1].objective

    @property
    def n_iter(self) -> int:
        """Return the number of sweeps."""
        return len(self.history)


@dataclass(slots=True)
class _Running:
    """A run under way: the loop's own state."""

    number: int
    model: Model
    prior: Any
    history: History = field(default_factory=History)
    statistics: Statistics | None = None
    floor: float = -np.inf
    expected: float = 0.0
    ending: Ending | None = None
    recovery: Recovery | None = None

    def finished(self) -> Run:
        assert self.statistics is not None
        assert self.ending is not None
        return Run(self.model, self.statistics, self.history, self.ending, self.recovery)


def log_weights_of(effective_rows: Float, *, equal: bool = False) -> Float:
    """Return log π_k = log (N_k / Σ N), the solution under Σ π = 1 with multiplier λ = Σ N."""
    if equal:
        return np.full(len(effective_rows), -np.log(len(effective_rows)))
    shares = np.maximum(effective_rows / effective_rows.sum(), SMALLEST_SHARE)
    return np.log(shares)


def fit(sweep: Sweep, starts: Iterable[Model], options: FitOptions) -> list[Run]:
    """Run EM from every start until each has met the rule; all share each sweep.

    Raises
    ------
    LikelihoodDecreased
        If an objective that cannot fall did, beyond rounding.
    """
    runs = [_Running(number, model, options.prior) for number, model in enumerate(starts)]
    try:
        while active := [run for run in runs if run.ending is None]:
            for group in _groups(sweep.family, active):
                for run, statistics in zip(group, sweep([r.model for r in group]), strict=True):
                    _advance(sweep, run, statistics, options)
    except KeyboardInterrupt:
        _interrupt(runs)
    return [run.finished() for run in runs if run.statistics is not None]


def ranked(runs: Sequence[Run]) -> list[Run]:
    """Return runs by their objectives, best first.

    Runs as good as the best are taken in the order given: rounding, which differs with the units
    and the order of the rows, must not choose between them.
    """
    left, order = list(runs), []
    while left:
        best = max(run.objective for run in left)
        first = next(i for i, run in enumerate(left) if run.objective >= best - AS_GOOD)
        order.append(left.pop(first))
    return order


def _groups(family: Family, runs: list[_Running]) -> list[list[_Running]]:
    """Return runs in groups that share a sweep: all, unless their parameters take much room."""
    largest = max(family.n_free(run.model.n_components) for run in runs)
    size = max(1, STACKED_PARAMETERS // max(1, largest))
    return [runs[start : start + size] for start in range(0, len(runs), size)]


def _interrupt(runs: Sequence[_Running]) -> None:
    if not any(run.statistics for run in runs):
        raise KeyboardInterrupt
    for run in runs:
        run.ending = run.ending or Ending.INTERRUPTED


def _advance(sweep: Sweep, run: _Running, statistics: Statistics, options: FitOptions) -> None:
    """Record one sweep of one run, then stop it or move it on."""
    family, model = sweep.family, run.model
    _record(sweep, run, statistics, options)
    objectives = run.history.objective
    met = options.rule.met([*options.earlier, *objectives], sweep.total_weight)
    if met and not options.rule.steps_past:
        run.ending = options.rule.ending
        return
    parameters, recovery = maximise_or_recover(
        family, statistics, model.parameters, run.prior, options.fallback, run.recovery
    )
    if recovery is not run.recovery:
        run.recovery, run.prior, run.floor = recovery, options.fallback, -np.inf
    weights = log_weights_of(statistics.moments.effective_rows, equal=options.equal_weights)
    if met:
        run.ending = options.rule.ending
    elif len(objectives) >= options.max_iter:
        run.ending = Ending.ITERATION_LIMIT
    before = _expected(family, model, statistics)
    run.model = Model(weights, parameters)
    run.expected = _expected(family, run.model, statistics) - before


def _expected(family: Family, model: Model, statistics: Statistics) -> float:
    """Return Q: the expected complete-data log-likelihood under the sweep's responsibilities."""
    moments = statistics.moments
    return float(moments.effective_rows @ model.log_weights) + family.expected_log_density(
        model.parameters, moments
    )


def _record(sweep: Sweep, run: _Running, statistics: Statistics, options: FitOptions) -> None:
    log_likelihood = statistics.log_likelihood
    objective = log_likelihood + run.prior.log_density(run.model.parameters)
    before = run.statistics.log_likelihood if run.statistics else log_likelihood
    run.history.steps.append(Step(log_likelihood, objective, before + run.expected))
    run.statistics = statistics
    if options.monotone:
        _check_rise(sweep, run, objective)
    run.floor = objective
    if options.progress is not None:
        options.progress(run.number, len(run.history), objective)


def _check_rise(sweep: Sweep, run: _Running, objective: float) -> None:
    digits = 1e-4 if sweep.family.dtype == np.float32 else 1e-9
    rounding = digits * (abs(objective) + sweep.total_weight)
    if not objective >= run.floor - rounding:
        raise LikelihoodDecreased(
            f"sweep {len(run.history)}: the objective fell from {run.floor!r} to {objective!r}; "
            "EM cannot do that, so this is a defect: please report it with the data's shape"
        )
