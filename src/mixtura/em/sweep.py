"""The only hot code: one pass over the rows for any number of mixtures.

A unit of rows is cut into tiles small enough that features (P, n) and log densities (K, n) stay
in the second-level cache. Rows run along the contiguous axis: at D=10, K=20 the other order is
three to five times slower. A tile costs two matrix products and one softmax, all into buffers
that live as long as the sweep; a unit allocates its (K, P) totals and nothing else. The sizes
depend on the problem alone, so the sum has the same bits for any number of threads. Where an
evaluator is nothing but a product, compiled code does all three, and makes Gaussian features too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from operator import add
from queue import Empty
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.components.family import Evaluator, Family, Product, Whole
from mixtura.components.kernel import Kernel
from mixtura.data import ArrayRows, CountRows, RowSource
from mixtura.em.model import Model
from mixtura.em.plan import Plan, TileBuffers, is_small
from mixtura.em.softmax import softmax_in_place
from mixtura.em.sources import Cloud
from mixtura.em.statistics import StackedStatistics, Statistics
from mixtura.engines import Engine
from mixtura.native.sweeps import has_strides, is_swept

__all__ = ["Sweep", "source_of"]

Float = NDArray[np.float64]

# Distinct rows that are counted; more tell nothing of so few that a component could be degenerate.
MOST_COUNTED = 100_000

# Where it starts and stops, its rows, as they are or as the family prepared them, their weights,
# what is barred.
Tile: TypeAlias = tuple[int, int, Any, Float | None, NDArray[np.bool_] | None]


def source_of(rows: Any, weights: Float | None) -> RowSource:
    """Return rows that are to be taken samples of again, dense or sparse."""
    return CountRows(rows, weights) if issparse(rows) else ArrayRows(rows, weights)


class Sweep:
    """Rows, a family and an engine: maps mixtures to their statistics.

    Parameters
    ----------
    family : Family
    source : RowSource
    engine : Engine
    """

    def __init__(self, family: Family, source: RowSource, engine: Engine) -> None:
        self.family = family
        self.source = source
        self.engine = engine
        self._priors: dict[tuple[str | None, int], Any] = {}
        self._parts: dict[tuple[int, int], Sweep] = {}
        # The tiles of each unit, where all of them take no more room than one tile may.
        self._kept: dict[int, list[Tile]] = {}
        self._keeps = is_small(family, source)
        self._plan = Plan.of(family, source, [1])
        self.shared = self._fold(self._plan, self._shared_of_unit)

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
        if (size, seed) not in self._parts:
            part = source_of(*self.source.subsample(size, seed))
            self._parts[size, seed] = Sweep(self.family, part, self.engine)
        return self._parts[size, seed]

    @cached_property
    def cloud(self) -> Cloud:
        """Return rows in memory as points."""
        block = self.source.block(0, self.source.n_rows)
        points = self.family.embed(block.rows)
        return Cloud(points, np.ones(len(points)) if block.weights is None else block.weights)

    @cached_property
    def kernel(self) -> Kernel | None:
        """Return a compiled loop over the rows, or None where there is none or they are many."""
        if not self._keeps:
            return None
        block = self.source.block(0, self.source.n_rows)
        kernel = self.family.kernel(block.rows, block.weights, self.shared, self.distinct_share)
        return kernel if kernel is None or block.barred is None else kernel.barring(block.barred)

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

    def _swept(
        self, models: Sequence[Model], centres: Sequence[Any] | None = None
    ) -> list[Statistics]:
        plan = self._plan_for([model.n_components for model in models])
        stack = Model.stack(models)
        evaluator = self.family.bind(stack.log_weights, stack.parameters)
        if centres is not None:
            evaluator.centre_on(type(centres[0]).concatenate(centres))
        whole = evaluator.product()
        product = None if isinstance(whole, Whole) else _compiled(whole)

        def expect(unit: int, buffers: TileBuffers) -> StackedStatistics:
            if isinstance(whole, Whole):
                return self._whole_of_unit(plan, whole, unit, buffers)
            if product is not None:
                return self._product_of_unit(plan, product, unit, buffers)
            return self._expect_unit(plan, evaluator, unit, buffers)

        return self._split(models, self._fold(plan, expect), centres)

    def from_responsibilities(
        self,
        responsibilities: Callable[[int, int], NDArray[Any]],
        n_components: int,
    ) -> Any:
        """Return the moments under given responsibilities.

        Where components are too far from the origin for their width, their sums are taken again
        about the means found first.

        Parameters
        ----------
        responsibilities : maps a range of rows to an array (n, K)
        """
        sums = self._given(responsibilities, n_components, None)
        moments = self.family.moments(sums, None, self.shared)
        about = self.family.centres(None, sums, moments)
        if about is None:
            return moments
        sums = self._given(responsibilities, n_components, about)
        return self.family.moments(sums, about, self.shared)

    def _given(
        self, responsibilities: Callable[[int, int], NDArray[Any]], n_components: int, about: Any
    ) -> Any:
        plan = self._plan_for([n_components])
        evaluator = self.family.unbound(n_components)
        if about is not None:
            evaluator.centre_on(about)

        def accumulate(unit: int, buffers: TileBuffers) -> Any:
            totals = evaluator.zeros()
            for start, stop, tile, row_weights, _ in self._tiles(plan, unit, buffers):
                shares = np.array(responsibilities(start, stop).T, self.family.dtype, order="C")
                if row_weights is not None:
                    np.multiply(shares, row_weights, out=shares, casting="same_kind")
                evaluator.accumulate(tile, shares, totals)
            return evaluator.sums(totals)

        return self._fold(plan, accumulate)

    def _plan_for(self, sizes: list[int]) -> Plan:
        if self._plan.sizes != sizes:
            plan = Plan.of(self.family, self.source, sizes)
            if (plan.tile, plan.bounds) != (self._plan.tile, self._plan.bounds):
                self._kept.clear()
            self._plan = plan
        return self._plan

    def _fold(self, plan: Plan, function: Callable[[int, TileBuffers], Any]) -> Any:
        def with_buffers(unit: int) -> Any:
            try:
                buffers = plan.spare.get_nowait()
            except Empty:
                buffers = TileBuffers(self.family, plan.tile, plan.sizes)
            try:
                return function(unit, buffers)
            finally:
                plan.spare.put(buffers)

        return self.engine.fold(with_buffers, len(plan.bounds) - 1)

    def _tiles(self, plan: Plan, unit: int, buffers: TileBuffers) -> Iterable[Tile]:
        if not self._keeps:
            return self._prepared(plan, unit, lambda _: buffers.workspace)
        if unit not in self._kept:
            self._kept[unit] = list(self._prepared(plan, unit, self.family.workspace))
        return self._kept[unit]

    def _prepared(self, plan: Plan, unit: int, workspace: Callable[[int], Any]) -> Iterator[Tile]:
        for start, stop, rows, row_weights, barred in self._cut(plan, unit):
            tile = self.family.prepare(rows, workspace(stop - start))
            yield start, stop, tile, row_weights, barred

    def _cut(self, plan: Plan, unit: int) -> Iterator[Tile]:
        first, last = plan.bounds[unit : unit + 2]
        block = self.source.block(first, last)
        for start in range(first, last, plan.tile):
            stop = min(start + plan.tile, last)
            inside = slice(start - first, stop - first)
            row_weights = None if block.weights is None else block.weights[inside]
            barred = None if block.barred is None else block.barred[:, inside]
            yield start, stop, block.rows[inside], row_weights, barred

    def _shared_of_unit(self, unit: int, buffers: TileBuffers) -> Any:
        tiles = self._tiles(self._plan, unit, buffers)
        total = None
        for _, _, tile, row_weights, _ in tiles:
            part = self.family.shared(tile, row_weights)
            total = part if total is None else total + part
        return total

    def _product_of_unit(
        self, plan: Plan, product: Product, unit: int, buffers: TileBuffers
    ) -> StackedStatistics:
        """Return what compiled code finds."""
        stacked = buffers.stacked(product.natural.shape[1])
        totals = np.zeros_like(stacked.found)
        made = product.frame is not None and not self._keeps
        tiles = self._cut(plan, unit) if made else self._tiles(plan, unit, buffers)
        for _, _, tile, row_weights, barred in tiles:
            if product.frame is None or not made:
                stacked.features(tile.features, row_weights, product.natural, barred)
            elif has_strides(tile):
                stacked.cells(tile, product.frame, row_weights, product.natural, barred)
            else:
                prepared = self.family.prepare(tile, buffers.workspace)
                stacked.features(prepared.features, row_weights, product.natural, barred)
            np.add(totals, stacked.found, out=totals)
        sums, squared, values = stacked.parts(totals)
        return StackedStatistics(product.freeze(sums), squared, values[:, 0], values[:, 1])

    def _whole_of_unit(
        self, plan: Plan, whole: Whole, unit: int, buffers: TileBuffers
    ) -> StackedStatistics:
        """Return what an evaluator finds that sweeps tiles by itself."""

        def found(tile: Any, *others: Any) -> StackedStatistics:
            sums, squared, values = whole.sweep(tile, plan.sizes, *others)
            return StackedStatistics(sums, squared, values[:, 0], values[:, 1])

        return reduce(add, (found(*tile[2:]) for tile in self._tiles(plan, unit, buffers)))

    def _expect_unit(
        self,
        plan: Plan,
        evaluator: Evaluator,
        unit: int,
        buffers: TileBuffers,
    ) -> StackedStatistics:
        totals = evaluator.zeros()
        squared = np.zeros(sum(plan.sizes))
        row_sums = np.zeros((2, len(plan.sizes)))
        for start, stop, tile, row_weights, barred in self._tiles(plan, unit, buffers):
            arrays = buffers.arrays(stop - start)
            shares, row_values = arrays.shares, arrays.row_values
            evaluator.log_density(tile, shares)
            for densities, largest, total in arrays.mixtures:
                if barred is not None:
                    np.copyto(densities, -np.inf, where=barred)
                softmax_in_place(densities, largest, total)
            if row_weights is None:
                row_sums += np.add.reduce(row_values, axis=2, dtype=np.float64)
                squared += np.vecdot(shares, shares)
            else:
                row_sums += row_values @ row_weights
                squared += np.einsum("kn,kn,n->k", shares, shares, row_weights)
                np.multiply(shares, row_weights, out=shares, casting="same_kind")
            evaluator.accumulate(tile, shares, totals)
        largest_sums, log_largest = row_sums
        return StackedStatistics(
            evaluator.sums(totals), squared, largest_sums - log_largest, log_largest
        )

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
                    rows**2 / np.maximum(total.squared[components], 1e-300),
                )
            )
        return found


def _compiled(product: Product | None) -> Product | None:
    """Return a product as compiled code reads it, or None where it is not to sweep it."""
    if product is None or not is_swept(product.natural):
        return None
    natural = np.ascontiguousarray(product.natural)
    frame = product.frame and (
        np.ascontiguousarray(product.frame[0]),
        np.ascontiguousarray(product.frame[1]),
    )
    return replace(product, natural=natural, frame=frame)
