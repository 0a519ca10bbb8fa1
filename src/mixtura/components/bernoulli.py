"""Bernoulli components: rows of independent yes-or-no columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.components.deviations import Deviations, weighed
from mixtura.components.evidence import Cells
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.joint import SegmentKind, Segments
from mixtura.components.simplex import SMALLEST, as_probabilities, floored_log, narrowed
from mixtura.components.stacked import Probabilities
from mixtura.components.words import component_count, level_table
from mixtura.kinds import BINARY, ColumnKind

__all__ = ["BernoulliFamily"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True)
class BernoulliFamily(ExponentialFamily):
    """K products of Bernoullis: log f_k(x) = Σ_j x_j log p_kj + (1 - x_j) log (1 - p_kj).

    Rows hold 1, 0, and -1 where a cell is missing; a missing cell is left out of the sum.

    Attributes
    ----------
    n_items : D
    missing : whether cells may be missing, for which there are features that say which are not
    sparse : whether the rows to be fitted are CSR, of which no cell is missing
    """

    n_items: int
    missing: bool = False
    sparse: bool = False

    name: ClassVar[str] = "bernoulli"

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.n_items

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return zeros and ones."""
        return (BINARY,) * self.n_items

    def reading(self, rows: Any) -> Self:
        """Return the family for dense or sparse rows, with cells missing or without."""
        missing = self.missing or (not issparse(rows) and bool((rows < 0).any()))
        return replace(self, missing=missing, sparse=issparse(rows))

    def width(self) -> int:
        """Return 1 + D, or 1 + 2 D where cells may be missing."""
        return 1 + self.n_items * (1 + self.missing)

    def swept_sparse(self) -> bool:
        """Return whether the rows to be fitted are CSR."""
        return self.sparse

    def segments(self) -> Segments | None:
        """Return chances, or None where cells may be missing."""
        return (
            None
            if self.missing
            else Segments(((SegmentKind.CHANCES, self.n_items),), Probabilities)
        )

    def fill(self, rows: NDArray[Any], features: Float) -> None:
        """Write [1, x], or [1, x, observed] with x = 0 where it is not."""
        features[1 : 1 + self.n_items] = rows.T
        if self.missing:
            np.maximum(features[1 : 1 + self.n_items], 0.0, out=features[1 : 1 + self.n_items])
            features[1 + self.n_items :] = rows.T >= 0

    def log_base(self, rows: Any) -> Float:
        """Return zeros."""
        return np.zeros(rows.shape[0])

    def natural(self, parameters: Probabilities) -> Float:
        """Return [Σ_j log (1 - p_kj), log p_kj - log (1 - p_kj)], or the sum written out."""
        probabilities = parameters.probabilities
        no = floored_log(1.0 - probabilities)
        odds = parameters.logs - no
        if self.missing:
            return np.hstack([np.zeros((len(no), 1)), odds, no])
        return np.hstack([no.sum(axis=1, keepdims=True), odds])

    def estimate(self, features: Float, previous: Probabilities | None) -> Probabilities:
        """Return p_kj = Σ r x_j / Σ r over the rows in which x_j is known."""
        counts = features[:, 1 : 1 + self.n_items]
        rows = features[:, 1 + self.n_items :] if self.missing else features[:, :1]
        rows = np.broadcast_to(rows, counts.shape)
        kept = np.full(counts.shape, 0.5) if previous is None else previous.probabilities.copy()
        np.divide(counts, rows, out=kept, where=rows > SMALLEST)
        return Probabilities(np.clip(kept, 0.0, 1.0))

    def level_probabilities(self, parameters: Probabilities) -> Float:
        """Return the probabilities (K, 2 D) of 0 and 1, column by column."""
        ones = parameters.probabilities
        return np.stack([1.0 - ones, ones], axis=2).reshape(len(ones), -1)

    def cells_of(self, features: Float) -> Cells | None:
        """Return how often each column is 0 and 1, or None where cells may be missing."""
        if self.missing:
            return None
        ones = features[:, 1:]
        both = np.stack([features[:, :1] - ones, ones], axis=2)
        return Cells(
            np.maximum(both, 0.0).reshape(len(ones), -1), list(range(0, 2 * self.n_items, 2))
        )

    def pseudo(self, cells: Float, shared: Any) -> Float:
        """Return ones of as many rows as a column has counts."""
        both = cells.reshape(-1, 2)
        return np.concatenate([[both.sum(axis=1).mean()], both[:, 1]])

    def n_free(self, n_components: int) -> int:
        """Return K D."""
        return n_components * self.n_items

    def deviations(self, rows: Any, weights: Float | None) -> Deviations | None:
        """Return ones less how often there are ones, or None where cells may be missing."""
        if self.missing:
            return None
        total = float(rows.shape[0] if weights is None else weights.sum())
        rows, counts = weighed(rows, weights)
        each = np.ones(rows.shape[0]) if weights is None else np.sqrt(weights)
        chances = counts / total
        # The first axes are lengths of rows.
        return Deviations(rows, each, chances, counts * (1.0 - chances), skipped=2)

    def embed(self, rows: Any) -> Float:
        """Return the cells as numbers, a missing one in the middle."""
        return narrowed(rows if issparse(rows) else np.where(rows < 0, 0.5, rows))

    def sample(
        self, parameters: Probabilities, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row of zeros and ones (D,) per label."""
        uniform = rng.random((len(labels), self.n_items))
        return (uniform < parameters.probabilities[labels]).astype(np.float64)

    def title(self, n_components: int) -> str:
        """Return "Mixture of Bernoullis, 3 components"."""
        return f"Mixture of Bernoullis, {component_count(n_components)}"

    def tables(self, parameters: Probabilities, columns: Sequence[str]) -> list[str]:
        """Return the probabilities of a one as a text table."""
        return [level_table("Probability of 1 by component", columns, parameters.probabilities)]

    def describe(self, parameters: Probabilities, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return columns and probabilities."""
        return {"columns": list(columns), "probabilities": parameters.probabilities.tolist()}

    def to_arrays(
        self, parameters: Probabilities
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        return {"probabilities": parameters.probabilities}, {
            "family": self.name,
            "missing": self.missing,
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["BernoulliFamily", Probabilities]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no probabilities.
        """
        probabilities = as_probabilities("probabilities", arrays["probabilities"])
        return cls(probabilities.shape[1], bool(document["missing"])), Probabilities(probabilities)
