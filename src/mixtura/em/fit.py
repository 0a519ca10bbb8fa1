"""The only loop: EM for one or many mixtures that share each read of the rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from mixtura.checkpoints import held, hold, once, stop
from mixtura.components.family import Family
from mixtura.em.compiled import compiled_run, is_compilable
from mixtura.em.failures import Failed, Start, attempted, survivors
from mixtura.em.model import Model
from mixtura.em.options import FitOptions, log_weights_of
from mixtura.em.ranking import unsupported, without_rows
from mixtura.em.running import Paused, Run, Running
from mixtura.em.statistics import Statistics
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep

__all__ = ["FitOptions", "Run", "fit", "fit_each", "log_weights_of"]

Made = TypeVar("Made")

# Parameters swept at once, 8 MB; sums, logarithms and gradients of them take about ten times that.
STACKED_PARAMETERS = 1 << 20

# Runs are at the same place if, after some sweeps, their objectives are this close in nats and the
# sizes of their components in shares of all rows.
JOINED_FROM, SAME_PLACE, SAME_ROWS = 6, 0.02, 1e-3


def fit(sweep: Sweep, starts: Iterable[Model], options: FitOptions) -> list[Run]:
    """Run EM from every start until each has met the rule; those that fail are left out.

    Raises
    ------
    LikelihoodDecreased
        If an objective that cannot fall did, beyond rounding, and no other start came to an end.
    """
    return list(survivors(fit_each(sweep, starts, options), options))


def fit_each(sweep: Sweep, starts: Iterable[Start], options: FitOptions) -> list[Run | Failed]:
    """Run EM from every start until each has met the rule or failed; by their numbers.

    Few rows are run on in compiled code, one start after the other; else all share each sweep.
    """
    if not is_compilable(options) or sweep.kernel is None:
        given = list(starts)
        return _kept("runs", partial(_together, sweep, given, options), options)
    ends: list[Run | Failed] = []
    ahead = -np.inf
    try:
        for number, start in enumerate(starts):
            if ends and options.accelerate:
                ahead = max(ahead, _supported_objective(sweep, ends[-1], options))
            if isinstance(start, Failed):
                ends.append(start)
                continue
            alone = partial(_by_itself, sweep, start, _numbered(options, number), ahead)
            end, is_compiled = _kept("run", alone, options)
            ends.append(end)
            if isinstance(end, Run) and end.ending is Ending.INTERRUPTED:
                break
            if is_compiled and isinstance(end, Run) and options.progress is not None:
                for count, objective in enumerate(end.history.objective, 1):
                    options.progress(number, count, objective)
    except KeyboardInterrupt:
        stop()
        finished = [number for number, end in enumerate(ends) if isinstance(end, Run)]
        if not options.keep or not finished:
            raise
        ends[finished[-1]] = _interrupted(ends[finished[-1]])
    return ends


def _kept(name: str, make: Callable[[], Made], options: FitOptions) -> Made:
    """Return what is made, by the journal of a fit that may go on where it was stopped."""
    return once(name, make) if options.resumable else make()


def _by_itself(
    sweep: Sweep, start: Model, options: FitOptions, ahead: float
) -> tuple[Run | Failed, bool]:
    """Return where a start leads, and whether compiled code could say it."""
    assert sweep.kernel is not None
    end = attempted(partial(compiled_run, sweep, sweep.kernel, start, options, ahead))
    if end is not None:
        return end, True
    return _together(sweep, [start], options)[0], False


def _interrupted(end: Run | Failed) -> Run | Failed:
    return replace(end, ending=Ending.INTERRUPTED) if isinstance(end, Run) else end


def _numbered(options: FitOptions, number: int) -> FitOptions:
    """Return the options of a run by itself that is to be heard of by its number."""
    progress = options.progress
    if progress is None:
        return options
    return replace(options, progress=lambda _, count, now: progress(number, count, now))


def _supported_objective(sweep: Sweep, end: Run | Failed, options: FitOptions) -> float:
    """Return where a run ended, if all its components are supported."""
    if isinstance(end, Failed) or unsupported(sweep, end, options.prior).any():
        return -np.inf
    return end.objective


def _together(sweep: Sweep, starts: Iterable[Start], options: FitOptions) -> list[Run | Failed]:
    """Run EM from every start; all share each sweep."""
    given = list(enumerate(starts))
    ends: dict[int, Run | Failed] = {
        number: start for number, start in given if isinstance(start, Failed)
    }
    runs = [
        Running.begun(number, sweep, start, options)
        for number, start in given
        if not isinstance(start, Failed)
    ]
    where = held() if options.resumable else None
    if where is not None:
        ends, paused = where
        runs = [Running.restored(one, sweep, options) for one in paused]
    try:
        while active := [run for run in runs if run.ending is None]:
            failed: dict[int, Failed] = {}
            for group in _groups(sweep.family, active):
                failed |= _advanced(sweep, group, options)
            runs = [run for run in runs if run.number not in failed]
            for number in failed:
                _revive(runs, number)
            ends |= failed
            if options.accelerate and len(active) > 1:
                _join(runs, sweep.total_weight)
            if options.accelerate:
                _tell(sweep, runs, options)
            if options.resumable:
                hold(partial(_state, ends, runs))
    except KeyboardInterrupt:
        stop()
        if not options.keep:
            raise
        _interrupt(runs)
    ends |= {run.number: run.finished() for run in runs if run.statistics is not None}
    return [ends[number] for number in sorted(ends)]


def _state(
    ends: dict[int, Run | Failed], runs: Sequence[Running]
) -> tuple[dict[int, Run | Failed], list[Paused]]:
    """Return where runs are that share each sweep."""
    return dict(ends), [run.state() for run in runs]


def _advanced(sweep: Sweep, runs: Sequence[Running], options: FitOptions) -> dict[int, Failed]:
    """Take runs a sweep further; return those that fail, by their numbers."""
    failed = {}
    for run, statistics in zip(runs, _swept(sweep, runs), strict=True):
        end = statistics
        if not isinstance(statistics, Failed):
            end = attempted(partial(run.advance, sweep, statistics, options))
        if isinstance(end, Failed):
            failed[run.number] = end
    return failed


def _swept(sweep: Sweep, runs: Sequence[Running]) -> Sequence[Statistics | Failed]:
    """Return the statistics of each run, or why there are none."""
    found = attempted(partial(sweep, [run.model for run in runs]))
    if not isinstance(found, Failed):
        return found
    if len(runs) == 1:
        return [found]
    # One by one it shows which it is.
    return [one for run in runs for one in _swept(sweep, [run])]


def _revive(runs: Sequence[Running], number: int) -> None:
    """Let runs go on that ended for one that has failed since.

    Those behind another still are ended again.
    """
    for run in runs:
        if run.joined == number or (run.ending is Ending.OUTRUN and run.number > number):
            run.joined, run.ending = None, None


def _join(runs: Sequence[Running], total_weight: float) -> None:
    """End runs that have come to where an earlier one is or was: that one goes on for both."""
    places = [
        (run, run.history[-1].objective, np.sort(run.statistics.moments.effective_rows))
        for run in runs
        if run.statistics is not None and run.joined is None and len(run.history) >= JOINED_FROM
    ]
    for place, (run, objective, rows) in enumerate(places):
        if run.ending is not None:
            continue
        for other, its_objective, its_rows in places[:place]:
            if (
                other.joined is None
                and abs(objective - its_objective) < SAME_PLACE
                and np.abs(rows - its_rows).max() < SAME_ROWS * total_weight
            ):
                run.joined, run.ending = other.number, Ending.JOINED
                break


def _tell(sweep: Sweep, runs: Sequence[Running], options: FitOptions) -> None:
    """Tell runs what an earlier one has reached, which ends those that cannot hope for as much.

    One that is ahead with an unsupported component does not count; nor does a later one, so that
    more starts never take away what fewer find.
    """
    ahead = -np.inf
    for place, run in enumerate(runs, 1):
        run.ahead = ahead
        if place == len(runs) or run.statistics is None or run.history[-1].objective <= ahead:
            continue
        rows = run.statistics.moments.effective_rows
        if not without_rows(sweep, run.moving.best, rows, options.prior).any():
            ahead = run.history[-1].objective


def _groups(family: Family, runs: list[Running]) -> list[list[Running]]:
    """Return runs in groups that share a sweep: all, unless their parameters take much room."""
    largest = max(family.n_free(run.model.n_components) for run in runs)
    size = max(1, STACKED_PARAMETERS // max(1, largest))
    return [runs[start : start + size] for start in range(0, len(runs), size)]


def _interrupt(runs: Sequence[Running]) -> None:
    if not any(run.statistics for run in runs):
        raise KeyboardInterrupt
    for run in runs:
        run.ending = run.ending or Ending.INTERRUPTED
