"""Starts that many models share: partitions of one subsample, found by a few of them.

What tells components apart is much the same for one covariance structure as for the next, so a
search need not look for starts again for each.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Family
from mixtura.em.annealing import is_annealed_alone, wide_models
from mixtura.em.compiled import is_compilable
from mixtura.em.failures import attempted, left_out, survivors
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.ranking import ranked, ranked_by_weight
from mixtura.em.responsibilities import (
    model_from_labels,
    model_from_responsibilities,
    responsibilities_of,
)
from mixtura.em.split_and_merge import CARRIED, split_and_merged
from mixtura.em.starts import (
    ModelMaker,
    StartOptions,
    first_labels,
    key_of,
    linked_part,
    short_options,
    short_runs,
    single_labels,
    tried,
    tried_models,
)
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.em.tree import Tree
from mixtura.errors import NUMERICAL

__all__ = ["Partitions", "screened_partitions"]

Float = NDArray[np.float64]

# What runs on a subsample may have left to gain, in nats for the rows it stands for.
ON_SAMPLE = GainLeft(nats=1.0)
# Sweeps after which starts are compared.
TRIED = 4


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
    responsibilities : (M, K) for each further way, how much each group has of each row
    """

    rows: NDArray[Any]
    weights: Float | None
    labels: tuple[NDArray[np.intp], ...]
    n_components: int
    whole: bool
    responsibilities: tuple[Float, ...] = ()

    def beside(self, responsibilities: Iterable[Float]) -> "Partitions":
        """Return the partitions with the first K of further responsibilities of the rows."""
        first = (each[:, : self.n_components] for each in responsibilities)
        return replace(self, responsibilities=(*self.responsibilities, *first))

    def each_last(self) -> "Partitions":
        """Return the partitions with each of their groups in turn as the last, which is noise."""
        last = self.n_components - 1
        labels = (
            np.where(own == group, last, np.where(own == last, group, own))
            for own in self.labels
            for group in range(self.n_components)
        )
        return replace(self, labels=tuple(labels))

    def models(self, starts: StartOptions, sample_of: Callable[[Family], Sweep]) -> ModelMaker:
        """Return what makes the best starts of a model from these partitions.

        Parameters
        ----------
        sample_of : maps a family to a sweep over the subsample
        """

        def make(sweep: Sweep, options: FitOptions) -> Sequence[Model]:
            sample = sample_of(sweep.family)
            models = self._tried_at_once(sample, options, max(CARRIED, starts.finish))
            if not models:
                models = self._models(sample, options)
                if len(models) > 1 or not self.whole:
                    runs = fit(sample, models, short_options(options, TRIED))
                    models = [run.model for run in ranked(sample, runs, options)]
            best = self._bettered(sample, models, options, starts)
            further = chain(models[1:], self._further(sample, options, starts))
            return [best, *islice(further, starts.finish - 1)]

        return make

    def _bettered(
        self, sample: Sweep, models: list[Model], options: FitOptions, starts: StartOptions
    ) -> Model:
        """Return the best of models, best first, after more runs on the sample."""
        alone = is_annealed_alone(sample)
        if self.n_components > 1 and starts.splits_and_merges and not alone:
            return split_and_merged(sample, models[:CARRIED], options, starts)
        if self.whole or alone:
            return models[0]
        # Where the subsample is a part of the rows only, runs end on it.
        quiet = replace(options, rule=ON_SAMPLE, bound=False, keep=False, progress=None)
        ended = fit(sample, models[:CARRIED], quiet)
        return ranked(sample, ended, options)[0].model

    def _further(self, sample: Sweep, options: FitOptions, starts: StartOptions) -> Iterator[Model]:
        """Yield starts of their own seeds, where more are asked for than there are partitions."""
        for number in range(1, starts.finish):
            labels = single_labels(sample, self.n_components, starts, number)
            with left_out(options):
                yield model_from_labels(sample, labels, self.n_components, options)

    def _tried_at_once(self, sample: Sweep, options: FitOptions, most: int) -> list[Model]:
        """Return where the best partitions lead in a few sweeps of compiled code, best first."""
        if sample.kernel is None or not is_compilable(options):
            return []
        sources = [*self.labels, *self.responsibilities]
        found = tried(sample, sources, self.n_components, options, TRIED)
        return [one.model for one in ranked_by_weight(sample, found, options, most)]

    def _models(self, sample: Sweep, options: FitOptions) -> list[Model]:
        """Return the M-step from each partition that has no singular component."""
        makers = [
            *(
                partial(model_from_labels, sample, labels, self.n_components, options)
                for labels in self.labels
            ),
            *(
                partial(model_from_responsibilities, sample, responsibilities, options)
                for responsibilities in self.responsibilities
            ),
        ]
        return list(survivors(map(attempted, makers), options))


def screened_partitions(
    screens: Sequence[Sweep],
    n_components: int,
    options: Callable[[Sweep, int], FitOptions],
    starts: StartOptions,
    tree: Tree | None = None,
    *,
    whole: bool = False,
) -> Partitions:
    """Return the partitions that short runs of some families find best, and those of a tree.

    They part the rows of the subsample in the order that the sweeps have them.

    Parameters
    ----------
    screens : sweeps of some families over a subsample
    options : the options of a fit of K components by a sweep
    starts : how many short runs there are, and how many of each screen are kept
    tree : a clustering of the subsample's `linked_part`
    whole : whether the subsample has every distinct row
    """
    found: list[NDArray[np.intp]] = []
    # What tells rows apart before any model is there is the same for all screens.
    first = list(first_labels(screens[0], n_components, starts, tree)) if n_components > 1 else []
    several = replace(starts, finish=CARRIED)
    for sweep in screens:
        labelled = [
            (sweep if own is screens[0] else sweep.part(own.source.n_rows, starts.seed), labels)
            for own, labels in first
        ]
        try:
            loop = options(sweep, n_components)
            models = (
                tried_models(sweep, labelled.copy, n_components, loop, several)
                if labelled
                else short_runs(sweep, n_components, loop, several)[0]
            )
            models = wide_models(sweep, models, key_of(starts, 0), n_components, loop) or models
            if n_components > 1 and starts.splits_and_merges and not is_annealed_alone(sweep):
                models = [split_and_merged(sweep, models, loop, starts), *models[1 : starts.finish]]
        except NUMERICAL:
            continue
        found += (
            responsibilities_of(sweep, model).argmax(axis=1) for model in models[: starts.finish]
        )
    block = screens[0].source.block(0, screens[0].source.n_rows)
    rows, weights = block.rows, block.weights
    if tree is not None:
        found += _labels_of(tree, screens[0], n_components, options, starts.seed)
    if not found:
        found = [np.arange(len(rows), dtype=np.intp) % n_components]
    return Partitions(rows, weights, tuple(found), n_components, whole)


def _labels_of(
    tree: Tree,
    sample: Sweep,
    n_components: int,
    options: Callable[[Sweep, int], FitOptions],
    seed: int,
) -> Iterator[NDArray[np.intp]]:
    """Yield the groups of each row of a subsample, those of a tree for a part of it carried on."""
    part = linked_part(sample, seed)
    for labels in tree.labels(n_components):
        if part is sample:
            yield labels
            continue
        loop = options(part, n_components)
        with left_out(loop):
            model = model_from_labels(part, labels, n_components, loop)
            yield responsibilities_of(sample, model).argmax(axis=1)
