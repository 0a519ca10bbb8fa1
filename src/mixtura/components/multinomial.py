"""Multinomial components: rows of counts over D items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import gammaln

from mixtura.components.background import KnownBefore, Passes
from mixtura.components.deviations import Deviations, weighed
from mixtura.components.evidence import Cells
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.saddle_point import LARGE, poisson_logs
from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.simplex import (
    SMALLEST,
    as_probabilities,
    hellinger,
    log_factorials,
    narrowed,
    normalised,
    row_sums,
)
from mixtura.components.stacked import Probabilities
from mixtura.components.words import component_count, level_table
from mixtura.errors import ParameterError
from mixtura.kinds import DRAWS, ColumnKind
from mixtura.text import Passage

__all__ = ["MultinomialFamily"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class EvenRows(KnownBefore):
    """The flat Dirichlet-multinomial: of all rows with its total, each is equally probable.

    A row that is all of a rare item is as probable as one of all items alike: neither looks like a
    component. The multinomial with equal probabilities would be one, and refuse the former.

    Attributes
    ----------
    family : of the components beside it, which has `n_items`, `totals` and `coefficient`
    """

    family: Any

    def log_density(self, rows: Any) -> Float:
        """Return -log of how many rows of D items have the total n: (n + D - 1)! / n! (D - 1)!."""
        n_items, totals = self.family.n_items, row_sums(rows)
        found = gammaln(n_items) + gammaln(totals + 1.0) - gammaln(totals + n_items)
        return found if self.family.coefficient else found - log_coefficients(rows)

    def sample(self, n_rows: int, rng: np.random.Generator) -> Float:
        """Return rows of counts (n, D), each of shares that are even over the simplex."""
        shares = rng.dirichlet(np.ones(self.family.n_items), n_rows)
        totals = rng.choice(self.family.totals, n_rows)
        return rng.multinomial(totals, shares).astype(np.float64)

    def words(self) -> str:
        """Return what it is in words."""
        return "all rows of the same total equally probable"


def log_coefficients(rows: Any) -> Float:
    """Return log n! / Π_j x_j! (n,)."""
    return gammaln(row_sums(rows) + 1.0) - log_factorials(rows)


@final
@dataclass(frozen=True, eq=False)
class MultinomialFamily(ExponentialFamily):
    """K multinomials: log f_k(x) = Σ_j x_j log p_kj + log n!/Π_j x_j!.

    Attributes
    ----------
    n_items : D
    coefficient : whether n!/Π_j x_j! is part of the likelihood
    sparse : whether the rows to be fitted are CSR
    totals : (T,) int64, equally likely row totals, from which rows are sampled
    """

    n_items: int
    coefficient: bool = True
    sparse: bool = False
    totals: NDArray[np.int64] = field(default_factory=lambda: np.ones(1, dtype=np.int64))

    name: ClassVar[str] = "multinomial"
    adds_feature = True

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.n_items

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return counts."""
        return (DRAWS,) * self.n_items

    def width(self) -> int:
        """Return 1 + D."""
        return 1 + self.n_items

    def reading(self, rows: Any) -> Self:
        """Return the family for dense or sparse rows."""
        return replace(self, sparse=issparse(rows))

    def swept_sparse(self) -> bool:
        """Return whether the rows to be fitted are CSR."""
        return self.sparse

    def segments(self) -> Segments:
        """Return shares of all words."""
        return Segments(((SegmentKind.SHARES, self.n_items, 0),), Probabilities)

    def fill(self, rows: NDArray[Any], features: Float) -> None:
        """Write [1, x]."""
        features[1:] = rows.T

    def log_base(self, rows: Any) -> Float:
        """Return the logarithms of the multinomial coefficients, or zeros."""
        if not self.coefficient:
            return np.zeros(rows.shape[0])
        return log_coefficients(rows)

    def background(self, passes: Passes) -> EvenRows:
        """Return what is the same for all rows of a total."""
        return EvenRows(self)

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> EvenRows:
        """Return the background: no array says it."""
        return EvenRows(self)

    def told_of(self, background: EvenRows) -> Float:
        """Return zeros (P,): it is no multinomial."""
        return np.zeros(self.width())

    def careful_log_density(self, rows: Any, parameters: Probabilities) -> Float | None:
        """Return log f_k(x) (n, K) where a count is large: Poissons given their total."""
        largest = (rows.data if issparse(rows) else rows).max(initial=0)
        if largest <= LARGE or not self.coefficient:
            return None
        counts = rows.toarray() if issparse(rows) else np.asarray(rows, dtype=np.float64)
        totals = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        given = np.where(counts.any(axis=1), poisson_logs(totals, totals)[:, 0], -1.0)
        means = np.maximum(parameters.probabilities, SMALLEST)
        logs = [poisson_logs(counts, totals * own).sum(axis=1) - given for own in means]
        # Rounded probabilities do not sum to one, and 1e15 rows feel it.
        more = np.array([fsum([*own, -1.0]) for own in means])
        return np.stack(logs, axis=1) + counts.sum(axis=1, keepdims=True) * more

    def rounding(self, parameters: Probabilities, moments: Any) -> float:
        """Return the rounding of log n! of all rows, which Σ log x_j! and Σ x_j log p_j undo."""
        counts, rows = moments.features[:, 1:].sum(), moments.features[:, 0].sum()
        large = counts * np.log1p(counts / max(rows, SMALLEST)) if self.coefficient else 0.0
        return super().rounding(parameters, moments) + float(np.finfo(np.float64).eps * large)

    def natural(self, parameters: Probabilities) -> Float:
        """Return [0, log p_k]."""
        logs = parameters.logs
        return np.hstack([np.zeros((len(logs), 1)), logs])

    def estimate(self, features: Float, previous: Probabilities | None) -> Probabilities:
        """Return p_kj = S_kj / Σ_j S_kj."""
        kept = None if previous is None else previous.probabilities
        return Probabilities(normalised(features[:, 1:], [0], kept))

    def cell_counts(self, features: Float) -> Cells:
        """Return the counts of items."""
        return Cells(features[:, 1:], [0])

    def pseudo(self, cells: Float, shared: Any) -> Float:
        """Return counts of no row."""
        return np.concatenate([[0.0], cells])

    def n_free(self, n_components: int) -> int:
        """Return K (D - 1)."""
        return n_components * (self.n_items - 1)

    def deviations(self, rows: Any, weights: Float | None) -> Deviations:
        """Return counts less those expected of as many draws."""
        rows, counts = weighed(rows, weights)
        totals = row_sums(rows)
        return Deviations(rows, totals, counts / max(counts.sum(), 1.0), counts)

    def embed(self, rows: Any) -> Float:
        """Return square roots of row proportions, projected where there are many columns."""
        return narrowed(hellinger(rows))

    def sample(
        self, parameters: Probabilities, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row of counts (D,) per label, its total drawn from `totals`."""
        totals = rng.choice(self.totals, len(labels))
        return rng.multinomial(totals, parameters.probabilities[labels]).astype(np.float64)

    def title(self, n_components: int) -> str:
        """Return "Mixture of multinomials, 3 components", and what the likelihood includes."""
        included = "includes" if self.coefficient else "leaves out"
        return (
            f"Mixture of multinomials, {component_count(n_components)}\n"
            f"the log-likelihood {included} the multinomial coefficients"
        )

    def tables(
        self, parameters: Probabilities, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return the probabilities as a text table."""
        title = "Item probabilities by component"
        return [level_table(title, columns, parameters.probabilities, names)]

    def describe(self, parameters: Probabilities, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return columns and probabilities."""
        return {
            "columns": list(columns),
            "coefficient": self.coefficient,
            "probabilities": parameters.probabilities.tolist(),
        }

    def to_arrays(
        self, parameters: Probabilities
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays = {"probabilities": parameters.probabilities, "totals": self.totals}
        return arrays, {"family": self.name, "coefficient": self.coefficient}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["MultinomialFamily", Probabilities]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no parameters of multinomials.
        """
        probabilities = as_probabilities("probabilities", arrays["probabilities"])
        totals = arrays["totals"]
        if totals.ndim != 1 or not len(totals) or (totals < 0).any():
            raise ParameterError("'totals' should be (T,) counts")
        family = cls(probabilities.shape[1], bool(document["coefficient"]), totals=totals)
        return family, Probabilities(probabilities)
