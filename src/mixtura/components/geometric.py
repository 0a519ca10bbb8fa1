"""Geometric components: rows of independent counts of failures before a success."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.simplex import SMALLEST, floored_log
from mixtura.components.stacked import Stacked
from mixtura.kinds import COUNT

__all__ = ["GeometricFamily", "SuccessProbabilities"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SuccessProbabilities(Stacked):
    """The probability p of a success at each trial (K, D)."""

    probabilities: Float


@final
@dataclass(frozen=True)
class GeometricFamily(ColumnwiseFamily):
    """K products of geometric distributions: log f_k(x) = Σ_j log p_kj + x_j log (1 - p_kj).

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`.
    """

    name: ClassVar[str] = "geometric"
    plural: ClassVar[str] = "geometric distributions"
    about: ClassVar[str] = """Mixture of independent geometric columns, for counts from 0 up.

    A count is how often something failed before it succeeded, or how many steps a thing lasts that
    ends at each with the same probability; its variance is m + m² for a mean of m.
    """
    kind = COUNT
    values = SuccessProbabilities
    adds_feature = False
    numbers = (Number("probabilities", "Probabilities of an end at each step", 1.0),)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write x."""
        features[:] = cells.T

    def log_base_cells(self, cells: Float) -> Float:
        """Return zeros."""
        return np.zeros_like(cells)

    def terms(self, parameters: SuccessProbabilities) -> tuple[Float, Float]:
        """Return log p and log (1 - p)."""
        ends = parameters.probabilities
        return floored_log(ends), np.log1p(-ends, where=ends < 1, out=floored_log(1.0 - ends))

    def estimate_cells(
        self, rows: Float, sums: Float, previous: SuccessProbabilities | None
    ) -> SuccessProbabilities:
        """Return p_kj = N_kj / (N_kj + Σ r x_j)."""
        kept = np.full(sums.shape, 0.5) if previous is None else previous.probabilities.copy()
        np.divide(rows, rows + sums, out=kept, where=rows > SMALLEST)
        return SuccessProbabilities(kept)

    def points(self, cells: Any) -> Any:
        """Return log (1 + x): the deviation of a count is about as large as its mean."""
        return cells.log1p() if issparse(cells) else np.log1p(cells)

    def draw(self, own: SuccessProbabilities, rng: np.random.Generator) -> Float:
        """Return counts of failures (n, D)."""
        return rng.geometric(np.maximum(own.probabilities, SMALLEST)).astype(np.float64) - 1.0

    def mean_and_variance(self, parameters: SuccessProbabilities) -> tuple[Float, Float]:
        """Return (1 - p) / p and (1 - p) / p²."""
        ends = parameters.probabilities
        return (1.0 - ends) / ends, (1.0 - ends) / ends**2

    def slopes(self, parameters: SuccessProbabilities) -> Sequence[Float]:
        """Return 1 / p of a row and -1 / (1 - p) of a failure."""
        ends = parameters.probabilities
        return [self.by_column(1.0 / ends, -1.0 / (1.0 - ends))]

    def curvatures(self, parameters: SuccessProbabilities) -> Sequence[Sequence[Float]]:
        """Return -1 / p² of a row and -1 / (1 - p)² of a failure."""
        ends = parameters.probabilities
        return [[self.by_column(-1.0 / ends**2, -1.0 / (1.0 - ends) ** 2)]]

    def support(self, parameters: SuccessProbabilities, effective_rows: Float) -> Sequence[Float]:
        """Return the successes or the failures expected, whichever are fewer."""
        rows = effective_rows[:, None]
        return [np.minimum(rows, rows * self.column_moments(parameters)[0])]
