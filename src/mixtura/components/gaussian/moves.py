"""Compiled moves of Gaussian components: split, merged, tried by mixtures of one more or less.

What splits begin with are distances of points in all columns. Complete rows are their own points;
of a row with missing cells these are at their columns' means.
"""

from abc import abstractmethod
from collections.abc import Sequence
from ctypes import addressof, byref
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.compiled import TRIES, CompiledRuns, Packing
from mixtura.components.gaussian.structures import Structure
from mixtura.components.kernel import (
    STEPS,
    Above,
    Children,
    Mixed,
    SplitAndMerged,
    Terms,
)
from mixtura.native import kernels
from mixtura.native.runs import Ground, Problem, State, address
from mixtura.native.updates import MOST_COMPONENTS

__all__ = ["CompiledMoves"]

Float = NDArray[np.float64]


# Structures whose common axes are searched for, plane by plane, and the most columns in which that
# takes no longer than sweeps of a few hundred rows.
SEARCHED, MOST_SEARCHED = ("EVE", "VVE"), 10


class MovedPacking(Packing, Protocol):
    """A mixture that is read as soon as it is there."""

    def mixed(self) -> Mixed:
        """Return the mixture."""
        ...


class CompiledMoves(CompiledRuns):
    """Compiled runs of Gaussian components, and moves between them.

    Attributes
    ----------
    structure : the covariance structure
    n_features : P, how many features runs need
    products : [x, 1, x_i x_j] (Q, n) float64 of the points in the family's frame
    spread : (D,) what columns are measured in when points are
    fewest_rows : that a component needs to be moved to
    least_rows : up to which rows say nothing of how wide a component is
    factor_of_all : of the precision of all rows, as the structure stores factors
    """

    __slots__ = ()

    structure: Structure
    n_features: int
    products: Float
    spread: Float
    fewest_rows: float
    least_rows: float
    factor_of_all: Float

    def crosses(self, terms: Terms) -> bool:
        """Return whether components are alike, and no M-step takes longer than many sweeps."""
        searched = self.structure.code in SEARCHED and len(self.spread) > MOST_SEARCHED
        compiled = self.problem(terms, TRIES) is not None
        return self.splits_and_merges and compiled and not searched

    @abstractmethod
    def packing(self, n_components: int) -> MovedPacking:
        """Return the workspace of a mixture."""

    @abstractmethod
    def problem_with(self, terms: Terms, n_features: int, far: float) -> Problem | None:
        """Return what C is told of so many features, or None for a prior that is no pseudo-rows."""

    def problem(self, terms: Terms, far: float) -> Problem | None:
        """Return what C is told, or None for a prior that is no pseudo-rows."""
        return self.problem_with(terms, self.n_features, far)

    def split(
        self, whole: Self, log_weights: Float, parameters: Any, terms: Terms
    ) -> Children | None:
        """Return what splitting each component gains, or None where it takes more care."""
        library, width, n_components = kernels(), len(self.products), len(log_weights)
        part, every = (kernel.problem_with(terms, width, TRIES) for kernel in (self, whole))
        most = 4 * n_components
        if part is None or every is None or most > MOST_COMPONENTS or not self.splits_and_merges:
            return None
        work = self.packing(n_components).filled(log_weights, parameters)
        gains = np.empty(n_components)
        responsibilities, second = np.empty((2, n_components, whole.n_rows))
        told = byref(part), byref(every)
        workspace = np.empty(library.mx_split_workspace(*told, n_components))
        hard = library.mx_split_components(
            *told,
            address(self.spread),
            self.fewest_rows,
            STEPS,
            byref(work.state()),
            *map(address, (gains, responsibilities, second, workspace)),
        )
        return None if hard else Children(gains, responsibilities, second)

    def split_and_merged(
        self, part: Self, models: Sequence[Mixed], terms: Terms, sweeps: int
    ) -> SplitAndMerged | None:
        """Return where merging and splitting lead; see `Kernel`."""
        library, n_components = kernels(), len(models[0][0])
        ground = self._ground(part, terms, sweeps)
        if ground is None or not self.splits_and_merges or 4 * n_components > MOST_COMPONENTS:
            return None
        works = [self.packing(n_components).filled(*model) for model in models]
        states = (State * len(models))(*(work.state() for work in works))
        best = self.packing(n_components)
        lost = np.empty(len(models), dtype=np.int64)
        workspace = np.empty(library.mx_moves_workspace(byref(ground), n_components))
        moved = library.mx_split_and_merge(
            byref(ground),
            len(models),
            states,
            address(lost),
            byref(best.state()),
            address(workspace),
        )
        if moved < 0:
            return None
        return SplitAndMerged(moved, best.mixed(), tuple(lost.astype(bool).tolist()))

    def neighbour(
        self,
        part: Self,
        model: Mixed,
        n_components: int,
        above: Above,
        terms: Terms,
        sweeps: int,
    ) -> Mixed | None:
        """Return where a mixture of one component more or less leads; see `Kernel`."""
        library, most = kernels(), max(len(model[0]), n_components)
        ground = self._ground(part, terms, sweeps)
        if ground is None or not self.splits_and_merges or 4 * most > MOST_COMPONENTS:
            return None
        work, best = self.packing(len(model[0])).filled(*model), self.packing(n_components)
        workspace = np.empty(library.mx_moves_workspace(byref(ground), most))
        found = library.mx_neighbour(
            byref(ground),
            byref(work.state()),
            above.objective,
            above.smallest,
            byref(best.state()),
            address(workspace),
        )
        return best.mixed() if found else None

    def _ground(self, part: Self, terms: Terms, sweeps: int) -> Ground | None:
        features = self.n_features
        sample, few = (kernel.problem_with(terms, features, TRIES) for kernel in (self, part))
        if sample is None or few is None:
            return None
        return Ground(
            addressof(sample),
            addressof(few),
            len(self.products),
            address(self.spread),
            self.fewest_rows,
            self.least_rows,
            address(self.factor_of_all),
            sweeps,
        )
