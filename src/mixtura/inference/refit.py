"""Fitting a mixture's family again: to other row weights, or to rows that were drawn from it."""

from collections.abc import Sequence
from functools import singledispatch
from time import perf_counter
from typing import Any

import numpy as np

from mixtura.components.constrained import bound_to
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.noise import NoiseFamily, without_noise
from mixtura.components.product import ProductFamily
from mixtura.components.weighing import Weighing
from mixtura.data import RowSource
from mixtura.data.columns import column_moments
from mixtura.data.resolution import column_steps
from mixtura.em.annealing import prior_named
from mixtura.em.beside_noise import of_components, with_share, without_its_noise
from mixtura.em.failures import Start
from mixtura.em.fit import FitOptions, log_weights_of
from mixtura.em.model import Model
from mixtura.em.neighbours import split_once
from mixtura.em.noise_starts import with_noise
from mixtura.em.options import FREE
from mixtura.em.solve import FitResult, SolveOptions, as_counts, solve_by
from mixtura.em.starts import StartMaker, StartOptions, sample_of, short_runs
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.mixture import Mixture

__all__ = [
    "Refits",
    "framed",
    "from_mixture",
    "from_short_runs",
    "from_splits",
    "options_of",
    "refit",
    "weighing_of",
]

# Nats left to gain at the end of a replicate, whose own sampling error is far larger.
COARSE = GainLeft(nats=1e-2)
MAX_ITER = 1000


@singledispatch
def framed(family: Any, source: RowSource, columns: slice) -> Any:
    """Return the family set to read some columns of the rows, or in a frame that suits them."""
    return family.reading(source.block(0, source.n_rows).rows[:, columns])


@framed.register
def _(family: GaussianFamily, source: RowSource, columns: slice) -> GaussianFamily:
    mean, spread = column_moments(source)
    steps = column_steps(source)[columns]
    return GaussianFamily.of(family.structure, mean[columns], spread[columns], steps=steps)


@framed.register
def _(
    family: IncompleteGaussianFamily, source: RowSource, columns: slice
) -> IncompleteGaussianFamily:
    mean, spread = column_moments(source)
    steps = column_steps(source)
    return IncompleteGaussianFamily.of(family.structure, mean, spread, steps=steps)


@framed.register
def _(family: NoiseFamily, source: RowSource, columns: slice) -> NoiseFamily:
    return NoiseFamily.around(framed(family.inner, source, columns), family.background)


@framed.register
def _(family: ProductFamily, source: RowSource, columns: slice) -> ProductFamily:
    pairs = zip(family.families, family.blocks, strict=True)
    return ProductFamily(tuple(framed(each, source, block) for each, block in pairs))


def weighing_of(mixture: Mixture) -> Weighing:
    """Return what the mixing weights of a mixture are: free, or held as they stand."""
    if not mixture.held:
        return FREE
    return Weighing.holding(mixture.weights[mixture.labels >= 0])


def options_of(mixture: Mixture, prior: Any, seed: int = 0, *, finish: int = 1) -> SolveOptions:
    """Return how replicates are fitted: as the estimators do, but for a coarser end."""
    gaussian = isinstance(without_noise(mixture.family), GaussianFamily | ProductFamily)
    return SolveOptions(
        rule=COARSE,
        max_iter=MAX_ITER,
        prior=prior_named(prior, mixture.family),
        rescue=gaussian and prior is not None,
        monotone=True,
        weighing=weighing_of(mixture),
        accelerate=True,
        starts=StartOptions(seed, finish=finish),
    )


def from_mixture(mixture: Mixture) -> StartMaker:
    """Return the start that is a mixture itself."""

    def starts(sweep: Sweep, options: FitOptions) -> list[Model]:
        parameters = sweep.family.in_frame(mixture.parameters)
        return [Model(log_weights_of(mixture.weights), parameters)]

    return starts


def from_short_runs(n_components: int, options: SolveOptions, number: int = 0) -> StartMaker:
    """Return the starts that the estimators have, noise counted where there is some.

    Parameters
    ----------
    number : of the first of them; trees, which take longer than short runs, are for 0
    """

    def starts(sweep: Sweep, loop: FitOptions) -> Sequence[Start]:
        # Short runs know nothing of what components are bound to, which starts then obey.
        free = sweep.freed
        if free.family.has_noise:
            return with_noise(None, n_components - 1, options.starts)(free, loop)
        return short_runs(free, n_components, loop, options.starts, None, number)[0]

    return starts


def from_splits(model: Model, most: int, options: SolveOptions) -> StartMaker:
    """Return the starts of one component more: a fit to the same rows, its components split.

    Parameters
    ----------
    model : the fit of K components
    most : how many starts at the most
    """

    def starts(sweep: Sweep, loop: FitOptions) -> Sequence[Start]:
        free = sweep.freed
        sample = sample_of(free, model.n_components + 1, options.starts)
        if not sample.family.has_noise:
            return split_once(sample, model, loop, options.starts)[:most]
        part, alone = without_its_noise(sample, model)
        found = split_once(part, alone, of_components(loop), options.starts)[:most]
        return [with_share(one, float(model.log_weights[-1])) for one in found]

    return starts


class Refits:
    """Fits of a mixture's family to the same rows, of which what several ask is found once.

    Parameters
    ----------
    mixture : whose family it is
    source : the rows
    options : by which they count
    """

    def __init__(self, mixture: Mixture, source: RowSource, options: SolveOptions) -> None:
        self._mixture = mixture
        self._source, self._factor = as_counts(source, options)
        self._family = framed(mixture.family, self._source, slice(None))
        self._sweeps: dict[Any, Sweep] = {}

    def fit(
        self, n_components: int, options: SolveOptions, starts: Sequence[StartMaker]
    ) -> FitResult:
        """Return the best fit from all of the starts."""
        began, sweep = perf_counter(), self._sweep(n_components)

        def models(sweep: Sweep, loop: FitOptions) -> list[Start]:
            return [model for each in starts for model in each(sweep, loop)]

        columns = self._mixture.columns
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = solve_by(
                sweep, n_components, options, models=models, columns=columns, began=began
            )
        return found if self._factor == 1.0 else found.times(1.0 / self._factor)

    def _sweep(self, n_components: int) -> Sweep:
        """Return the sweep of so many components: one for all where none is bound."""
        constraints = self._mixture.constraints
        more = n_components - self._mixture.n_components
        if constraints is not None and more:
            constraints = constraints.of_size(constraints.n_components + more)
        size = None if constraints is None else n_components
        if size not in self._sweeps:
            family = bound_to(self._family, constraints)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                self._sweeps[size] = Sweep(family, self._source, Serial())
        return self._sweeps[size]


def refit(
    mixture: Mixture,
    source: RowSource,
    n_components: int,
    options: SolveOptions,
    starts: Sequence[StartMaker],
) -> FitResult:
    """Return the best fit of the mixture's family to rows, from all of the starts."""
    return Refits(mixture, source, options).fit(n_components, options, starts)
