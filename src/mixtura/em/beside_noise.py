"""Moves beside noise: components are split and merged among the rows that are not noise.

As a fit with noise has it, its components alone are a mixture of each row by what is not noise of
it; so what moves them there is what moves components without noise.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.components.noise import without_noise
from mixtura.components.noise_parameters import NoisyParameters
from mixtura.components.simplex import SMALLEST
from mixtura.em.fit import FitOptions, log_weights_of
from mixtura.em.model import Model
from mixtura.em.neighbours import split_once
from mixtura.em.responsibilities import mixture_of, responsibilities_of
from mixtura.em.split_and_merge import is_better, raced, split_and_merged
from mixtura.em.starts import StartOptions
from mixtura.em.sweep import Sweep, source_of

Float = NDArray[np.float64]

__all__ = [
    "moved_beside_noise",
    "of_components",
    "sparsest",
    "with_noise_for",
    "with_share",
    "without_its_noise",
]

# Rows that are noise but for less than this are left out.
LEAST = 0.01
# How often components are moved at the most.
ROUNDS = 3


def of_components(options: FitOptions) -> FitOptions:
    """Return the options of a fit of the components alone."""
    fallback = options.fallback
    return replace(
        options,
        prior=options.prior.inner,
        fallback=None if fallback is None else fallback.inner,
        weighing=replace(options.weighing, has_noise=False),
    )


def with_share(model: Model, log_share: float) -> Model:
    """Return a model with noise of a share, given by its logarithm, beside its components."""
    rest = model.log_weights + np.log1p(-np.exp(log_share))
    return Model(np.append(rest, log_share), NoisyParameters.around(model.parameters))


def without_its_noise(sample: Sweep, model: Model) -> tuple[Sweep, Model]:
    """Return the components of a model alone, over the rows by what is not noise of each.

    Parameters
    ----------
    sample : a sweep over rows in memory
    model : noise is its last component
    """
    block = sample.source.block(0, sample.source.n_rows)
    weights = 1.0 - responsibilities_of(sample, model)[:, -1]
    kept = np.flatnonzero(weights > LEAST)
    if not len(kept):
        # Noise has taken all rows, and components are looked for among all.
        weights, kept = np.ones(len(weights)), np.arange(len(weights))
    if block.weights is not None:
        weights = weights * block.weights
    rows = source_of(block.rows[kept], weights[kept])
    alone = Model(log_weights_of(np.exp(model.log_weights[:-1])), model.parameters.inner)
    return Sweep(without_noise(sample.family), rows, sample.engine), alone


def moved_beside_noise(
    sample: Sweep, models: Sequence[Model], options: FitOptions, starts: StartOptions
) -> Model:
    """Return where the best of models leads, past what merging and splitting betters.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : noise is their last component
    options : how the fit will go on
    starts : holds the seed
    """
    ends = raced(sample, models, options)
    if not ends:
        # The fit itself is to say why all failed.
        return models[0]
    best = ends[0]
    for _ in range(ROUNDS if best.model.n_components > 2 else 0):
        better = None
        for moves in (_among_rows, _let_go):
            after = raced(sample, moves(sample, best.model, options, starts), options)
            if after and is_better(sample, after[0], best, options):
                better = after[0]
                break
        if better is None:
            break
        best = better
    return best.model


def _among_rows(
    sample: Sweep, model: Model, options: FitOptions, starts: StartOptions
) -> list[Model]:
    """Return the model with its components split and merged among the rows that are not noise."""
    rows, alone = without_its_noise(sample, model)
    found = split_and_merged(rows, [alone], of_components(options), starts)
    return [with_share(found, float(model.log_weights[-1]))]


def _let_go(sample: Sweep, model: Model, options: FitOptions, starts: StartOptions) -> list[Model]:
    """Return models with a component left to noise, and another split instead."""
    noise = model.n_components - 1
    component = _least_missed(sample, model)
    kept = [k for k in range(noise) if k != component]
    share = float(np.logaddexp(*model.log_weights[[component, noise]]))
    fewer = Model(np.append(model.log_weights[kept], share), model.parameters.take([*kept, noise]))
    rows, alone = without_its_noise(sample, fewer)
    found = split_once(rows, alone, of_components(options), starts)
    return [with_share(one, share) for one in found]


def _least_missed(sample: Sweep, model: Model) -> int:
    """Return the component that costs least to leave to noise, at most Σ w r_k log of the ratio.

    It is that of π_k f_k to (π_k + π_0) f_0, with f_0 the density of the noise.
    """
    logs, mass = _densities(sample, model)
    parts = model.log_weights[:-1]
    instead = np.logaddexp(parts, model.log_weights[-1]) + logs[:, -1:]
    return int(np.argmin(_totals(parts + logs[:, :-1] - instead, mass[:, :-1])))


def _densities(sample: Sweep, model: Model) -> tuple[Float, Float]:
    """Return log densities and weighted responsibilities (N, K)."""
    block = sample.source.block(0, sample.source.n_rows)
    mixture, mass = mixture_of(sample, model), responsibilities_of(sample, model)
    if block.weights is not None:
        mass = mass * block.weights[:, None]
    return mixture.family.row_log_density(block.rows, mixture.parameters), mass


def _totals(values: Float, mass: Float) -> Float:
    """Return Σ (K,) of values times mass, but for rows that have none."""
    return (mass * np.where(mass > 0, values, 0.0)).sum(axis=0)


def sparsest(sample: Sweep, model: Model) -> list[int]:
    """Return the components by the mean log densities of their rows, the least first."""
    logs, mass = _densities(sample, model)
    means = _totals(logs, mass) / np.maximum(mass.sum(axis=0), SMALLEST)
    return np.argsort(means, kind="stable").tolist()


def with_noise_for(model: Model, component: int) -> Model:
    """Return the model with a component turned into noise."""
    others = [k for k in range(model.n_components) if k != component]
    log_weights = np.append(model.log_weights[others], model.log_weights[component])
    return Model(log_weights, NoisyParameters.around(model.parameters.take(others)))
