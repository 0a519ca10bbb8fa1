"""Starts with noise: plain ones with a share for it, or with a component turned into it.

Either can be far from the best alone: a component that took the scattered rows must let them go,
and one that is dropped may have been a cluster.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from mixtura.components.noise import without_noise
from mixtura.data.masks import MaskedRows
from mixtura.em.annealing import is_annealed_alone, wide_models
from mixtura.em.beside_noise import of_components, sparsest, with_noise_for, with_share
from mixtura.em.crossing import best_crossed, may_cross, take_long
from mixtura.em.failures import Start, attempted, changed, left_out
from mixtura.em.fit import FitOptions, fit
from mixtura.em.held import are_bound, placed, searching
from mixtura.em.labelled import first_models
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.split_and_merge import CARRIED, exchanged, raced
from mixtura.em.starts import (
    StartMaker,
    StartOptions,
    key_of,
    sample_of,
    short_options,
    short_runs,
    wider_models,
)
from mixtura.em.sweep import Sweep

__all__ = ["with_noise"]

# Enough for one E-step to find the rows that the noise explains better.
FIRST_SHARE = 0.05
# Sweeps after which components turned into noise are compared, and how many are kept.
TRIED = (2, 18), (6, 6)
# How many components of one model are turned: each takes a run of all, and noise is the sparsest.
TURNED = 8


def with_noise(
    plain_starts: StartMaker | None,
    n_components: int,
    starts: StartOptions,
    noisy_starts: StartMaker | None = None,
) -> StartMaker:
    """Return what makes starts with noise from what makes plain ones, or from short runs.

    Parameters
    ----------
    plain_starts : starts of the family without noise
    n_components : K, the noise left out
    starts : how short runs are made
    noisy_starts : starts that have noise, beside plain ones
    """

    def make(sweep: Sweep, options: FitOptions) -> Sequence[Start]:
        plain = Sweep(without_noise(sweep.family), sweep.source, sweep.engine)
        plain_options = of_components(options)
        if plain_starts is not None:
            found = plain_starts(plain, plain_options)
            others = [] if noisy_starts is None else noisy_starts(sweep, options)
            return [*(changed(start, _noisy) for start in found), *others]
        if isinstance(sweep.source, MaskedRows):
            # Another component would have no number of its own.
            several = replace(starts, finish=max(CARRIED, starts.finish))
            models = first_models(plain, n_components, plain_options, several)
            return [_noisy(model) for model in models]
        loops = options, plain_options
        return [
            attempted(partial(_found, sweep, plain, n_components, loops, number))
            for number in range(starts.finish)
        ]

    def _found(
        sweep: Sweep,
        plain: Sweep,
        n_components: int,
        loops: tuple[FitOptions, FitOptions],
        number: int,
    ) -> Model:
        """Return the start of a number: the best of plain ones and those of which one turns."""
        options, plain_options = map(searching, loops)
        plain = plain.freed
        several = replace(starts, finish=CARRIED)
        models, _ = _plain(plain, n_components, plain_options, several, number)
        larger, tried = _plain(plain, n_components + 1, plain_options, several, number)
        bound = Sweep(sweep.family, tried.source, sweep.engine)
        sample = bound.freed
        most = 1 if take_long(tried, plain_options) else TURNED
        if most > 1:
            larger += wider_models(tried, n_components + 1, plain_options, several, number)
        turned = [
            with_noise_for(model, k) for model in larger for k in sparsest(tried, model)[:most]
        ]
        noisy = [_noisy(model) for model in models]
        if are_bound(bound, loops[0]):
            # What is likeliest where nothing is held may promise little where something is.
            every = _placed(bound, [*noisy, *turned], loops[0])
            return exchanged(bound, [*noisy, *_most_promising(bound, every, loops[0])], loops[0])
        found = [*noisy, *_most_promising(sample, turned, options)]
        if options.max_iter == 0:
            # A fit of no sweep ends where it starts.
            return found[0]
        if sample.kernel is not None and may_cross(tried, n_components, plain_options):
            return best_crossed(sample, [found], options, several, number)
        ends = raced(sample, found, options)
        return ends[0].model if ends else found[0]

    return make


def _placed(bound: Sweep, models: Sequence[Model], options: FitOptions) -> list[Model]:
    """Return models with what is held, without those whose M-step fails."""
    found: list[Model] = []
    for model in models:
        with left_out(options):
            found.append(placed(bound, model, options))
    return found


def _most_promising(sample: Sweep, models: Sequence[Model], options: FitOptions) -> list[Model]:
    """Return where the best of many starts lead in a few sweeps, best first."""
    for sweeps, kept in TRIED:
        runs = ranked(sample, fit(sample, models, short_options(options, sweeps)), options)
        models = [run.model for run in runs[:kept]]
    return list(models)


def _plain(
    plain: Sweep, n_components: int, options: FitOptions, starts: StartOptions, number: int
) -> tuple[list[Model], Sweep]:
    """Return the best starts without noise, and the sweep that they were tried on."""
    sample, key = sample_of(plain, n_components, starts), key_of(starts, number)
    models: list[Model] = []
    if n_components == 1 or not is_annealed_alone(sample):
        models, sample = short_runs(plain, n_components, options, starts, None, number)
    wide = wide_models(sample, models, key, n_components, options)
    return (wide or models)[: starts.finish], sample


def _noisy(model: Model) -> Model:
    return with_share(model, float(np.log(FIRST_SHARE)))
