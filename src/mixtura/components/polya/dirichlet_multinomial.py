"""Dirichlet-multinomial components: rows of counts over D items that vary more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from mixtura.components.background import Passes
from mixtura.components.feature_sums import FeatureMoments
from mixtura.components.multinomial import EvenRows
from mixtura.components.polya.likeliest import Urns, UrnTables
from mixtura.components.polya.masses import LEAST, correlations_of, counted, feedback_of
from mixtura.components.polya.rising_sums import RisingSums
from mixtura.components.saddle_point import LARGE
from mixtura.components.simplex import (
    SMALLEST,
    as_probabilities,
    hellinger,
    row_sums,
)
from mixtura.components.stacked import Stacked
from mixtura.components.tabled import TabledCells
from mixtura.components.words import component_count, level_table
from mixtura.errors import ParameterError
from mixtura.kinds import DRAWS, ColumnKind
from mixtura.text import Passage

__all__ = ["CorrelatedDraws", "DirichletMultinomialFamily"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CorrelatedDraws(Stacked):
    """Probabilities p (K, D) of items, and correlations ρ (K,) of two draws of a row."""

    probabilities: Float
    correlations: Float

    @property
    def urns(self) -> Urns:
        """Return them as shares of one group, and feedback (K, 1)."""
        return Urns(self.probabilities, feedback_of(self.correlations[:, None]))


@final
@dataclass(frozen=True, eq=False)
class DirichletMultinomialFamily(TabledCells):
    """K Dirichlet-multinomials of probabilities p_kj and correlations ρ_k = 1/(Σ_j a_j + 1).

    Attributes
    ----------
    columns : D + 1, the items and the total of a row
    gaps, sparse, keys, unit
        As in `TabledCells`.
    totals : (T,) int64, equally likely row totals, from which rows are sampled
    """

    totals: NDArray[np.int64] = field(default_factory=lambda: np.ones(1, dtype=np.int64))

    name: ClassVar[str] = "dirichlet_multinomial"
    plural: ClassVar[str] = "Dirichlet-multinomials"
    beyond: ClassVar[str] = "MultinomialMixture"
    least_keys = 1
    # Rows have their coefficients, as multinomials that say so.
    coefficient: ClassVar[bool] = True

    @property
    def n_items(self) -> int:
        """Return D."""
        return self.columns - 1

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.n_items

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return counts of draws."""
        return (DRAWS,) * self.n_items

    def cells_of(self, rows: Any) -> Any:
        """Return the counts of items, and their total beside them."""
        totals = row_sums(rows)[:, None]
        if issparse(rows):
            return hstack([rows, csr_array(totals)], format="csr")
        return np.hstack([rows, totals])

    def log_base(self, rows: Any) -> Float:
        """Return zeros: tables hold all of log f(x)."""
        return np.zeros(rows.shape[0])

    def log_base_cells(self, cells: Float) -> Float:
        """Return zeros."""
        return np.zeros_like(cells)

    def points(self, cells: Any) -> Any:
        """Return square roots of proportions, whose distance is Hellinger's."""
        return hellinger(cells[:, :-1])

    def background(self, passes: Passes) -> EvenRows:
        """Return what is the same for all rows of a total."""
        return EvenRows(self)

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> EvenRows:
        """Return the background: no array says it."""
        return EvenRows(self)

    def rounding(self, parameters: Any, moments: FeatureMoments) -> float:
        """Return the rounding of log f(0) and of what is beyond it."""
        sizes = np.abs(self.natural(parameters))
        return float(np.finfo(np.float64).eps * np.vdot(sizes, np.abs(moments.features)))

    def careful_log_density(self, rows: Any, parameters: CorrelatedDraws) -> Float | None:
        """Return log f_k(x) (n, K) where a count is large: of negative binomials, row by row."""
        if (rows.data if issparse(rows) else rows).max(initial=0) <= LARGE:
            return None
        counts = rows.toarray() if issparse(rows) else np.asarray(rows, dtype=np.float64)
        n = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        found = [
            (counted(p, each, n).logs(counts)).sum(axis=1)
            - counted(np.ones_like(n), each, n).logs(counts.sum(axis=1, keepdims=True))[:, 0]
            for p, each in zip(parameters.probabilities, parameters.correlations, strict=True)
        ]
        return np.stack(found, axis=1)

    @property
    def _split(self) -> int:
        """Where the counts of totals begin among those of all."""
        return int(self.bounds_read[self.n_items])

    @cached_property
    def _nodes(self) -> tuple[RisingSums, RisingSums]:
        """The nodes of items, and those of totals."""
        split, bounds = self._split, self.bounds_read.astype(np.intp)
        items = RisingSums.of(self.counts_read[:split], bounds[:-1])
        return items, RisingSums.of(self.counts_read[split:], bounds[-2:] - split)

    def sides(self, parameters: CorrelatedDraws, level: float) -> tuple[Any, Any]:
        """Return items (K, D) and their total (K, 1) as counts, the total `level` on average."""
        p, each = parameters.probabilities, parameters.correlations[:, None]
        return counted(p, each, np.array(level)), counted(np.ones_like(each), each, np.array(level))

    def terms(self, parameters: CorrelatedDraws) -> tuple[Float, Float]:
        """Return zeros, and log f(x) - log f(0) of counts of items less that of totals."""
        split, own = self._split, self.columns_read[: self._split]
        counts = self.counts_read
        items, total = self.sides(parameters, float(counts[split:].mean()))
        some = type(items)(items.means[:, own], items.sizes[:, own])
        none = items.logs(np.zeros_like(items.means))
        shape = (parameters.n_components, len(counts))
        each = np.broadcast_to(counts, shape)
        left = some.logs(each[:, :split]) - none[:, own]
        right = total.logs(each[:, split:]) - total.logs(np.zeros_like(total.means))
        return np.zeros((len(left), self.columns)), np.hstack([left, -right])

    def estimate_cells(
        self, rows: Float, sums: Float, previous: CorrelatedDraws | None
    ) -> CorrelatedDraws:
        """Return the likeliest probabilities and correlations of the tables of counts."""
        items, totals = self._nodes
        parts = items.tails(sums[:, : self._split]), totals.tails(sums[:, self._split :])
        tables = UrnTables(items, totals, *parts, np.zeros(1, dtype=np.intp))
        found = tables.likeliest(None if previous is None else previous.urns)
        p, correlations = found.shares, correlations_of(found.feedback[:, 0])
        if previous is not None:
            some = sums[:, self._split :].sum(axis=1) > SMALLEST
            p = np.where(some[:, None], p, previous.probabilities)
            correlations = np.where(some, correlations, previous.correlations)
        return CorrelatedDraws(p, correlations)

    def slopes(self, parameters: CorrelatedDraws) -> tuple[Float, Float]:
        """Return the derivatives (K, C) of counts by their item's p, 0 of totals, and by ρ."""
        (items, totals), (own, rest) = self._nodes, self._masses(parameters)
        speed, _ = self._bends(parameters)
        by_share = items.up_to_counts(1.0 / own)
        by_feedback = items.up_to_counts(items.steps / own)
        of_totals = totals.up_to_counts(totals.steps / rest)
        return (
            np.hstack([by_share, np.zeros_like(of_totals)]),
            speed * np.hstack([by_feedback, -of_totals]),
        )

    def curvatures(self, parameters: CorrelatedDraws) -> tuple[Float, Float, Float]:
        """Return the second derivatives (K, C) by p, by p and ρ, and by ρ."""
        (items, totals), (own, rest) = self._nodes, self._masses(parameters)
        speed, more = self._bends(parameters)
        nothing = np.zeros((len(own), len(self.counts_read) - self._split))
        twice = items.up_to_counts(-1.0 / own**2)
        across = items.up_to_counts(-items.steps / own**2)
        bend = items.up_to_counts(-((items.steps / own) ** 2))
        of_totals = totals.up_to_counts((totals.steps / rest) ** 2)
        by_feedback = self.slopes(parameters)[1] / speed
        return (
            np.hstack([twice, nothing]),
            speed * np.hstack([across, nothing]),
            speed**2 * np.hstack([bend, of_totals]) + more * by_feedback,
        )

    def _masses(self, parameters: CorrelatedDraws) -> tuple[Float, Float]:
        """Return p + iγ at the nodes of items, and 1 + iγ at those of totals."""
        items, totals = self._nodes
        feedback = np.where(parameters.correlations < 1, feedback_of(parameters.correlations), 0.0)
        own = parameters.probabilities[:, items.columns] + items.steps * feedback[:, None]
        return np.maximum(own, LEAST), 1.0 + totals.steps * feedback[:, None]

    def _bends(self, parameters: CorrelatedDraws) -> tuple[Float, Float]:
        """Return the first and second derivatives (K, 1) of γ by ρ."""
        rest = np.maximum(1.0 - parameters.correlations[:, None], LEAST)
        return rest**-1.0 / rest, 2.0 * rest**-1.0 / rest / rest

    def n_free(self, n_components: int) -> int:
        """Return K D: probabilities sum to one."""
        return n_components * self.n_items

    def sample(
        self, parameters: CorrelatedDraws, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row of counts (D,) per label, its total drawn from `totals`."""
        totals = rng.choice(self.totals, len(labels))
        shares = parameters.probabilities[labels]
        for k in np.unique(labels):
            own = labels == k
            p, correlation = parameters.probabilities[k], float(parameters.correlations[k])
            shares[own] = _drawn(p, correlation, int(own.sum()), rng)
        return rng.multinomial(totals, shares).astype(np.float64)

    def title(self, n_components: int) -> str:
        """Return "Mixture of Dirichlet-multinomials, 3 components"."""
        return f"Mixture of {self.plural}, {component_count(n_components)}"

    def tables(
        self, parameters: CorrelatedDraws, columns: Sequence[str], names: Sequence[str]
    ) -> list[Passage]:
        """Return the probabilities and the correlations as text tables."""
        heading = "Correlation of two draws of a row by component"
        return [
            level_table(
                "Item probabilities by component", columns, parameters.probabilities, names
            ),
            level_table(heading, ["all items"], parameters.correlations[:, None], names),
        ]

    def describe(self, parameters: CorrelatedDraws, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return columns, probabilities and correlations."""
        return {
            "columns": list(columns),
            "probabilities": parameters.probabilities.tolist(),
            "correlations": parameters.correlations.tolist(),
        }

    def to_arrays(
        self, parameters: CorrelatedDraws
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        arrays = {
            "probabilities": parameters.probabilities,
            "correlations": parameters.correlations,
            "totals": self.totals,
        }
        return arrays, {"family": self.name}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple[Self, CorrelatedDraws]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no such numbers.
        """
        p = as_probabilities("probabilities", arrays["probabilities"])
        correlations, totals = arrays["correlations"], arrays["totals"]
        if (
            correlations.shape != p.shape[:1]
            or not ((correlations >= 0) & (correlations <= 1)).all()
        ):
            raise ParameterError("'correlations' should be (K,) numbers between 0 and 1")
        if totals.ndim != 1 or not len(totals) or (totals < 0).any():
            raise ParameterError("'totals' should be (T,) counts")
        return cls(p.shape[1] + 1, totals=totals), CorrelatedDraws(p, correlations)


def _drawn(p: Float, correlation: float, n_rows: int, rng: np.random.Generator) -> Float:
    """Return shares (n, D) of rows of one component."""
    if correlation == 0.0:
        return np.tile(p, (n_rows, 1))
    found = np.zeros((n_rows, len(p)))
    if correlation == 1.0:
        found[np.arange(n_rows), rng.choice(len(p), n_rows, p=p / p.sum())] = 1.0
        return found
    some = p > 0
    found[:, some] = rng.dirichlet(p[some] * (1.0 - correlation) / correlation, n_rows)
    return found
