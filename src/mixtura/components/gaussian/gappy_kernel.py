"""Compiled runs over rows of which some cells are missing."""

from ctypes import addressof
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.compiled import CompiledRuns, held_shares
from mixtura.components.gaussian.features import feature_map
from mixtura.components.gaussian.incomplete_sweep import IncompleteMoments, IncompleteSums
from mixtura.components.gaussian.kernel import Key, penalty_of, problem_of
from mixtura.components.gaussian.packed import Packed
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.kernel import Terms
from mixtura.native.gaps import GappyRows, Gaps
from mixtura.native.runs import Problem, address

__all__ = ["GappyKernel"]

Float = NDArray[np.float64]


class GappyPacked(Packed):
    """A mixture of rows with missing cells, and its last sweep."""

    __slots__ = ()

    def moments(self) -> IncompleteMoments:
        """Return the completed moments, with a scatter for each component."""
        plain = super().moments()
        entropy = float(self.numbers.entropy.sum())
        scatter = plain.scatter
        if structure(self._structure.code).features == "linear":
            # C writes one scatter where that of the first component would be.
            scatter = self._apart(scatter[0].copy())
        return IncompleteMoments(plain.effective_rows, plain.means, scatter, False, entropy)

    def _apart(self, pooled: Float) -> Float:
        """Return what C has pooled for each component, of sums about the origin.

        These have lost digits where a component is far from there, but what all add up to, which is
        all that counts, has not.
        """
        sums, n_columns = self.numbers.sums, self._n_columns
        rows = sums[:, n_columns]
        means = sums[:, :n_columns] / rows[:, None]
        features = feature_map(self._structure.features)
        second = features.second(sums[:, n_columns + 1 :], n_columns)
        weighted = rows[:, None] * means
        if second.ndim == 2:
            apart, shares = second - weighted * means, (rows / rows.sum())[:, None]
        else:
            apart = second - weighted[:, :, None] * means[:, None, :]
            shares = (rows / rows.sum())[:, None, None]
        return apart + (pooled - apart.sum(axis=0)) * shares

    def sums(self) -> IncompleteSums:
        """Return the completed sums of the last sweep that was taken."""
        plain = super().sums()
        entropy = self.numbers.entropy
        return IncompleteSums(plain.features, plain.centred, plain.first, plain.second, entropy)


@dataclass(frozen=True, slots=True, eq=False)
class GappyKernel(CompiledRuns):
    """A structure and rows with missing cells; see `mixtura.components.kernel.Kernel`.

    Attributes
    ----------
    structure : the covariance structure, unpooled
    n_features : P
    rows : sorted by pattern
    weights : (n,) float64, or None
    unit : (D,) what columns are measured in when steps are compared
    total_weight : Σ w
    constant : of the log-likelihood, over Σ w
    borrowed_rows : of the scatter that components have on average, where a run starts
    widths : (D,) that missing cells of a start have
    excluded : (K, n) which components rows cannot belong to, or None
    """

    structure: Structure
    n_features: int
    rows: GappyRows
    weights: Float | None
    unit: Float
    total_weight: float
    constant: float
    borrowed_rows: float
    widths: Float
    excluded: NDArray[np.bool_] | None = None
    _problems: dict[Key, tuple[Any, Float | None, Gaps, Problem]] = field(
        default_factory=dict, repr=False
    )

    def excluding(self, excluded: NDArray[np.bool_]) -> Self:
        """Return the same loop over rows that are excluded from components, as in (K, n)."""
        return replace(self, excluded=np.ascontiguousarray(excluded), _problems={})

    @property
    def n_rows(self) -> int:
        """Return n."""
        return len(self.rows.cells)

    def packing(self, n_components: int) -> GappyPacked:
        """Return the workspace of a mixture."""
        return GappyPacked(self.structure, n_components, len(self.unit), self.n_features)

    def problem(self, terms: Terms, far: float) -> Problem | None:
        """Return what C is told, or None for a prior that is no pseudo-rows."""
        key = id(terms.prior), terms.weighing, self.n_features, far
        if key not in self._problems:
            penalty = penalty_of(terms.prior)
            if penalty is None:
                return None
            gaps = self.rows.told(self.n_features, self.weights, self.excluded)
            held = held_shares(terms.weighing)
            concentration = terms.weighing.concentration
            problem = problem_of(self, gaps.tile.rows, penalty, concentration, held, far)
            problem.gaps, problem.widths = addressof(gaps), address(self.widths)
            # What C reads is kept, and the prior, or another might be given its identity.
            self._problems[key] = terms.prior, held, gaps, problem
        return self._problems[key][3]
