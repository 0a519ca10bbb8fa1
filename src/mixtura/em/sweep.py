"""From mixtures to their statistics: one pass over the rows, by the workers of an engine."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse, vstack

from mixtura.checkpoints import digest_of_rows
from mixtura.components.constrained import freed
from mixtura.components.family import Family
from mixtura.components.kernel import Kernel
from mixtura.data import ArrayRows, CountRows, RowSource
from mixtura.data.blocks import blocks_of
from mixtura.em.model import Model
from mixtura.em.plan import Plan, TiledUnit, as_swept, is_small, tiled_units
from mixtura.em.sources import Cloud
from mixtura.em.statistics import StackedStatistics, Statistics, counted
from mixtura.em.tasks import (
    DensityTask,
    GivenTask,
    LabelsTask,
    ResponsibilitiesTask,
    SharedTask,
    SweepTask,
)
from mixtura.engines import Engine
from mixtura.mixture import Mixture

__all__ = ["Sweep", "facts_of", "source_of"]

Float = NDArray[np.float64]

# Distinct rows that are counted; more tell nothing of so few that a component could be degenerate.
MOST_COUNTED = 100_000


def source_of(rows: Any, weights: Float | None) -> RowSource:
    """Return rows that are to be taken samples of again, dense or sparse."""
    return CountRows(rows, weights) if issparse(rows) else ArrayRows(rows, weights)


def facts_of(source: RowSource) -> dict[str, str]:
    """Return how many rows there are and a digest of them, for a checkpoint."""
    shape = f"{source.n_rows:,} x {source.n_columns}"
    return {"the rows": shape, "what stands in the rows": digest_of_rows(blocks_of(source))}


class Sweep:
    """Rows, a family and an engine: maps mixtures to their statistics.

    Parameters
    ----------
    family : Family
    source : RowSource
    engine : Engine
    """

    def __init__(self, family: Family, source: RowSource, engine: Engine) -> None:
        # Searches know sweeps by the identity of the family they asked for.
        self._asked = family
        self.family, self.source = family, source = as_swept(family, source)
        self.engine = engine
        self._priors: dict[tuple[str | None, int], Any] = {}
        self._parts: dict[tuple[int, int], Sweep] = {}
        self._keeps = is_small(family, source)
        self._plan, bounds = Plan.of(family, source, [1])
        self._bounds, self._units = bounds, self._cut(self._plan.tile, bounds)
        self.shared = engine.fold(SharedTask(self._plan), self._units)

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return self.source.total_weight

    @cached_property
    def distinct_share(self) -> float:
        """Return the number of distinct rows over Σ w, at most 1; many count as all distinct."""
        distinct = self.source.count_distinct(MOST_COUNTED)
        if distinct == MOST_COUNTED:
            distinct = self.source.n_rows
        return min(1.0, distinct / self.total_weight)

    def prior(self, name: Any, n_components: int) -> Any:
        """Return the family's penalty of that name for these rows; made once where it has one."""
        key = name, n_components
        if name is not None and not isinstance(name, str):
            return self.family.prior(name, self.shared, n_components)
        if key not in self._priors:
            self._priors[key] = self.family.prior(name, self.shared, n_components)
        return self._priors[key]

    def part(self, size: int, seed: int) -> "Sweep":
        """Return a sweep of at most so many distinct rows; made once for each size and seed."""
        # Of no more rows than that, all distinct ones are there, whatever the seed.
        key = (size, seed) if size < self.source.n_rows else (self.source.n_rows, 0)
        if key not in self._parts:
            rows, weights = self.source.subsample(*key)
            self._parts[key] = self if self._holds(rows, weights) else self._of(rows, weights)
        return self._parts[key]

    def _holds(self, rows: Any, weights: Float | None) -> bool:
        """Return whether a subsample is the rows themselves, as one of a subsample may be."""
        if weights is None or rows.shape[0] < self.source.n_rows or issparse(rows):
            return False
        block = self.source.block(0, self.source.n_rows)
        if issparse(block.rows) or block.weights is None or block.excluded is not None:
            return False
        same = rows.dtype == block.rows.dtype and np.array_equal(rows, block.rows)
        return same and np.array_equal(weights, block.weights)

    def _of(self, rows: Any, weights: Float | None) -> "Sweep":
        family, part = as_swept(self.family, source_of(rows, weights))
        block = part.block(0, part.n_rows)
        # Sparse rows that have become dense are of the kind that dense ones were.
        return Sweep(family, source_of(block.rows, block.weights), self.engine)

    @cached_property
    def cloud(self) -> Cloud:
        """Return rows in memory as points."""
        block = self.source.block(0, self.source.n_rows)
        points = self.family.embed(block.rows)
        return Cloud(points, np.ones(len(points)) if block.weights is None else block.weights)

    @cached_property
    def freed(self) -> "Sweep":
        """Return a sweep of the family whose components are bound to nothing."""
        family = freed(self.family)
        return self if family is self.family else Sweep(family, self.source, self.engine)

    @cached_property
    def kernel(self) -> Kernel | None:
        """Return a compiled loop over the rows, or None where there is none or they are many."""
        if not self._keeps:
            return None
        block = self.source.block(0, self.source.n_rows)
        kernel = self.family.kernel(block.rows, block.weights, self.shared, self.distinct_share)
        return (
            kernel if kernel is None or block.excluded is None else kernel.excluding(block.excluded)
        )

    def __call__(self, models: Sequence[Model]) -> list[Statistics]:
        """Return the statistics of each mixture, from one pass over the rows.

        Where components contract so much at once that sums about the origin cannot say how much,
        a second pass takes the sums about the new means.
        """
        found = self._swept(models)
        lost: list[tuple[int, Any]] = []
        for position, (model, statistics) in enumerate(zip(models, found, strict=True)):
            about = self.family.centres(model.parameters, statistics.sums, statistics.moments)
            if about is not None:
                lost.append((position, about))
        if lost:
            positions, centres = zip(*lost, strict=True)
            again = self._swept([models[position] for position in positions], centres)
            for position, better in zip(positions, again, strict=True):
                # What else there is does not depend on what sums are about.
                found[position] = replace(found[position], sums=better.sums, moments=better.moments)
        return found

    def log_likelihood(self, mixture: Mixture) -> float:
        """Return Σ w log f by densities that keep their digits; for the end of a fit, as slow."""
        return self.engine.fold(DensityTask(mixture.coded), self._units)

    def tempered(self, model: Model, power: float) -> Statistics:
        """Return the statistics of a mixture whose densities and weights are raised to a power."""
        plan = self._plan_for([model.n_components])
        found = self.engine.fold(SweepTask(plan, model, power=power), self._units)
        return self._split([model], found, None)[0]

    def _swept(
        self, models: Sequence[Model], centres: Sequence[Any] | None = None
    ) -> list[Statistics]:
        plan = self._plan_for([model.n_components for model in models])
        about = None if centres is None else type(centres[0]).concatenate(centres)
        task = SweepTask(plan, Model.stack(models), about)
        return self._split(models, self.engine.fold(task, self._units), centres)

    def from_responsibilities(self, responsibilities: Any, parameters: Any = None) -> Any:
        """Return the moments under given responsibilities (N, K), dense or CSR.

        Where components are too far from the origin for their width, their sums are taken again
        about the means found first.

        Parameters
        ----------
        parameters : by which missing cells are completed; None where there are none yet
        """
        return self._moments(responsibilities, responsibilities.shape[1], 0.0, parameters)

    def from_labels(self, labels: NDArray[np.intp], n_components: int, softness: float) -> Any:
        """Return the moments under labels (N,), all components having a part of each row alike."""
        return self._moments(labels, n_components, softness)

    def _moments(
        self, given: Any, n_components: int, softness: float, parameters: Any = None
    ) -> Any:
        task = GivenTask(self._plan_for([n_components]), None, softness, parameters)
        sums = self._given(given, task)
        moments = self.family.moments(sums, parameters, self.shared)
        about = self.family.centres(parameters, sums, moments)
        if about is None:
            return moments
        return self.family.moments(
            self._given(given, replace(task, centres=about)), about, self.shared
        )

    def _given(self, given: Any, task: GivenTask) -> Any:
        parts = (given[start:stop] for start, stop in pairwise(self._bounds))
        return self.engine.fold(task, list(zip(self._units, parts, strict=True)))

    def responsibilities(self, model: Model, least: float) -> csr_array:
        """Return responsibilities (N, K) of a mixture, but for those smaller than the least."""
        task = ResponsibilitiesTask(self._plan_for([model.n_components]), model, least)
        return csr_array(vstack(list(self.engine.map(task, self._units))))

    def labels(self, model: Model, without: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return which component each row (N,) belongs to, but for those left out, as in (K,)."""
        task = LabelsTask(self._plan_for([model.n_components]), model, without)
        return np.concatenate(list(self.engine.map(task, self._units)))

    def _plan_for(self, sizes: list[int]) -> Plan:
        if self._plan.sizes != sizes:
            plan, bounds = Plan.of(self.family, self.source, sizes)
            if (plan.tile, bounds) != (self._plan.tile, self._bounds):
                self._bounds, self._units = bounds, self._cut(plan.tile, bounds)
            self._plan = plan
        return self._plan

    def _cut(self, tile: int, bounds: list[int]) -> tuple[TiledUnit, ...]:
        return tiled_units(self.source, bounds, tile, keeps=self._keeps)

    def _split(
        self, models: Sequence[Model], total: StackedStatistics, centres: Sequence[Any] | None
    ) -> list[Statistics]:
        found = []
        start = 0
        for position, model in enumerate(models):
            components = slice(start, start + model.n_components)
            start += model.n_components
            sums = total.sums.take(components)
            about = model.parameters if centres is None else centres[position]
            moments = self.family.moments(sums, about, self.shared)
            offset = self.family.offset(model.parameters, sums, self.shared)
            rows = moments.effective_rows
            found.append(
                Statistics(
                    sums,
                    moments,
                    float(total.log_likelihood[position]) + offset,
                    float(total.log_largest[position]),
                    counted(rows, total.squared[components]),
                )
            )
        return found
