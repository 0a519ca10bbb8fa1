"""Starts with noise: Gaussian ones with a share for it, or with a component turned into it.

Either can be far from the best alone: a Gaussian that took the scattered rows must let them go, and
a Gaussian that is dropped may have been a cluster.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mixtura.components.gaussian.noise import NoisyParameters
from mixtura.data.masks import MaskedRows
from mixtura.em.failures import Failed, Start, attempted, changed
from mixtura.em.fit import FitOptions, fit
from mixtura.em.held import searching
from mixtura.em.labelled import first_models
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.sources import MANY
from mixtura.em.split_and_merge import CARRIED, exchanged
from mixtura.em.starts import (
    StartMaker,
    StartOptions,
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


def with_noise(
    gaussian_starts: StartMaker | None,
    n_components: int,
    starts: StartOptions,
    noisy_starts: StartMaker | None = None,
) -> StartMaker:
    """Return what makes starts with noise from what makes Gaussian ones, or from short runs.

    Parameters
    ----------
    gaussian_starts : starts of the Gaussian family
    n_components : K, the noise left out
    starts : how short runs are made
    noisy_starts : starts that have noise, beside Gaussian ones
    """

    def make(sweep: Sweep, options: FitOptions) -> Sequence[Start]:
        family: Any = sweep.family
        plain = Sweep(family.inner, sweep.source, sweep.engine)
        fallback = options.fallback
        gaussian_options = replace(
            options,
            prior=options.prior.gaussians,
            fallback=None if fallback is None else fallback.gaussians,
            weighing=replace(options.weighing, has_noise=False),
        )
        if gaussian_starts is not None:
            found = gaussian_starts(plain, gaussian_options)
            others = [] if noisy_starts is None else noisy_starts(sweep, options)
            return [*(changed(start, _noisy) for start in found), *others]
        if isinstance(sweep.source, MaskedRows):
            # Another component would have no number of its own.
            several = replace(starts, finish=max(CARRIED, starts.finish))
            models = first_models(plain, n_components, gaussian_options, several)
            return [_noisy(model) for model in models]
        loops = options, gaussian_options
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
        """Return the starts of one number: Gaussian ones, and those of which a component turns."""
        options, gaussian_options = map(searching, loops)
        several = replace(starts, finish=CARRIED)
        models, _ = short_runs(plain, n_components, gaussian_options, several, None, number)
        larger, tried = short_runs(plain, n_components + 1, gaussian_options, several, None, number)
        wider = wider_models(tried, n_components + 1, gaussian_options, several, number)
        turned = [_with_noise_for(model, k) for model in [*larger, *wider] for k in _widest(model)]
        sample = Sweep(sweep.family, tried.source, sweep.engine)
        runs = ranked(sample, fit(sample, turned, short_options(options, TRIED)), options)
        found = [
            *(_noisy(model) for model in models),
            *(_with_noise_for(model, _widest(model)[0]) for model in larger),
            *(run.model for run in runs[:CARRIED]),
        ]
        apart = loops[0].weighing.tells_apart
        return [exchanged(sample, found, loops[0])] if apart else found

    return make


def _widest(model: Model) -> list[int]:
    """Return the components by their volumes, the largest first; of many the first ones."""
    order = np.argsort(model.parameters.covariance.log_determinant(), kind="stable")
    return order[:MANY].tolist()


def _with_noise_for(model: Model, component: int) -> Model:
    """Return the model with a component turned into noise."""
    others = [k for k in range(model.n_components) if k != component]
    log_weights = np.append(model.log_weights[others], model.log_weights[component])
    return Model(log_weights, NoisyParameters.around(model.parameters.take(others)))


def _noisy(model: Model) -> Model:
    log_weights = np.append(model.log_weights + np.log1p(-FIRST_SHARE), np.log(FIRST_SHARE))
    return Model(log_weights, NoisyParameters.around(model.parameters))
