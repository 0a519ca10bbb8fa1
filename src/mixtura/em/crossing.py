"""Ends of races crossed: what one found in one place and another in a second, in one mixture.

A fit of many components that is poor mostly is so in a place or two, and another fit in others, so
the best of several is rarely right in all. Both ends together have what either found: of their 2K
components those that explain rows better draw these to themselves in a few sweeps, and pairs are
merged in the order of Runnalls' cost, half of those that are too many at a time, until K are left.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.ranking import worth
from mixtura.em.responsibilities import model_from_responsibilities, responsibilities_of
from mixtura.em.split_and_merge import BETTER, is_better, split_and_merged
from mixtura.em.starts import StartOptions, short_options
from mixtura.em.sweep import Sweep

__all__ = ["best_crossed", "crossed"]

Float = NDArray[np.float64]

# Races that a set of starts is dealt out to, so that there are ends to cross.
RACES = 3
# Races that have to come to the best end before no more starts are looked at.
AGREEING = 3
# Sweeps in which the components of both ends part the rows among them.
SWEEPS = 8


def best_crossed(
    sample: Sweep, sets: Iterable[Sequence[Model]], options: FitOptions, starts: StartOptions
) -> Model:
    """Return the best of where starts lead, split and merged, and of what these ends are crossed.

    Parameters
    ----------
    sample : a sweep over rows in memory
    sets : of starts, each best first, the first not empty; the next is made where ends of those
        before do not agree
    options : how the fit will go on
    starts : holds the seed
    """
    best, agreeing, first = None, 0, None
    for models in sets:
        first = models[0] if first is None else first
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
                    return best.model
                continue
            if ahead > 0:
                best, end, agreeing = end, best, 1
            after = None
            with left_out(options):
                child = crossed(sample, best.model, end.model, options)
                after = _moved(sample, [child], options, starts)
            if after is not None and is_better(sample, after, best, options):
                best, agreeing = after, 1
    # Where all failed the fit itself is to say so.
    assert first is not None
    return first if best is None else best.model


def crossed(sample: Sweep, one: Model, other: Model, options: FitOptions) -> Model:
    """Return a mixture of K components made of those of two.

    Parameters
    ----------
    sample : a sweep over rows in memory
    one, other : mixtures of K components
    options : how fits go on

    Raises
    ------
    ParameterError
        If components have a singular covariance.
    """
    shares = np.hstack([responsibilities_of(sample, each) for each in (one, other)]) / 2
    run = _swept(sample, model_from_responsibilities(sample, shares, options), options, SWEEPS)
    while (spare := run.model.n_components - one.n_components) > 0:
        losses = sample.family.merging_losses(run.model.parameters, run.statistics.moments)
        shares = responsibilities_of(sample, run.model)
        after = _merged(shares, losses, max(1, spare // 2))
        run = _swept(sample, model_from_responsibilities(sample, after, options), options, 1)
    return run.model


def _merged(shares: Float, losses: Float, count: int) -> Float:
    """Return responsibilities (N, K) with so many of the cheapest pairs merged, no two alike.

    Parameters
    ----------
    losses : (K, K) of merging pairs
    count : at most half of K
    """
    first, other = np.triu_indices(len(losses), 1)
    costs = np.nan_to_num(losses[first, other], nan=np.inf)
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
    with left_out(options):
        return _swept(sample, split_and_merged(sample, models, options, starts), options, 1)
    return None


def _swept(sample: Sweep, model: Model, options: FitOptions, sweeps: int) -> Run:
    (run,) = fit(sample, [model], short_options(options, sweeps))
    return run
