"""Compiled runs over rows of which some cells are missing."""

from ctypes import addressof
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.compiled import held_shares
from mixtura.components.gaussian.incomplete_sweep import IncompleteMoments, IncompleteSums
from mixtura.components.gaussian.kernel import Key, penalty_of, problem_of
from mixtura.components.gaussian.moves import CompiledMoves
from mixtura.components.gaussian.packed import Packed
from mixtura.components.gaussian.structures import Structure
from mixtura.components.kernel import Terms
from mixtura.native.gaps import GappyRows, Gaps
from mixtura.native.runs import Problem, Rows, address

__all__ = ["GappyKernel"]

Float = NDArray[np.float64]


class GappyPacked(Packed):
    """A mixture of rows with missing cells, and its last sweep."""

    __slots__ = ()

    def moments(self) -> IncompleteMoments:
        """Return the completed moments, with a scatter for each component."""
        plain = super().moments()
        entropy = float(self.numbers.entropy.sum())
        return IncompleteMoments(plain.effective_rows, plain.means, plain.scatter, False, entropy)

    def sums(self) -> IncompleteSums:
        """Return the completed sums of the last sweep that was taken."""
        plain = super().sums()
        entropy = self.numbers.entropy
        return IncompleteSums(plain.features, plain.centred, plain.first, plain.second, entropy)


@dataclass(frozen=True, slots=True, eq=False)
class GappyKernel(CompiledMoves):
    """A structure and rows with missing cells; see `mixtura.components.kernel.Kernel`.

    Attributes
    ----------
    structure : the covariance structure, unpooled
    n_features : P
    rows : sorted by pattern
    products : [x, 1, x_i x_j] (Q, n) float64, missing cells at their columns' means
    weights : (n,) float64, or None
    unit : (D,) what columns are measured in when steps are compared
    spread : (D,) what they are measured in when points are
    total_weight : Σ w
    constant : of the log-likelihood, over Σ w
    fewest_rows, least_rows, factor_of_all : see `CompiledMoves`
    borrowed_rows : of the scatter that components have on average, where a run starts
    widths : (D,) that missing cells of a start have
    excluded : (K, n) which components rows cannot belong to, or None
    even : (D,) the log density of a cell of noise as the last component, beside the constant; None:
        there is none
    """

    structure: Structure
    n_features: int
    rows: GappyRows
    products: Float
    weights: Float | None
    unit: Float
    spread: Float
    total_weight: float
    constant: float
    fewest_rows: float
    least_rows: float
    borrowed_rows: float
    factor_of_all: Float
    widths: Float
    excluded: NDArray[np.bool_] | None = None
    even: Float | None = None
    _problems: dict[Key, tuple[Any, Float | None, Gaps, Problem]] = field(
        default_factory=dict, repr=False
    )

    def with_noise(self, cells: Float) -> Self:
        """Return the same with noise of that log density (D,)."""
        return replace(self, even=np.ascontiguousarray(cells), _problems={})

    def excluding(self, excluded: NDArray[np.bool_]) -> Self:
        """Return the same loop over rows that are excluded from components, as in (K, n)."""
        return replace(self, excluded=np.ascontiguousarray(excluded), _problems={})

    @property
    def n_rows(self) -> int:
        """Return n."""
        return len(self.rows.cells)

    def packing(self, n_components: int) -> GappyPacked:
        """Return the workspace of a mixture."""
        sizes = self.structure, n_components, len(self.unit), self.n_features
        return GappyPacked(*sizes, n_noise=int(self.even is not None))

    @property
    def splits_and_merges(self) -> bool:
        """Return whether all components are alike: noise and known ones are not exchanged."""
        return self.even is None and self.excluded is None

    def problem_with(self, terms: Terms, n_features: int, far: float) -> Problem | None:
        """Return what C is told, or None for a prior that is no pseudo-rows.

        Features are made of cells and of how many there are of these, whatever points have.
        """
        key = id(terms.prior), terms.weighing, self.n_features, far
        if key not in self._problems:
            penalty = penalty_of(terms.prior)
            if penalty is None:
                return None
            gaps = self.rows.told(self.n_features, self.weights, self.excluded, even=self.even)
            held = held_shares(terms.weighing)
            concentration = terms.weighing.concentration
            problem = problem_of(self, self._points(gaps), penalty, concentration, held, far)
            problem.gaps, problem.widths = addressof(gaps), address(self.widths)
            if self.even is not None:
                problem.has_noise, problem.log_noise = 1, float(self.even.sum())
            # What C reads is kept, and the prior, or another might be given its identity.
            self._problems[key] = terms.prior, held, gaps, problem
        return self._problems[key][3]

    def _points(self, gaps: Gaps) -> Rows:
        """Return what C is told of rows as points."""
        rows, products = gaps.tile.rows, self.products
        stride = products.strides[0] // products.itemsize
        points = Rows(address(products), rows.weights, rows.n_rows, stride, len(products))
        points.excluded, points.excluded_stride = rows.excluded, rows.excluded_stride
        return points
