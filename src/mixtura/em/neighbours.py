"""Starts from a fit of one component more, two of them merged, or one less, one of them split."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mixtura.components.kernel import Above
from mixtura.em.compiled import AT_ONCE, is_compilable, terms_of
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.pairs import pairs_of
from mixtura.em.ranking import ranked, worth
from mixtura.em.responsibilities import models_of, responsibilities_of
from mixtura.em.split_and_merge import BETTER, ROUGH, Race, is_better
from mixtura.em.splits import part_of, splits_of
from mixtura.em.starts import StartOptions, short_options
from mixtura.em.sweep import Sweep

__all__ = ["bettered", "bettered_by", "merged", "on_sample", "split_once"]

# How many pairs are merged, or components split, one at a time.
TRIED = 2


def merged(sample: Sweep, model: Model, options: FitOptions, starts: StartOptions) -> list[Model]:
    """Return models of one component less: the cheapest pairs merged.

    Parameters
    ----------
    sample : a sweep over rows (M, D) in memory
    model : the mixture of K + 1 components
    options : how the fit of K goes on
    starts : not read
    """
    moments = fit(sample, [model], short_options(options, 1))[0].statistics.moments
    first, other = pairs = pairs_of(sample, model)
    losses = sample.family.merging_losses(model.parameters, moments, pairs)
    responsibilities = responsibilities_of(sample, model)
    found = []
    for pair in np.argsort(losses, kind="stable")[:TRIED]:
        after = np.delete(responsibilities, other[pair], axis=1)
        after[:, first[pair]] += responsibilities[:, other[pair]]
        found.append(after)
    return models_of(sample, found, options)


def split_once(
    sample: Sweep, model: Model, options: FitOptions, starts: StartOptions
) -> list[Model]:
    """Return models of one component more: those that gain most by it split.

    Parameters
    ----------
    sample : a sweep over rows (M, D) in memory
    model : the mixture of K - 1 components
    options : how the fit of K goes on
    starts : holds the seed
    """
    part = part_of(sample, model.n_components, starts)
    found, children = [], None
    with left_out(options):
        children = splits_of(sample, part, model, options)
    if children is None:
        return []
    for split in np.argsort(-children.gains, kind="stable")[:TRIED]:
        if np.isfinite(children.gains[split]):
            child = children.responsibilities[split] * children.second[split]
            after = np.vstack([children.responsibilities, child])
            after[split] -= child
            found.append(after.T)
    return models_of(sample, found, options)


def bettered_by(
    sample: Sweep,
    giving: Model,
    n_components: int,
    now: Run,
    options: FitOptions,
    starts: StartOptions,
) -> Model | None:
    """Return the best that a fit of one component more or less leads to, if above a run, or None.

    Parameters
    ----------
    sample : a sweep over rows in memory
    giving : the mixture of K + 1 or K - 1 components
    n_components : K
    now : where the model that there is leads on the sample
    options : how the fit of K goes on
    starts : holds the seed
    """
    part = part_of(sample, giving.n_components, starts)
    kernel = sample.kernel
    if (
        kernel is not None
        and kernel.splits_and_merges
        and part.kernel is not None
        and is_compilable(options)
    ):
        smallest = float(now.statistics.moments.effective_rows.min())
        found = kernel.neighbour(
            part.kernel,
            (giving.log_weights, giving.parameters),
            n_components,
            Above(worth(sample, now, options), smallest),
            terms_of(options),
            min(options.max_iter, AT_ONCE),
        )
        return None if found is None else Model(*found)
    merging = giving.n_components > n_components
    neighbour = merged if merging else split_once
    return bettered(sample, now, neighbour(sample, giving, options, starts), options)


def on_sample(sample: Sweep, model: Model, options: FitOptions) -> Run | None:
    """Return where a model, fitted perhaps to other rows, leads on a sample; None if nowhere.

    Parameters
    ----------
    sample : a sweep over rows in memory
    options : how fits go on
    """
    with left_out(options):
        return fit(sample, [model], _rough(options))[0]
    return None


def bettered(sample: Sweep, now: Run, others: Sequence[Model], options: FitOptions) -> Model | None:
    """Return the best that others lead to on a sample where that is above a run, or None.

    Parameters
    ----------
    sample : a sweep over rows in memory
    now : where the model that there is leads on it
    others : starts
    options : how fits go on
    """
    chasing = replace(_rough(options), rule=Race(worth(sample, now, options) + BETTER))
    runs: list[Run] = []
    with left_out(options):
        runs = fit(sample, others, chasing)
    better: list[Run] = [run for run in runs if is_better(sample, run, now, options)]
    return ranked(sample, better, options)[0].model if better else None


def _rough(options: FitOptions) -> FitOptions:
    return replace(options, rule=ROUGH, bound=False, keep=False, progress=None)
