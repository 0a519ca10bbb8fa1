"""Ends crossed: what one mixture found in one place and another in a second, in one mixture.

A fit of many components that is poor mostly is so in a place or two, and another fit in others, so
the best of several is rarely right in all. Both together have what either found: of all their
components those that explain rows better draw these to themselves in a few sweeps, and pairs are
merged in the order of Runnalls' cost, half of those that are too many at a time, until K are left.
So the ends of races are crossed, and then the best with groups of the rows about seeds drawn anew:
where one of them parts what the best has in one, it need not be right in anything else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import Pairs, all_pairs
from mixtura.em.beside_noise import (
    moved_beside_noise,
    of_components,
    with_share,
    without_its_noise,
)
from mixtura.em.compiled import is_compilable, terms_of
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.ranking import worth
from mixtura.em.responsibilities import (
    model_from_labels,
    model_from_responsibilities,
    responsibilities_of,
)
from mixtura.em.sources import MANY, seeded, seeded_in_half
from mixtura.em.split_and_merge import BETTER, is_better, raced, split_and_merged
from mixtura.em.starts import StartOptions, points_of, short_options, tell
from mixtura.em.sweep import Sweep

__all__ = ["CALM", "RESTLESS", "best_crossed", "bettered", "crossed", "may_cross", "take_long"]

Float = NDArray[np.float64]

# What a run is crossed to with a mixture, if that is better.
Crossing: TypeAlias = Callable[[Run, Model], Run | None]

# Races that starts are dealt out to, so that there are ends to cross.
RACES = 3
# Races that have to come to the best end before no more starts are looked at.
AGREEING = 3
# Groups that the best is crossed with in vain, one after another, before no more are tried: where
# races agree, and where they do not.
CALM, RESTLESS = 4, 18
# At most so many in all.
MOST = 64
# Their seeds are numbered from here, beyond those of all starts.
FURTHER = 1 << 16
# Nats behind the best at which components of what is crossed are not moved any more.
HOPELESS = 20.0
# Sweeps in which the components of both ends part the rows among them.
SWEEPS = 8


def may_cross(sample: Sweep, n_components: int, options: FitOptions) -> bool:
    """Return whether runs of K components are so cheap that ends are crossed."""
    if sample.kernel is None or not is_compilable(options) or not 1 < n_components <= MANY:
        return False
    return sample.kernel.crosses(terms_of(options))


def take_long(sample: Sweep, options: FitOptions) -> bool:
    """Return whether runs take so long that only what promises most is tried."""
    if sample.kernel is None:
        return True
    return sample.kernel.splits_and_merges and not sample.kernel.crosses(terms_of(options))


def best_crossed(
    sample: Sweep,
    sets: Iterable[Sequence[Model]],
    options: FitOptions,
    starts: StartOptions,
    number: int = 0,
) -> Model:
    """Return the best of where starts lead, split and merged, and of what it is crossed with.

    Parameters
    ----------
    sample : a sweep over rows in memory
    sets : of starts, each best first, the first not empty; the next is made where ends of those
        before do not agree
    options : how the fit will go on
    starts : holds the seed
    number : of the start that they are for
    """
    every = iter(sets)
    first = next(every)
    best, agree = _best_raced(sample, chain([first], every), options, starts)
    if best is None:
        # The fit itself is to say why all failed.
        return first[0]

    def child_of(one: Run, groups: Model) -> Run | None:
        child = _child(sample, one, groups, options, starts)
        if child is None:
            return None
        tell("groups of rows, crossed with the best", [child], options)
        return child if is_better(sample, child, one, options) else None

    groups = _groups(sample, best.model, options, starts, number)
    patience = CALM if agree else RESTLESS, RESTLESS
    return bettered(best, groups, child_of, patience, options).model


def bettered(
    best: Run,
    others: Iterable[Model],
    child_of: Crossing,
    patience: tuple[int, int],
    options: FitOptions,
) -> Run:
    """Return what a run is crossed to with others, one after another, each time the best so far.

    Parameters
    ----------
    child_of : crosses the best with another; where that fails it betters nothing
    patience : how many in a row may better nothing before no more are looked at, until one has,
        and from then on
    options : how fits go on
    """
    most, vain = patience[0], 0
    for other in others:
        child = None
        with left_out(options):
            child = child_of(best, other)
        if child is not None:
            best, most, vain = child, patience[1], 0
            continue
        vain += 1
        if vain == most:
            break
    return best


def _best_raced(
    sample: Sweep, sets: Iterable[Sequence[Model]], options: FitOptions, starts: StartOptions
) -> tuple[Run | None, bool]:
    """Return the best of the ends of races and what they are crossed to, and whether they agree."""
    best, agreeing = None, 0
    for models in sets:
        for race in range(min(RACES, len(models))):
            end = _moved(sample, models[race::RACES], options, starts)
            if end is None:
                continue
            if best is None:
                best, agreeing = end, 1
                continue
            ahead = worth(sample, end, options) - worth(sample, best, options)
            if abs(ahead) < BETTER:
                agreeing += 1
                if agreeing == AGREEING:
                    return best, True
                continue
            if ahead > 0:
                best, end, agreeing = end, best, 1
            child = _child(sample, best, end.model, options, starts)
            if child is not None and is_better(sample, child, best, options):
                best, agreeing = child, 1
    return best, False


def _groups(
    sample: Sweep, best: Model, options: FitOptions, starts: StartOptions, number: int
) -> Iterator[Model]:
    """Yield mixtures of the rows nearest to seeds: of K, and of half as many, which is cheaper.

    Every other is by half of the columns: what the best has wrong, all columns often show no more.
    Of rows that are noise in the best there are none.
    """
    rows, own = sample, options
    n_components = best.n_components
    if sample.family.has_noise:
        rows, alone = without_its_noise(sample, best)
        n_components, own = alone.n_components, of_components(options)
    given = points_of(rows, starts, number + FURTHER)
    for which in range(MOST):
        count = (n_components + 1) // 2 if which % 4 else n_components
        # So all come in each view of the points.
        turn = which // 2 + which // 4
        labels = (seeded_in_half if which % 2 else seeded)(given, count, turn)
        with left_out(options):
            groups = model_from_labels(rows, labels, count, own)
            yield with_share(groups, best.log_weights[-1]) if sample.family.has_noise else groups


def _child(
    sample: Sweep, best: Run, other: Model, options: FitOptions, starts: StartOptions
) -> Run | None:
    """Return where the best leads that is crossed with another mixture.

    It is None if that fails, or ends so far behind that no move of its components makes up for it.
    """
    with left_out(options):
        least = worth(sample, best, options) - HOPELESS
        ends = raced(sample, [crossed(sample, best.model, other, options)], options, least)
        if ends and worth(sample, ends[0], options) > least:
            return _moved(sample, [ends[0].model], options, starts)
    return None


def crossed(sample: Sweep, one: Model, other: Model, options: FitOptions) -> Model:
    """Return a mixture of as many components as the first has, made of those of two.

    Parameters
    ----------
    sample : a sweep over rows in memory
    one, other : mixtures
    options : how fits go on

    Raises
    ------
    ParameterError
        If components have a singular covariance.
    """
    shares = np.hstack([responsibilities_of(sample, each) for each in (one, other)]) / 2
    if sample.family.has_noise:
        noise = one.n_components - 1
        shares[:, -1] += shares[:, noise]
        shares = np.delete(shares, noise, axis=1)
    run = _swept(sample, model_from_responsibilities(sample, shares, options), options, SWEEPS)
    while (spare := run.model.n_components - one.n_components) > 0:
        pairs, moments = all_pairs(run.model.n_components), run.statistics.moments
        losses = sample.family.merging_losses(run.model.parameters, moments, pairs)
        shares = responsibilities_of(sample, run.model)
        after = _merged(shares, pairs, losses, max(1, spare // 2))
        run = _swept(sample, model_from_responsibilities(sample, after, options), options, 1)
    return run.model


def _merged(shares: Float, pairs: Pairs, losses: Float, count: int) -> Float:
    """Return responsibilities (N, K) with so many of the cheapest pairs merged, no two alike.

    Parameters
    ----------
    pairs : of all components
    losses : (M,) of merging them
    count : at most half of K
    """
    first, other = pairs
    costs = np.nan_to_num(losses, nan=np.inf)
    after, used, gone = shares.copy(), set[int](), list[int]()
    for pair in np.argsort(costs, kind="stable"):
        both = {int(first[pair]), int(other[pair])}
        if used.isdisjoint(both):
            used |= both
            after[:, first[pair]] += shares[:, other[pair]]
            gone.append(int(other[pair]))
        if len(gone) == count:
            break
    return np.delete(after, gone, axis=1)


def _moved(
    sample: Sweep, models: Sequence[Model], options: FitOptions, starts: StartOptions
) -> Run | None:
    """Return the end of a race, split and merged, as a sweep sees it; None if it fails."""
    move = moved_beside_noise if sample.family.has_noise else split_and_merged
    with left_out(options):
        return _swept(sample, move(sample, models, options, starts), options, 1)
    return None


def _swept(sample: Sweep, model: Model, options: FitOptions, sweeps: int) -> Run:
    (run,) = fit(sample, [model], short_options(options, sweeps))
    return run
