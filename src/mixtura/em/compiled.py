"""Runs in compiled code, where rows are few enough for it; what it cannot do, the loop does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.checkpoints import stop
from mixtura.components.kernel import Ended, Kernel, KernelRun, Terms
from mixtura.em.degeneracy import Recovery, maximise_or_recover
from mixtura.em.history import History, Step
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.ranking import without_rows
from mixtura.em.running import Run
from mixtura.em.statistics import Statistics, counted
from mixtura.em.stopping import Ending, ending_of
from mixtura.em.sweep import Sweep

Float = NDArray[np.float64]

__all__ = ["AT_ONCE", "Tried", "compiled_run", "compiled_tries", "is_compilable", "terms_of"]


# Sweeps that a compiled run takes before an interrupt is heard.
AT_ONCE = 1000
# And one whose likelihood has no bound but the prior that keeps covariances regular.
RESCUED = 20
# M-steps of a run that may be taken for compiled code.
MOST_MENDED = 10


def is_compilable(options: FitOptions) -> bool:
    """Return whether compiled code can run by these options: it knows of no rows seen before."""
    return not (options.earlier or options.weighing.seen) and options.monotone


def terms_of(options: FitOptions) -> Terms:
    """Return what EM goes by."""
    return Terms(options.prior, options.weighing)


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
) -> list[Tried | None]:
    """Return where starts lead in a few sweeps of compiled code, None for those that fail there.

    Parameters
    ----------
    sample : a sweep over rows (M, D) in memory
    sources : labels (M,) int64, or responsibilities (M, K), for each start
    """
    if sample.kernel is None or not is_compilable(options):
        return [None] * len(sources)
    found = sample.kernel.tried(sources, n_components, terms_of(options), sweeps)
    return [None if one is None else Tried(one[0], Model(*one[1:])) for one in found]


def compiled_run(
    sweep: Sweep,
    kernel: Kernel,
    model: Model,
    options: FitOptions,
    ahead: float,
) -> Run | None:
    """Return where a start leads, or None where compiled code cannot say.

    Parameters
    ----------
    ahead : the objective of the best run so far, which ends those that cannot reach it
    """
    parts: list[KernelRun] = []
    recovery, undetermined, mended = None, False, 0
    left = options.max_iter
    while left > 0:
        limits = options.rule.limits(min(left, AT_ONCE), accelerate=options.accelerate)
        terms = terms_of(options)
        try:
            found = kernel.run(model.log_weights, model.parameters, terms, limits, ahead)
        except KeyboardInterrupt:
            stop()
            if not options.keep or not parts:
                raise
            run = _finished(model, parts, options)
            return replace(run, ending=Ending.INTERRUPTED, recovery=recovery)
        if found is None:
            return None
        left -= len(found.steps) + found.rejected
        if found.ended is Ended.FLAT:
            mended += 1
            if recovery is not None or mended > MOST_MENDED:
                return None
            model, recovery = _recovered(sweep, found, options)
            if recovery is None:
                # The search that Python makes found what that of the compiled M-step did not.
                parts.append(found)
                continue
            undetermined = _is_undetermined(sweep, model, found.moments.effective_rows, options)
            # Objectives under another prior are none to be compared with.
            options, parts, ahead = replace(options, prior=options.fallback), [], -np.inf
            left = max(min(left, RESCUED) if undetermined else left, 1)
            continue
        parts.append(found)
        model = Model(found.log_weights, found.parameters)
        if found.ended is not Ended.LIMIT:
            break
    run = replace(_finished(model, parts, options), recovery=recovery)
    if undetermined and run.ending is Ending.ITERATION_LIMIT:
        run = replace(run, ending=Ending.UNDETERMINED)
    # Rules of races take note of where each run has come to.
    options.rule.reached(run.objective)
    return run


def _is_undetermined(
    sweep: Sweep, model: Model, effective_rows: Float, options: FitOptions
) -> bool:
    """Return whether a component has too few rows to determine it."""
    return bool(without_rows(sweep, model, effective_rows, options.prior).any())


def _recovered(
    sweep: Sweep, found: KernelRun, options: FitOptions
) -> tuple[Model, Recovery | None]:
    """Return the M-step from the last sweep of a run, and what was done where it is singular."""
    parameters, recovery = maximise_or_recover(
        sweep.family, _statistics(found), found.parameters, options.prior, options.fallback, None
    )
    return Model(options.log_weights(found.moments.effective_rows), parameters), recovery


def _statistics(part: KernelRun) -> Statistics:
    """Return those of the last sweep."""
    rows = part.moments.effective_rows
    return Statistics(
        part.sums,
        part.moments,
        float(part.steps[-1, 0]),
        part.log_largest,
        counted(rows, part.squared),
    )


def _finished(model: Model, parts: Sequence[KernelRun], options: FitOptions) -> Run:
    """Return the parts of a run, each begun where the one before stopped, as one."""
    likelihoods, objectives, promised = np.concatenate([part.steps for part in parts]).T.tolist()
    earlier = [likelihoods[0], *likelihoods[:-1]]
    # What led to the first sweep of a part is not known.
    bounds = [
        before + gain if isfinite(gain) else now
        for now, before, gain in zip(likelihoods, earlier, promised, strict=True)
    ]
    rejected = sum(part.rejected for part in parts)
    history = History(list(map(Step, likelihoods, objectives, bounds)), rejected)
    last = parts[-1]
    ending = ending_of(last.ended, options.rule)
    return Run(model, _statistics(last), history, ending, None, last.gain_left)
