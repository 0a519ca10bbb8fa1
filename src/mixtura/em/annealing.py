"""Starts for many columns of counts: by deterministic annealing, and by spectral axes.

Rows part slowly as densities are raised to powers that grow to one, from that at which a single
component becomes unstable (Ueda and Nakano 1998); so what tells most of them apart does so first.
One such run ends far above the best of many that begin from responsibilities at random.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mixtura.components.deviations import Deviations, spherical
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.family import Family
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.failures import Start, left_out
from mixtura.em.fit import FitOptions, fit
from mixtura.em.kmeans import lloyd_labels
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.starts import short_options
from mixtura.em.sweep import Sweep
from mixtura.kinds import BINARY

__all__ = [
    "WIDE",
    "annealed",
    "is_annealed_alone",
    "prior_named",
    "spectral",
    "wide_models",
    "with_evidence",
]

# Columns beyond which annealing finds more than groups by distances do.
WIDE = 100
# How many annealed runs there are, and their powers, each for one sweep.
ANNEALED, RUNGS = 3, 60
# It begins so many times above the power at which one component becomes unstable.
FIRST = 1.5
# Sweeps after which starts are compared.
LENGTH = 5
# How often pseudo-counts are made what is evident, and sweeps before each time.
ROUNDS, BETWEEN = 3, 8
# Random responsibilities are nearly even, and groups by spectral axes leave so much of each row to all.
EVENNESS, SOFTNESS = 100.0, 0.1


def wide_models(
    sample: Sweep,
    models: Sequence[Model],
    key: tuple[int, ...],
    n_components: int,
    options: FitOptions,
) -> list[Model]:
    """Return an annealed start, a spectral one and others, best first, of many columns of counts.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : the others
    key : what randomness is keyed by
    """
    deviations = deviations_of(sample)
    if deviations is None or n_components == 1:
        return []
    found = list(models)
    for number in range(ANNEALED):
        rng = np.random.default_rng([*key, 6, number])
        with left_out(options):
            found.insert(number, annealed(sample, deviations, n_components, options, rng))
    with left_out(options):
        rng = np.random.default_rng([*key, 7])
        found.append(spectral(sample, n_components, options, rng))
    if not found:
        return []
    runs = fit(sample, found, short_options(options, LENGTH))
    return [run.model for run in ranked(sample, runs, options)]


def is_annealed_alone(sample: Sweep) -> bool:
    """Return whether what distances find, and what moves better, is not worth its time.

    That is so for many columns of counts; for as many of yes or no moves better an annealed start.
    """
    return deviations_of(sample) is not None and sample.family.kinds[0] is not BINARY


def prior_named(prior: Any, family: Family) -> Any:
    """Return the prior that "auto" stands for, or the one that is given.

    It is by evidence for more than 100 columns of probabilities or counts, and else weak.
    """
    if not (isinstance(prior, str) and prior == "auto"):
        return prior
    if not isinstance(family, ExponentialFamily) or family.n_columns <= WIDE:
        return "weak"
    has_cells = family.cell_counts(np.ones((1, family.width()))) is not None
    return "evidence" if has_cells else "weak"


def with_evidence(
    sweep: Sweep, starts: Sequence[Start], options: FitOptions
) -> tuple[Sequence[Start], FitOptions]:
    """Return starts, the first of them after some sweeps, and options with evident pseudo-counts.

    All starts are run under what is evident of the first, so that their ends can be compared.
    """
    number = next((i for i, start in enumerate(starts) if isinstance(start, Model)), None)
    family: Any = sweep.family
    if number is None:
        return starts, options
    model, after = starts[number], list(starts)
    for _ in range(ROUNDS):
        assert isinstance(model, Model)
        (run,) = fit(sweep, [model], short_options(options, BETWEEN))
        model = run.model
        prior = family.evident(run.statistics.moments, sweep.shared)
        options = replace(options, prior=prior)
    after[number] = model
    return after, options


def deviations_of(sample: Sweep) -> Deviations | None:
    """Return how rows deviate from one component, where they have many columns of counts."""
    family = sample.family
    if not isinstance(family, ExponentialFamily) or family.n_columns <= WIDE:
        return None
    block = sample.source.block(0, sample.source.n_rows)
    return family.deviations(block.rows, block.weights)


def annealed(
    sample: Sweep,
    deviations: Deviations,
    n_components: int,
    options: FitOptions,
    rng: np.random.Generator,
) -> Model:
    """Return where EM leads with powers of the densities that grow to one."""
    even = np.full(n_components, EVENNESS)
    responsibilities = rng.dirichlet(even, sample.source.n_rows)
    model = model_from_responsibilities(sample, responsibilities, options)
    first = min(1.0, FIRST / max(deviations.size, 1.0))
    for power in np.geomspace(first, 1.0, RUNGS):
        moments = sample.tempered(model, float(power)).moments
        parameters = maximise_strictly(sample.family, moments, model.parameters, options.prior)
        model = Model(options.log_weights(moments.effective_rows), parameters)
    return model


def spectral(
    sample: Sweep, n_components: int, options: FitOptions, rng: np.random.Generator
) -> Model:
    """Return the M-step from k-means by directions on the first spectral axes."""
    block = sample.source.block(0, sample.source.n_rows)
    directions = spherical(block.rows, n_components)
    labels = lloyd_labels(directions, block.weights, n_components, rng)
    responsibilities = np.full((len(labels), n_components), SOFTNESS / n_components)
    responsibilities[np.arange(len(labels)), labels] += 1.0 - SOFTNESS
    return model_from_responsibilities(sample, responsibilities, options)
