"""The only loop: EM for one or many mixtures that share each read of the rows."""

from collections.abc import Iterable, Sequence

from mixtura.components.family import Family
from mixtura.em.acceleration import Squarem
from mixtura.em.model import Model
from mixtura.em.options import FitOptions, log_weights_of
from mixtura.em.running import Run, Running
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep

__all__ = ["FitOptions", "Run", "fit", "log_weights_of", "ranked"]

# Parameters swept at once, 8 MB; sums, logarithms and gradients of them take about ten times that.
STACKED_PARAMETERS = 1 << 20

# Runs whose objectives are this close, in nats, are equally good.
AS_GOOD = 1e-3


def fit(sweep: Sweep, starts: Iterable[Model], options: FitOptions) -> list[Run]:
    """Run EM from every start until each has met the rule; all share each sweep.

    Raises
    ------
    LikelihoodDecreased
        If an objective that cannot fall did, beyond rounding.
    """
    runs = [
        Running(number, model, options.prior, Squarem() if options.accelerate else None)
        for number, model in enumerate(starts)
    ]
    try:
        while active := [run for run in runs if run.ending is None]:
            for group in _groups(sweep.family, active):
                for run, statistics in zip(group, sweep([r.model for r in group]), strict=True):
                    run.advance(sweep, statistics, options)
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
