"""Runs in compiled code, where rows are few enough for it; what it cannot do, the loop does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.kernel import Ended, Kernel, KernelRun, Terms, Weighing
from mixtura.em.history import History, Step
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.running import Run
from mixtura.em.statistics import Statistics
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep

__all__ = ["Tried", "compiled_run", "compiled_tries", "is_compilable", "terms_of"]


def is_compilable(options: FitOptions) -> bool:
    """Return whether compiled code can run by these options."""
    return not options.earlier and options.monotone


def terms_of(options: FitOptions) -> Terms:
    """Return what EM goes by."""
    return Terms(options.prior, Weighing(options.equal_weights, options.concentration))


@dataclass(frozen=True, slots=True)
class Tried:
    """Where a start led in a few sweeps."""

    objective: float
    model: Model


def compiled_tries(
    sample: Sweep,
    sources: Sequence[NDArray[Any]],
    n_components: int,
    options: FitOptions,
    sweeps: int,
) -> list[Tried]:
    """Return where starts lead in a few sweeps of compiled code, but for those that fail there.

    Parameters
    ----------
    sample : a sweep over rows (M, D) in memory
    sources : labels (M,) int64, or shares (M, K), for each start
    """
    if sample.kernel is None or not is_compilable(options):
        return []
    found = sample.kernel.tried(sources, n_components, terms_of(options), sweeps)
    return [Tried(one[0], Model(*one[1:])) for one in found if one is not None]


def compiled_run(
    sweep: Sweep,
    kernel: Kernel,
    number: int,
    model: Model,
    options: FitOptions,
    ahead: float,
) -> Run | None:
    """Return where a start leads, or None where compiled code cannot say.

    Parameters
    ----------
    number : of the run
    ahead : the objective of the best run so far, which ends those that cannot reach it
    """
    limits = options.rule.limits(options.max_iter, accelerate=options.accelerate)
    if limits is None:
        return None
    found = kernel.run(model.log_weights, model.parameters, terms_of(options), limits, ahead)
    return None if found is None else _finished(sweep, number, found, options)


def _finished(sweep: Sweep, number: int, found: KernelRun, options: FitOptions) -> Run:
    likelihoods, objectives, promised = found.steps.T.tolist()
    earlier = [likelihoods[0] - promised[0], *likelihoods[:-1]]
    bounds = [before + gain for before, gain in zip(earlier, promised, strict=True)]
    bounds[0] = likelihoods[0]
    history = History(list(map(Step, likelihoods, objectives, bounds)), found.rejected)
    if options.progress is not None:
        options.progress(number, history.n_sweeps, objectives[-1])
    # Rules of races take note of where each run has come to.
    options.rule.met(objectives, sweep.total_weight, found.gain_left)
    rows = found.moments.effective_rows
    statistics = Statistics(
        found.sums,
        found.moments,
        likelihoods[-1],
        found.log_largest,
        rows**2 / np.maximum(found.squared, 1e-300),
    )
    endings = {
        Ended.RULE: options.rule.ending,
        Ended.LIMIT: Ending.ITERATION_LIMIT,
        Ended.OUTRUN: Ending.OUTRUN,
    }
    model = Model(found.log_weights, found.parameters)
    return Run(model, statistics, history, endings[found.ended], None, found.gain_left)
