"""Where EM of regressions starts: many lines through a few rows each, tried by short runs.

Rows that are near each other in all columns need not lie on one line, so clusters are no starts.
Each try draws as many rows for a component as determine a line and a few more, and responses that
it is about are as wide as about all rows; the best of the short runs are carried on.
"""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixtura.em.failures import attempted, survivors
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.starts import StartOptions, sample_of, short_options
from mixtura.em.sweep import Sweep

__all__ = ["LineStarts"]

Float = NDArray[np.float64]

# Tries, and how many of their ends are carried on for how many sweeps more.
TRIES, CARRIED = 24, 4
FIRST_SWEEPS, MORE_SWEEPS = 8, 25
# Rows of a line beyond those that determine it, at the most.
BEYOND = 4


class LineStarts:
    """Makes models to start from; see `mixtura.em.starts.StartMaker`.

    Parameters
    ----------
    n_components : K
    starts : how many are finished, and the seed
    """

    def __init__(self, n_components: int, starts: StartOptions) -> None:
        self._n_components, self._starts = n_components, starts

    def __call__(self, sweep: Sweep, options: FitOptions) -> list[Model]:
        """Return as many models as are to be finished."""
        n_rows = sweep.source.n_rows
        if self._n_components == 1:
            return [model_from_responsibilities(sweep, np.ones((n_rows, 1)), options)]
        sample = sample_of(sweep, self._n_components, self._starts)
        return [self._best(sample, number, options) for number in range(self._starts.finish)]

    def _best(self, sample: Sweep, number: int, options: FitOptions) -> Model:
        """Return where the best of the tries of one number leads."""
        rng = np.random.default_rng([self._starts.seed, number])
        drawn = [
            attempted(partial(self._drawn, sample, rng, options, soft=attempt % 4 == 3))
            for attempt in range(TRIES)
        ]
        models = list(survivors(drawn, options))
        short = replace(short_options(options, FIRST_SWEEPS), accelerate=False)
        runs = ranked(sample, fit(sample, models, short), options)[:CARRIED]
        more = replace(short_options(options, MORE_SWEEPS), accelerate=options.accelerate)
        ends = fit(sample, [run.model for run in runs], more)
        return ranked(sample, ends, options)[0].model

    def _drawn(
        self, sample: Sweep, rng: np.random.Generator, options: FitOptions, *, soft: bool
    ) -> Model:
        """Return lines through rows drawn for each component, or by random responsibilities."""
        n_rows, k = sample.source.n_rows, self._n_components
        family = sample.family
        if soft:
            shares = rng.dirichlet(np.ones(k), size=n_rows)
            return model_from_responsibilities(sample, shares, options)
        least = int(np.ceil(family.fewest_rows))
        each = max(1, min(n_rows // k, least + int(rng.integers(BEYOND))))
        drawn = rng.permutation(n_rows)[: each * k]
        shares = np.zeros((n_rows, k))
        shares[drawn, np.arange(len(drawn)) % k] = 1.0
        model = model_from_responsibilities(sample, shares, options)
        every = np.ones(k, dtype=bool)
        wide = family.widened(model.parameters, every, sample.shared)
        return Model(np.full(k, -np.log(k)), wide)
