"""The only hot code: what a worker makes of one unit of rows, whoever and wherever it is.

A unit of rows is cut into tiles small enough that features (P, n) and log densities (K, n) stay
in the second-level cache. Rows run along the contiguous axis: at D=10, K=20 the other order is
three to five times slower. A tile costs two matrix products and one softmax, all into buffers
that a worker has as long as there is the plan; a unit allocates its (K, P) totals and nothing else.
Where an evaluator is nothing but products, compiled code does all three, of cells, level codes and
sparse rows as they are. Tasks are values that can be sent, and the only code that touches rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse, vstack

from mixtura.arrays import log_sum_exp
from mixtura.components.family import Evaluator, Product, Whole
from mixtura.em.model import Model
from mixtura.em.plan import Plan, TileBuffers, TiledUnit
from mixtura.em.softmax import softmax_in_place
from mixtura.em.statistics import StackedStatistics
from mixtura.mixture import Mixture
from mixtura.native.parts import Told
from mixtura.native.sweeps import is_swept

__all__ = [
    "DensityTask",
    "GivenTask",
    "LabelsTask",
    "ResponsibilitiesTask",
    "SharedTask",
    "SweepTask",
]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SharedTask:
    """Makes the sums of a unit that involve no component."""

    plan: Plan

    def __call__(self, unit: TiledUnit) -> Any:
        """Return the family's `Sums`."""
        family = self.plan.family
        tiles = unit.prepared(family, self.plan.buffers())
        return reduce(add, (family.shared(tile, row_weights) for _, tile, row_weights, _ in tiles))


@dataclass(frozen=True, eq=False)
class SweepTask:
    """Makes the statistics of mixtures from a unit.

    Attributes
    ----------
    plan : for mixtures of these sizes
    stack : the mixtures, side by side
    centres : parameters that sums are taken about, or None for the family's choice
    power : of the densities and weights, for families that have such
    """

    plan: Plan
    stack: Model
    centres: Any = None
    power: float = 1.0
    evaluator: Evaluator = field(init=False, repr=False)
    product: Product | Whole | None = field(init=False, repr=False)
    told: Told | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        mixed = self.stack.log_weights, self.stack.parameters
        if self.power == 1.0:
            evaluator = self.plan.family.bind(*mixed)
        else:
            tempering: Any = self.plan.family
            evaluator = tempering.tempered(*mixed, self.power)
        if self.centres is not None:
            evaluator.centre_on(self.centres)
        object.__setattr__(self, "evaluator", evaluator)
        product = evaluator.product()
        object.__setattr__(self, "product", product)
        told = None
        if isinstance(product, Product) and is_swept(product.parts):
            told = Told(product.parts)
        object.__setattr__(self, "told", told)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the evaluator behind, which whoever gets the task binds again."""
        return SweepTask, (self.plan, self.stack, self.centres, self.power)

    def __call__(self, unit: TiledUnit) -> StackedStatistics:
        """Return the statistics of all mixtures."""
        buffers = self.plan.buffers()
        if isinstance(self.product, Whole):
            return self._by_itself(self.product, unit, buffers)
        if self.product is not None and self.told is not None:
            return self._by_product(self.product, self.told, unit, buffers)
        return self._by_evaluator(unit, buffers)

    def _by_itself(self, whole: Whole, unit: TiledUnit, buffers: TileBuffers) -> StackedStatistics:
        """Return what an evaluator finds that sweeps tiles by itself."""

        def found(tile: Any, *others: Any) -> StackedStatistics:
            sums, squared, values = whole.sweep(tile, self.plan.sizes, *others)
            return StackedStatistics(sums, squared, values[:, 0], values[:, 1])

        tiles = unit.prepared(self.plan.family, buffers)
        return reduce(add, (found(*tile) for _, *tile in tiles))

    def _by_product(
        self, product: Product, told: Told, unit: TiledUnit, buffers: TileBuffers
    ) -> StackedStatistics:
        """Return what compiled code finds."""
        stacked = buffers.stacked()
        stacked.begin(told)
        for _, tile, row_weights, excluded in unit.prepared(self.plan.family, buffers):
            stacked.add(tile, row_weights, excluded)
        sums, squared, values = stacked.ended()
        return StackedStatistics(product.freeze(sums), squared, values[:, 0], values[:, 1])

    def _by_evaluator(self, unit: TiledUnit, buffers: TileBuffers) -> StackedStatistics:
        evaluator, sizes = self.evaluator, self.plan.sizes
        totals = evaluator.zeros()
        squared = np.zeros(sum(sizes))
        row_sums = np.zeros((2, len(sizes)))
        for inside, tile, row_weights, excluded in unit.prepared(self.plan.family, buffers):
            arrays = buffers.arrays(inside.stop - inside.start)
            responsibilities, row_values = arrays.responsibilities, arrays.row_values
            evaluator.log_density(tile, responsibilities)
            for densities, largest, total in arrays.mixtures:
                if excluded is not None:
                    np.copyto(densities, -np.inf, where=excluded)
                softmax_in_place(densities, largest, total)
            if row_weights is None:
                row_sums += np.add.reduce(row_values, axis=2)
                squared += np.vecdot(responsibilities, responsibilities)
            else:
                row_sums += row_values @ row_weights
                squared += np.einsum("kn,kn,n->k", responsibilities, responsibilities, row_weights)
                np.multiply(responsibilities, row_weights, out=responsibilities)
            evaluator.accumulate(tile, responsibilities, totals)
        largest_sums, log_largest = row_sums
        return StackedStatistics(
            evaluator.sums(totals), squared, largest_sums - log_largest, log_largest
        )


@dataclass(frozen=True, slots=True)
class GivenTask:
    """Makes the family's sums from a unit and the responsibilities or labels of its rows.

    Attributes
    ----------
    softness : what part of every row all components have alike, where labels are given
    parameters : by which missing cells are completed; None where there are none yet
    """

    plan: Plan
    centres: Any = None
    softness: float = 0.0
    parameters: Any = None

    def __call__(self, given: tuple[TiledUnit, Any]) -> Any:
        """Return the family's `Sums` of responsibilities (n, K), dense or CSR, or labels (n,)."""
        unit, source = given
        family = self.plan.family
        n_components = sum(self.plan.sizes)
        if self.parameters is None:
            evaluator = family.unbound(n_components)
        else:
            evaluator = family.bind(np.zeros(n_components), self.parameters)
        if self.centres is not None:
            evaluator.centre_on(self.centres)
        totals = evaluator.zeros()
        for inside, tile, row_weights, _ in unit.prepared(family, self.plan.buffers()):
            responsibilities = self._responsibilities(source[inside])
            if row_weights is not None:
                np.multiply(responsibilities, row_weights, out=responsibilities)
            evaluator.accumulate(tile, responsibilities, totals)
        return evaluator.sums(totals)

    def _responsibilities(self, source: Any) -> Float:
        """Return responsibilities (K, n)."""
        if issparse(source):
            return source.T.toarray(order="C")
        if source.ndim == 2:
            return np.array(source.T, np.float64, order="C")
        n_components = sum(self.plan.sizes)
        responsibilities = np.full((n_components, len(source)), self.softness / n_components)
        responsibilities[source, np.arange(len(source))] += 1.0 - self.softness
        return responsibilities


@dataclass(frozen=True, slots=True)
class ResponsibilitiesTask:
    """Finds the responsibilities of a mixture for the rows of a unit, but for small ones.

    Attributes
    ----------
    plan : for a mixture of this size
    model : the mixture
    least : responsibilities that are left out are smaller
    """

    plan: Plan
    model: Model
    least: float

    def __call__(self, unit: TiledUnit) -> csr_array:
        """Return responsibilities (n, K)."""
        parts = []
        for densities, excluded in _densities(self.plan, self.model, unit):
            if excluded is not None:
                np.copyto(densities, -np.inf, where=excluded)
            softmax_in_place(densities[None], *np.empty((2, 1, densities.shape[1])))
            np.copyto(densities, 0.0, where=densities < self.least)
            parts.append(csr_array(densities.T))
        return csr_array(vstack(parts))


@dataclass(frozen=True, slots=True)
class LabelsTask:
    """Finds which component each row of a unit belongs to, some left out."""

    plan: Plan
    model: Model
    without: NDArray[np.bool_]

    def __call__(self, unit: TiledUnit) -> NDArray[np.intp]:
        """Return labels (n,)."""
        parts = []
        for densities, _ in _densities(self.plan, self.model, unit):
            densities[self.without] = -np.inf
            parts.append(densities.argmax(axis=0))
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class DensityTask:
    """Adds up the log densities of a unit's rows under a mixture in the user's units.

    Attributes
    ----------
    mixture : reads rows as they are
    """

    mixture: Mixture

    def __call__(self, unit: TiledUnit) -> float:
        """Return Σ w log Σ_k π_k f_k over the components that a row is not excluded from."""
        total = 0.0
        for _, rows, row_weights, excluded in unit.cut():
            joint = self.mixture.component_log_density(rows) + np.log(self.mixture.weights)
            if excluded is not None:
                joint[excluded.T] = -np.inf
            density = log_sum_exp(joint)
            total += float(density.sum() if row_weights is None else row_weights @ density)
        return total


def _densities(
    plan: Plan, model: Model, unit: TiledUnit
) -> Iterator[tuple[Float, NDArray[np.bool_] | None]]:
    """Yield log densities (K, n) of tiles, with weights, and which rows are excluded from which."""
    buffers = plan.buffers()
    evaluator = plan.family.bind(model.log_weights, model.parameters)
    for inside, tile, _, excluded in unit.prepared(plan.family, buffers):
        densities = buffers.arrays(inside.stop - inside.start).responsibilities
        evaluator.log_density(tile, densities)
        yield densities, excluded
