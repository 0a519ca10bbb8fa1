"""The only hot code: one pass over the rows for any number of mixtures.

A unit of rows is cut into tiles small enough that features (P, n) and log densities (K, n) stay
in the second-level cache. Rows run along the contiguous axis: at D=10, K=20 the other order is
three to five times slower. A tile costs two matrix products and one softmax, all into buffers
that live as long as the sweep; a unit allocates its (K, P) totals and nothing else. The sizes
depend on the problem alone, so the sum has the same bits for any number of threads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Evaluator, Family
from mixtura.data import RowSource
from mixtura.em.model import Model
from mixtura.em.softmax import runs_of_equal_size, softmax_in_place
from mixtura.em.statistics import StackedStatistics, Statistics
from mixtura.engines import Engine

__all__ = ["Sweep"]

Float = NDArray[np.float64]

TILE_BYTES = 4 << 20
SMALLEST_TILE, LARGEST_TILE = 128, 16384
SMALLEST_UNIT = 2048
# Rows fewer than this are not worth waking a second thread for.
SERIAL_ROWS = 4096


def tile_rows(n_features: int, n_components: int, itemsize: int) -> int:
    """Return the power of two of rows whose features and densities fill about `TILE_BYTES`."""
    rows = TILE_BYTES / ((n_features + n_components) * itemsize)
    return int(np.clip(2 ** round(np.log2(rows)), SMALLEST_TILE, LARGEST_TILE))


def unit_bounds(n_rows: int, tile: int) -> list[int]:
    """Return where units begin, and N: a tile each, but smaller towards the end.

    Workers take units as they come; small last ones let them finish together.
    """
    if n_rows <= SERIAL_ROWS:
        return [0, n_rows]
    bounds = [0]
    largest = max(tile, SMALLEST_UNIT)
    while (left := n_rows - bounds[-1]) > 0:
        wanted = left // 8 // SMALLEST_UNIT * SMALLEST_UNIT
        bounds.append(bounds[-1] + min(left, largest, max(wanted, SMALLEST_UNIT)))
    return bounds


class TileBuffers:
    """Scratch space of one worker for one plan."""

    def __init__(self, family: Family, n_rows: int, n_components: int, n_mixtures: int) -> None:
        self.workspace = family.workspace(n_rows)
        self._densities = np.empty(n_components * n_rows, family.dtype)
        self._rows = np.empty(2 * n_mixtures * n_rows, family.dtype)
        self._shape = (n_components, n_mixtures)

    def densities(self, n_rows: int) -> NDArray[Any]:
        """Return (ΣK, n), contiguous for any n."""
        n_components = self._shape[0]
        return self._densities[: n_components * n_rows].reshape(n_components, n_rows)

    def row_values(self, n_rows: int) -> NDArray[Any]:
        """Return an array (2, M, n)."""
        n_mixtures = self._shape[1]
        return self._rows[: 2 * n_mixtures * n_rows].reshape(2, n_mixtures, n_rows)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows are cut for mixtures of the given sizes."""

    sizes: list[int]
    tile: int
    bounds: list[int]
    spare: SimpleQueue[TileBuffers]

    @classmethod
    def of(cls, family: Family, source: RowSource, sizes: list[int]) -> "Plan":
        """Return the plan for a family, a source and the numbers of components."""
        tile = tile_rows(family.n_features(), sum(sizes), family.dtype.itemsize)
        bounds = unit_bounds(source.n_rows, tile)
        return cls(sizes, min(tile, source.n_rows), bounds, SimpleQueue())


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
        self._plan = Plan.of(family, source, [1])
        self.shared = self._fold(self._plan, self._shared_of_unit)

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return self.source.total_weight

    def __call__(self, models: Sequence[Model]) -> list[Statistics]:
        """Return the statistics of each mixture, from one pass over the rows."""
        plan = self._plan_for([model.n_components for model in models])
        stack = Model.stack(models)
        evaluator = self.family.bind(stack.log_weights, stack.parameters)
        runs = runs_of_equal_size(plan.sizes)
        total = self._fold(
            plan, lambda unit, buffers: self._expect_unit(plan, evaluator, runs, unit, buffers)
        )
        return self._split(models, total)

    def from_responsibilities(
        self,
        responsibilities: Callable[[int, int], NDArray[Any]],
        n_components: int,
        parameters: Any = None,
    ) -> Any:
        """Return the moments under given responsibilities.

        Parameters
        ----------
        responsibilities : maps a range of rows to an array (n, K)
        parameters : if given, their means are what far components are centred on
        """
        plan = self._plan_for([n_components])
        evaluator = (
            self.family.unbound(n_components)
            if parameters is None
            else self.family.bind(np.zeros(n_components), parameters)
        )

        def accumulate(unit: int, buffers: TileBuffers) -> Any:
            totals = evaluator.zeros()
            for start, stop, tile, row_weights in self._tiles(plan, unit, buffers):
                shares = np.array(responsibilities(start, stop).T, self.family.dtype, order="C")
                if row_weights is not None:
                    np.multiply(shares, row_weights, out=shares, casting="same_kind")
                evaluator.accumulate(tile, shares, totals)
            return evaluator.sums(totals)

        return self.family.moments(self._fold(plan, accumulate), parameters, self.shared)

    def _plan_for(self, sizes: list[int]) -> Plan:
        if self._plan.sizes != sizes:
            self._plan = Plan.of(self.family, self.source, sizes)
        return self._plan

    def _fold(self, plan: Plan, function: Callable[[int, TileBuffers], Any]) -> Any:
        def with_buffers(unit: int) -> Any:
            try:
                buffers = plan.spare.get_nowait()
            except Empty:
                buffers = TileBuffers(self.family, plan.tile, sum(plan.sizes), len(plan.sizes))
            try:
                return function(unit, buffers)
            finally:
                plan.spare.put(buffers)

        return self.engine.fold(with_buffers, len(plan.bounds) - 1)

    def _tiles(self, plan: Plan, unit: int, buffers: TileBuffers) -> Any:
        first, last = plan.bounds[unit : unit + 2]
        block = self.source.block(first, last)
        for start in range(first, last, plan.tile):
            stop = min(start + plan.tile, last)
            inside = slice(start - first, stop - first)
            row_weights = None if block.weights is None else block.weights[inside]
            tile = self.family.prepare(block.rows[inside], buffers.workspace)
            yield start, stop, tile, row_weights

    def _shared_of_unit(self, unit: int, buffers: TileBuffers) -> Any:
        tiles = self._tiles(self._plan, unit, buffers)
        total = None
        for _, _, tile, row_weights in tiles:
            part = self.family.shared(tile, row_weights)
            total = part if total is None else total + part
        return total

    def _expect_unit(
        self,
        plan: Plan,
        evaluator: Evaluator,
        runs: list[tuple[int, int, int]],
        unit: int,
        buffers: TileBuffers,
    ) -> StackedStatistics:
        totals = evaluator.zeros()
        squared = np.zeros(sum(plan.sizes))
        row_sums = np.zeros((2, len(plan.sizes)))
        for start, stop, tile, row_weights in self._tiles(plan, unit, buffers):
            n_rows = stop - start
            shares = buffers.densities(n_rows)
            row_values = buffers.row_values(n_rows)
            evaluator.log_density(tile, shares)
            mixture = 0
            for first, many, size in runs:
                softmax_in_place(
                    shares[first : first + many * size].reshape(many, size, n_rows),
                    *row_values[:, mixture : mixture + many],
                )
                mixture += many
            if row_weights is None:
                row_sums += np.add.reduce(row_values, axis=2, dtype=np.float64)
                squared += np.vecdot(shares, shares)
            else:
                row_sums += row_values @ row_weights
                squared += np.einsum("kn,kn,n->k", shares, shares, row_weights)
                np.multiply(shares, row_weights, out=shares, casting="same_kind")
            evaluator.accumulate(tile, shares, totals)
        largest, log_largest = row_sums
        return StackedStatistics(
            evaluator.sums(totals), squared, largest - log_largest, log_largest
        )

    def _split(self, models: Sequence[Model], total: StackedStatistics) -> list[Statistics]:
        found = []
        start = 0
        for position, model in enumerate(models):
            components = slice(start, start + model.n_components)
            start += model.n_components
            sums = total.sums.take(components)
            moments = self.family.moments(sums, model.parameters, self.shared)
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
