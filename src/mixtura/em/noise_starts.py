"""Starts with noise: plain ones with a share for it, or with a component turned into it.

Either can be far from the best alone: a component that took the scattered rows must let them go,
and one that is dropped may have been a cluster.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from mixtura.components.noise import without_noise
from mixtura.components.noise_parameters import NoisyParameters
from mixtura.components.simplex import SMALLEST
from mixtura.data.masks import MaskedRows
from mixtura.em.annealing import is_annealed_alone, wide_models
from mixtura.em.failures import Failed, Start, attempted, changed
from mixtura.em.fit import FitOptions, fit
from mixtura.em.held import searching
from mixtura.em.labelled import first_models
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.responsibilities import mixture_of, responsibilities_of
from mixtura.em.split_and_merge import CARRIED, exchanged
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
# Sweeps after which components turned into noise are compared.
TRIED = 8
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
        fallback = options.fallback
        plain_options = replace(
            options,
            prior=options.prior.inner,
            fallback=None if fallback is None else fallback.inner,
            weighing=replace(options.weighing, has_noise=False),
        )
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
        found = [
            attempted(partial(_found, sweep, plain, n_components, loops, number))
            for number in range(starts.finish)
        ]
        return [model for one in found for model in ([one] if isinstance(one, Failed) else one)]

    def _found(
        sweep: Sweep,
        plain: Sweep,
        n_components: int,
        loops: tuple[FitOptions, FitOptions],
        number: int,
    ) -> list[Model]:
        """Return the starts of one number: plain ones, and those of which a component turns."""
        options, plain_options = map(searching, loops)
        several = replace(starts, finish=CARRIED)
        models, _ = _plain(plain, n_components, plain_options, several, number)
        larger, tried = _plain(plain, n_components + 1, plain_options, several, number)
        wider = wider_models(tried, n_components + 1, plain_options, several, number)
        pairs = [(model, _sparsest(tried, model)) for model in larger]
        pairs += [(model, sorted(_sparsest(tried, model))) for model in wider]
        turned = [_with_noise_for(model, k) for model, places in pairs for k in places]
        sample = Sweep(sweep.family, tried.source, sweep.engine)
        runs = ranked(sample, fit(sample, turned, short_options(options, TRIED)), options)
        found = [
            *(_noisy(model) for model in models),
            *(_with_noise_for(model, places[0]) for model, places in pairs[: len(larger)]),
            *(run.model for run in runs[:CARRIED]),
        ]
        apart = loops[0].weighing.tells_apart
        return [exchanged(sample, found, loops[0])] if apart else found

    return make


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


def _sparsest(sample: Sweep, model: Model) -> list[int]:
    """Return the components by the mean log densities of their rows, the least first; TURNED."""
    block = sample.source.block(0, sample.source.n_rows)
    mixture, shares = mixture_of(sample, model), responsibilities_of(sample, model)
    if block.weights is not None:
        shares = shares * block.weights[:, None]
    logs = mixture.family.row_log_density(block.rows, mixture.parameters)
    totals = np.where(shares > 0, shares * np.where(shares > 0, logs, 0.0), 0.0).sum(axis=0)
    means = totals / np.maximum(shares.sum(axis=0), SMALLEST)
    return np.argsort(means, kind="stable")[:TURNED].tolist()


def _with_noise_for(model: Model, component: int) -> Model:
    """Return the model with a component turned into noise."""
    others = [k for k in range(model.n_components) if k != component]
    log_weights = np.append(model.log_weights[others], model.log_weights[component])
    return Model(log_weights, NoisyParameters.around(model.parameters.take(others)))


def _noisy(model: Model) -> Model:
    log_weights = np.append(model.log_weights + np.log1p(-FIRST_SHARE), np.log(FIRST_SHARE))
    return Model(log_weights, NoisyParameters.around(model.parameters))
