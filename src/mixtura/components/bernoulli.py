"""Bernoulli components: rows of independent yes-or-no columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.deviations import Deviations, weighed
from mixtura.components.evidence import Cells
from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.simplex import SMALLEST, floored_log
from mixtura.components.stacked import Probabilities
from mixtura.kinds import BINARY

__all__ = ["BernoulliFamily"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True)
class BernoulliFamily(ColumnwiseFamily):
    """K products of Bernoullis: log f_k(x) = Σ_j x_j log p_kj + (1 - x_j) log (1 - p_kj).

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`.
    """

    name: ClassVar[str] = "bernoulli"
    plural: ClassVar[str] = "Bernoullis"
    about: ClassVar[
        str
    ] = """Mixture of independent yes-or-no columns: 0, 1, True, False, and NaN for a missing cell.

    A missing cell is left out of its row's likelihood.
    """
    kind = BINARY
    values = Probabilities
    numbers = (Number("probabilities", "Probability of 1", 1.0),)
    adds_feature = False
    even_words = "yes and no equally probable"

    def segments(self) -> Segments:
        """Return chances."""
        return Segments(((SegmentKind.CHANCES, self.columns, self.n_opening),), Probabilities)

    def even(self) -> Probabilities:
        """Return one half for each column."""
        return Probabilities(np.full((1, self.columns), 0.5))

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write x."""
        features[:] = cells.T

    def log_base_cells(self, cells: Float) -> Float:
        """Return zeros."""
        return np.zeros_like(cells)

    def terms(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return log (1 - p) and log p - log (1 - p)."""
        no = floored_log(1.0 - parameters.probabilities)
        return no, parameters.logs - no

    def estimate_cells(
        self, rows: Float, sums: Float, previous: Probabilities | None
    ) -> Probabilities:
        """Return p_kj = Σ r x_j / Σ r over the rows in which x_j is known."""
        kept = np.full(sums.shape, 0.5) if previous is None else previous.probabilities.copy()
        np.divide(sums, rows, out=kept, where=rows > SMALLEST)
        return Probabilities(np.clip(kept, 0.0, 1.0))

    def level_probabilities(self, parameters: Probabilities) -> Float:
        """Return the probabilities (K, 2 D) of 0 and 1, column by column."""
        ones = parameters.probabilities
        return np.stack([1.0 - ones, ones], axis=2).reshape(len(ones), -1)

    def cell_counts(self, features: Float) -> Cells | None:
        """Return how often each column is 0 and 1, or None where cells may be missing."""
        if self.gaps:
            return None
        ones = features[:, 1:]
        both = np.stack([features[:, :1] - ones, ones], axis=2)
        starts = list(range(0, 2 * self.columns, 2))
        return Cells(np.maximum(both, 0.0).reshape(len(ones), -1), starts)

    def pseudo(self, cells: Float, shared: Any) -> Float:
        """Return ones of as many rows as a column has counts."""
        both = cells.reshape(-1, 2)
        return np.concatenate([[both.sum(axis=1).mean()], both[:, 1]])

    def deviations(self, rows: Any, weights: Float | None) -> Deviations | None:
        """Return ones less how often there are ones, or None where cells may be missing."""
        if self.gaps:
            return None
        total = float(rows.shape[0] if weights is None else weights.sum())
        rows, counts = weighed(rows, weights)
        each = np.ones(rows.shape[0]) if weights is None else np.sqrt(weights)
        chances = counts / total
        # The first axes are lengths of rows.
        return Deviations(rows, each, chances, counts * (1.0 - chances), skipped=2)

    def points(self, cells: Any) -> Any:
        """Return the cells as numbers."""
        return cells

    def draw(self, own: Probabilities, rng: np.random.Generator) -> Float:
        """Return zeros and ones (n, D)."""
        return (rng.random(own.probabilities.shape) < own.probabilities).astype(np.float64)

    def mean_and_variance(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return p and p (1 - p)."""
        ones = parameters.probabilities
        return ones, ones * (1.0 - ones)

    def slopes(self, parameters: Probabilities) -> Sequence[Float]:
        """Return x / p - (1 - x) / (1 - p)."""
        yes, no = self._inside(parameters)
        return [self.by_column(-1.0 / no, 1.0 / yes + 1.0 / no)]

    def curvatures(self, parameters: Probabilities) -> Sequence[Sequence[Float]]:
        """Return -x / p² - (1 - x) / (1 - p)²."""
        ones = parameters.probabilities
        yes, no = -1.0 / ones**2, -1.0 / (1.0 - ones) ** 2
        return [[self.by_column(no, yes - no)]]

    def _inside(self, parameters: Probabilities) -> tuple[Float, Float]:
        """Return p and 1 - p, neither 0, as their logarithms have it."""
        ones = parameters.probabilities
        return np.maximum(ones, SMALLEST), np.maximum(1.0 - ones, SMALLEST)

    def support(self, parameters: Probabilities, effective_rows: Float) -> Sequence[Float]:
        """Return the rarer of ones and zeros."""
        ones = parameters.probabilities
        return [effective_rows[:, None] * np.minimum(ones, 1.0 - ones)]
