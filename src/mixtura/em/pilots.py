"""Starts that many models share: partitions of one subsample, found by a few of them.

What tells components apart is much the same for one covariance structure as for the next, so a
search need not look for starts again for each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.data import ArrayRows
from mixtura.em.fit import FitOptions, fit, ranked
from mixtura.em.model import Model
from mixtura.em.starts import NeverMet, StartOptions, model_from_labels, short_runs
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.em.tree import Tree
from mixtura.engines import Engine
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = ["Partitions", "pilot_partitions"]

Float = NDArray[np.float64]

# What runs on a subsample may have left to gain, in nats for the rows it stands for.
ON_SAMPLE = GainLeft(nats=1.0)
# How many of them go on to all rows.
PARTIAL = 2


@dataclass(frozen=True, slots=True, eq=False)
class Partitions:
    """Ways to part a subsample into K groups.

    Attributes
    ----------
    rows : (M, D) the subsample
    weights : (M,) or None
    labels : (M,) for each way, the group of each row
    n_components : K
    whole : whether the subsample has every distinct row
    """

    rows: NDArray[Any]
    weights: Float | None
    labels: tuple[NDArray[np.intp], ...]
    n_components: int
    whole: bool

    def models(self, starts: StartOptions) -> Callable[[Sweep, FitOptions], Sequence[Model]]:
        """Return what makes the best starts of a model from these partitions."""

        def make(sweep: Sweep, options: FitOptions) -> Sequence[Model]:
            sample = Sweep(sweep.family, ArrayRows(self.rows, self.weights), sweep.engine)
            models, failure = [], None
            for labels in self.labels:
                try:
                    models.append(model_from_labels(sample, labels, self.n_components, options))
                except ParameterError as error:
                    failure = error
            if failure is not None and not models:
                raise failure
            whole = self.whole
            if len(models) <= starts.finish and whole:
                return models
            # Where the subsample is a part of the rows only, runs end on it.
            rule = NeverMet() if whole else ON_SAMPLE
            limit = starts.sweeps if whole else options.max_iter
            tried = fit(
                sample,
                models,
                replace(options, rule=rule, max_iter=limit, bound=False, keep=False, progress=None),
            )
            return [run.model for run in ranked(tried)[: starts.finish if whole else PARTIAL]]

        return make


def pilot_partitions(
    families: Sequence[Family],
    sample: tuple[NDArray[Any], Float | None],
    engine: Engine,
    n_components: int,
    options: Callable[[Sweep, int], FitOptions],
    starts: StartOptions,
    tree: Tree | None = None,
    *,
    whole: bool = False,
) -> Partitions:
    """Return the partitions that short runs of some families find best, and those of a tree.

    Parameters
    ----------
    families : the pilots
    sample : rows and weights of a subsample
    options : the options of a fit of K components by a sweep
    starts : how many short runs there are, and how many of each pilot are kept
    tree : a clustering of the subsample
    whole : whether the subsample has every distinct row
    """
    rows, weights = sample
    source = ArrayRows(rows, weights)
    found = []
    for family in families:
        sweep = Sweep(family, source, engine)
        try:
            models, tried = short_runs(sweep, n_components, options(sweep, n_components), starts)
        except ParameterError:
            continue
        ordered = tried.source.block(0, tried.source.n_rows)
        rows, weights = ordered.rows, ordered.weights
        for model in models:
            user_family, parameters = family.in_user_units(model.parameters)
            mixture = Mixture(np.exp(model.log_weights), user_family, parameters)
            found.append(mixture.responsibilities(rows).argmax(axis=1))
    if tree is not None:
        found += tree.labels(n_components)
    if not found:
        found = [np.arange(len(rows), dtype=np.intp) % n_components]
    return Partitions(rows, weights, tuple(found), n_components, whole)
