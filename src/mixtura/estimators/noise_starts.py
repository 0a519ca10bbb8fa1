"""Starts with noise: those of the Gaussian components alone, and a small share for the noise."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mixtura.components.gaussian.noise import NoisyParameters
from mixtura.em.fit import FitOptions
from mixtura.em.model import Model
from mixtura.em.starts import StartOptions, short_runs
from mixtura.em.sweep import Sweep
from mixtura.estimators.base import StartMaker

__all__ = ["with_noise"]

# Enough for one E-step to find the rows that the noise explains better.
FIRST_SHARE = 0.05


def with_noise(
    gaussian_starts: StartMaker | None, n_components: int, starts: StartOptions
) -> StartMaker:
    """Return what makes starts with noise from what makes Gaussian ones, or from short runs.

    Parameters
    ----------
    gaussian_starts : starts of the Gaussian family
    n_components : K, the noise left out
    starts : how short runs are made
    """

    def make(sweep: Sweep, options: FitOptions) -> Sequence[Model]:
        family: Any = sweep.family
        plain = Sweep(family.inner, sweep.source, sweep.engine)
        fallback = options.fallback
        gaussian_options = replace(
            options,
            prior=options.prior.gaussians,
            fallback=None if fallback is None else fallback.gaussians,
        )
        if gaussian_starts is None:
            models, _ = short_runs(plain, n_components, gaussian_options, starts)
        else:
            models = gaussian_starts(plain, gaussian_options)
        return [_noisy(model) for model in models]

    return make


def _noisy(model: Model) -> Model:
    log_weights = np.append(model.log_weights + np.log1p(-FIRST_SHARE), np.log(FIRST_SHARE))
    return Model(log_weights, NoisyParameters.around(model.parameters))
