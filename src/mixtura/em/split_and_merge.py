"""Split-and-merge, guided: components are moved from where two share a cluster to where one lacks.

A fit that has nearly ended at a poor optimum mostly has two components in one place and one over
two places, and EM cannot move a component between them. Pairs are merged in the order of Runnalls'
cost, an upper bound of what the log-likelihood loses, and components are split in the order of a
lower bound of what it gains (`splits.py`); the most promising are tried for a few sweeps, all in
one batch, and the best is kept if it ends higher.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, all_pairs
from mixtura.components.kernel import Limits, SplitAndMerged
from mixtura.em.compiled import AT_ONCE, is_compilable, terms_of
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.held import are_bound, placed, with_exchanges
from mixtura.em.model import Model
from mixtura.em.ranking import is_supportable, ranked, worth
from mixtura.em.relocation import MANY, relocated
from mixtura.em.responsibilities import models_of
from mixtura.em.splits import part_of, splits_of
from mixtura.em.starts import NeverMet, StartOptions, short_options
from mixtura.em.stopping import Ending, GainLeft
from mixtura.em.sweep import Sweep

__all__ = [
    "BETTER",
    "CARRIED",
    "ROUGH",
    "SHORT",
    "Race",
    "exchanged",
    "is_better",
    "raced",
    "split_and_merged",
]

Float = NDArray[np.float64]

# Makes the models after the most promising moves from a run.
Moves: TypeAlias = Callable[[Run], list[Model]]

# What a fit may have left to gain, in nats, when it is split and merged.
ROUGH = GainLeft(nats=0.3)
# Length of the short runs, and how many of them are carried so far.
SHORT, CARRIED = 3, 3
# A run of a race is not thought to gain more than so many times what it gained lately.
LONGEST = 4.0
# By how much split-and-merge must be better, as neither has come to its end.
BETTER = 0.5
# How often at the most the best is split_and_merged, and how many moves are tried each time.
ROUNDS, MOVES = 8, 6
# How many of these merge the same pair or split the same component.
ALIKE = 2
# Sweeps that all moves are tried for, how many moves go on, and for how many more sweeps.
FIRST_SWEEPS, HOPEFUL, MORE_SWEEPS = 2, 3, 4
# A move is run on from where at most so many times its last gain is lacking.
REACH = 25.0
# Sweeps that moves may be run on for in each round, at least, or as many as the best run took.
SPENT = 20
# Merging a pair that costs more than this for each of its rows and the root of D, in nats, is not
# tried: its components are clusters.
SEPARATE = 0.55
# Components have hardly rows enough with less than so many times what determines them.
SPARE = 2.0


@dataclass(slots=True)
class Race:
    """The rule of runs of which the best is looked for: stop those that will not be.

    Attributes
    ----------
    best : the highest objective so far
    """

    best: float = -np.inf
    ending: Ending = Ending.SHORT_RUN
    steps_past: bool = True

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        """Return the rule in numbers, with the best so far."""
        rough = ROUGH.limits(sweeps, accelerate=accelerate)
        return replace(rough, steps_past=self.steps_past, best=self.best, reach=LONGEST)

    def reached(self, objective: float) -> None:
        """Take note of what a run has come to."""
        self.best = max(self.best, objective)


def split_and_merged(
    sample: Sweep, models: Sequence[Model], options: FitOptions, starts: StartOptions
) -> Model:
    """Return the model that the best start leads to, past what merging and splitting betters.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : the best of the short runs, best first
    options : how the fit will go on
    starts : holds the seed
    """
    if not is_supportable(sample, models[0], options.prior):
        # Wherever components are moved, some have too few rows.
        return models[0]
    if models[0].n_components > MANY:
        return relocated(sample, models, options, starts, split_and_merged)
    few = part_of(sample, models[0].n_components, starts)
    rough = replace(options, rule=Race(), bound=False, keep=False, progress=None)
    return _compiled(sample, few, models, rough) or _by_turns(sample, few, models, rough)


def _compiled(
    sample: Sweep, few: Sweep, models: Sequence[Model], rough: FitOptions
) -> Model | None:
    """Return what `_by_turns` does, by compiled code, or None where it cannot say.

    Starts that it declines are run without it, and win where they end better.
    """
    if sample.kernel is None or few.kernel is None or not is_compilable(rough):
        return None
    found = _by_kernel(sample, few, models, rough)
    if found is None:
        # Of components that have hardly the rows they need, all collapsed; so do those moved.
        rare = not is_supportable(sample, models[0], rough.prior, SPARE)
        return models[0] if rare else None
    end = Model(*found.end)
    declined = [model for model, lost in zip(models, found.lost, strict=True) if lost]
    if not declined:
        return end
    (reached,) = fit(sample, [end], short_options(rough, 1))
    chasing = replace(rough, rule=Race(worth(sample, reached, rough)))
    best = ranked(sample, [reached, *_ends(sample, declined, chasing)], rough)[0]
    if best is reached:
        return end
    # Near its end it may be taken.
    again = _by_kernel(sample, few, [best.model], rough)
    return Model(*again.end) if again else _moved_on(sample, few, best, rough)


def _by_kernel(
    sample: Sweep, few: Sweep, models: Sequence[Model], rough: FitOptions
) -> SplitAndMerged | None:
    assert sample.kernel is not None
    mixed = [(model.log_weights, model.parameters) for model in models]
    sweeps = min(rough.max_iter, AT_ONCE)
    return sample.kernel.split_and_merged(few.kernel, mixed, terms_of(rough), sweeps)


def _by_turns(sample: Sweep, few: Sweep, models: Sequence[Model], rough: FitOptions) -> Model:
    """Return where the best start leads, and moving its components while that betters it."""
    ends = ranked(sample, _ends(sample, models, rough), rough)
    # Where all collapsed the fit itself is to say so.
    return _moved_on(sample, few, ends[0], rough) if ends else models[0]


def raced(
    sample: Sweep, models: Sequence[Model], options: FitOptions, against: float = -np.inf
) -> list[Run]:
    """Return where models lead, best first; those that cannot be the best are ended on the way.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : starts
    options : how the fit will go on
    against : an objective that they have to reach too
    """
    rough = replace(options, rule=Race(against), bound=False, keep=False, progress=None)
    return ranked(sample, _ends(sample, models, rough), rough)


def _ends(sample: Sweep, models: Sequence[Model], rough: FitOptions) -> list[Run]:
    """Return where models lead, but for those that fail or join another."""
    with left_out(rough):
        return [run for run in fit(sample, models, rough) if run.joined is None]
    return []


def _moved_on(sample: Sweep, few: Sweep, best: Run, rough: FitOptions) -> Model:
    """Return where moving the components of a run leads, while that betters it."""
    return _led_on(sample, best, lambda run: _moved(sample, few, run, rough), rough)


def _led_on(sample: Sweep, best: Run, moves: Moves, rough: FitOptions) -> Model:
    """Return where moves from a run lead, while one betters it."""
    for _ in range(ROUNDS):
        better = _bettered(sample, moves, best, rough)
        if better is None:
            break
        best = better
    return best.model


def exchanged(sample: Sweep, models: Sequence[Model], options: FitOptions) -> Model:
    """Return where the best start leads, past what exchanges of what is held better.

    The largest component begins with the largest weight that is held, and each with the numbers
    that suit it; but what it becomes follows from what it holds too, so EM leaves no order for
    another.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : starts found where weights and numbers are free, best first
    options : how the fit will go on
    """
    if not are_bound(sample, options):
        return models[0]
    ordered: list[Model] = []
    for model in models:
        with left_out(options):
            ordered.append(placed(sample, model, options))
    if not ordered:
        # No start obeys: the first says why.
        return placed(sample, models[0], options)
    if options.max_iter == 0:
        # A fit that is to end where it starts sees nothing of where starts lead.
        return ordered[0]
    ends = raced(sample, ordered, options)
    if not ends:
        return placed(sample, models[0], options)
    rough = replace(options, rule=Race(), bound=False, keep=False, progress=None)
    return _led_on(sample, ends[0], lambda run: with_exchanges(sample, run.model, rough), rough)


def _bettered(sample: Sweep, moves: Moves, run: Run, options: FitOptions) -> Run | None:
    """Return a run that a move leads to and that ends higher, or None."""
    now = worth(sample, run, options)
    chasing = replace(options, rule=Race(now + BETTER))
    left = max(SPENT, run.n_iter)
    with left_out(options):
        for one in _tried(sample, moves(run), options):
            if left <= 0 or not _may_reach(one, now):
                continue
            with left_out(options):
                ended = fit(sample, [one.model], chasing)[0]
                left -= ended.n_iter
                if is_better(sample, ended, run, options):
                    return ended
    return None


def is_better(sample: Sweep, run: Run, than: Run, options: FitOptions) -> bool:
    """Return whether a run is worth more, and not by a component on fewer rows than it needs."""
    smallest = run.statistics.moments.effective_rows.min()
    before = than.statistics.moments.effective_rows.min()
    enough = smallest >= min(sample.family.fewest_rows, before)
    return enough and worth(sample, run, options) > worth(sample, than, options) + BETTER


def _tried(sample: Sweep, models: Sequence[Model], options: FitOptions) -> list[Run]:
    """Return short runs of the models that do best in a few sweeps, best first."""
    few = replace(options, rule=NeverMet(), max_iter=FIRST_SWEEPS, accelerate=False)
    hopeful = [run.model for run in ranked(sample, fit(sample, models, few), few)[:HOPEFUL]]
    return ranked(sample, fit(sample, hopeful, replace(few, max_iter=MORE_SWEEPS)), few)


def _may_reach(run: Run, objective: float) -> bool:
    """Return whether a short run may end above an objective, as far as its last gain tells.

    One whose covariances became singular in its last sweep has no gain to tell by.
    """
    taken = run.history.objective
    if len(taken) < 2:
        return True
    last, now = taken[-2:]
    return objective - now < REACH * (now - last)


def _moved(sample: Sweep, part: Sweep, run: Run, options: FitOptions) -> list[Model]:
    """Return the models after the most promising moves."""
    pairs, moments = all_pairs(run.model.n_components), run.statistics.moments
    losses = sample.family.merging_losses(run.model.parameters, moments, pairs)
    children = splits_of(sample, part, run.model, options)
    found = []
    promising = _promising(pairs, losses, children.gains, run, sample.family.n_columns)
    for first, other, split in promising:
        after = children.responsibilities.copy()
        after[first] += after[other]
        after[other] = children.responsibilities[split] * children.second[split]
        after[split] -= after[other]
        found.append(after.T)
    return models_of(sample, found, options)


def _promising(
    between: Pairs, losses: Float, gains: Float, run: Run, n_columns: int
) -> list[tuple[int, ...]]:
    """Return which pairs to merge and what to split instead, by the bounds of loss and gain.

    Parameters
    ----------
    between : the pairs
    losses : (M,) of merging them
    gains : (K,) of splits
    run : the run that they are of
    n_columns : D
    """
    rows = run.statistics.moments.effective_rows
    first, other = between
    pairs = np.arange(len(first))
    # What cannot be split gains minus infinity, and what cannot be told from noise costs as much.
    with np.errstate(invalid="ignore"):
        bounds = np.nan_to_num(gains - losses[:, None], nan=-np.inf, posinf=np.inf)
    bounds[pairs, first] = bounds[pairs, other] = -np.inf
    least = -SEPARATE * np.sqrt(n_columns) * (rows[first] + rows[other])
    order = np.argsort(-bounds, axis=None, kind="stable")
    chosen: list[tuple[int, ...]] = []
    seen: Counter[tuple[str, int]] = Counter()
    for pair, split in zip(*np.unravel_index(order, bounds.shape), strict=True):
        if len(chosen) == MOVES or not np.isfinite(bounds[pair, split]):
            break
        names = ("pair", int(pair)), ("split", int(split))
        if bounds[pair, split] > least[pair] and all(seen[name] < ALIKE for name in names):
            chosen.append((int(first[pair]), int(other[pair]), int(split)))
            seen.update(names)
    return chosen
