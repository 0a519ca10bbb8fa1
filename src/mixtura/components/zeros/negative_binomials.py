"""Negative binomials with zeros by a number of their own: zero inflation, and a hurdle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.columnwise import Number
from mixtura.components.count_tables import Overdispersed
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.components.saddle_point import careful_sums, negative_binomial_logs
from mixtura.components.simplex import SMALLEST
from mixtura.components.stacked import Stacked
from mixtura.components.tabled import TabledFamily
from mixtura.components.zeros.told import Hurdle, Inflation, Zeros
from mixtura.components.zeros.truncated import TruncatedTables, drawn_above

__all__ = [
    "HurdleCounts",
    "HurdleNegativeBinomialFamily",
    "InflatedCounts",
    "ZeroAlteredNegativeBinomialFamily",
    "ZeroInflatedNegativeBinomialFamily",
]

Float = NDArray[np.float64]

# What they are of is said, as the means of columns are others.
COUNTS = (Number("count_means", "Means of counts"), Number("sizes", "Sizes"))


@dataclass(frozen=True, slots=True)
class InflatedCounts(Stacked):
    """Means m and sizes r of the counts, and shares π of further zeros (K, D)."""

    count_means: Float
    sizes: Float
    zero_inflations: Float


@dataclass(frozen=True, slots=True)
class HurdleCounts(Stacked):
    """Means m and sizes r of counts with their zeros, and probabilities q of 0 (K, D)."""

    count_means: Float
    sizes: Float
    zero_probabilities: Float


@dataclass(frozen=True, eq=False)
class ZeroAlteredNegativeBinomialFamily(TabledFamily):
    """Negative binomials around which stands what is said of zeros."""

    zeros: ClassVar[Zeros]

    def _plain(self) -> NegativeBinomialFamily:
        """Return the family of the counts alone, told of the same rows."""
        return NegativeBinomialFamily(
            self.columns, self.gaps, self.sparse, keys=self.keys, unit=self.unit
        )

    def around_zero(self, parameters: Any) -> tuple[Overdispersed, tuple[Float, Float]]:
        """Return the counts, and (K, D) log f(0) and what log f(x) above 0 has beside them."""
        counts, log_none, shares = self._with_zeros(parameters)
        return counts, self.zeros.terms(log_none, shares)

    def _with_zeros(self, parameters: Any) -> tuple[Overdispersed, Float, Float]:
        """Return the counts alone, their log f(0), and the shares (K, D)."""
        means, sizes, shares = self.arrays(parameters).values()
        with np.errstate(divide="ignore", invalid="ignore"):
            log_none = np.where(np.isinf(sizes), -means, -sizes * np.log1p(means / sizes))
        return Overdispersed(means, sizes), log_none, shares

    def careful_log_density(self, rows: Any, parameters: Any) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a count is large."""
        counts, zeros = self.around_zero(parameters)

        def logs(cells: Float, mean: Float, size: Float, none: Float, some: Float) -> Float:
            return np.where(cells > 0, some + negative_binomial_logs(cells, mean, size), none)

        own = np.maximum(counts.means, SMALLEST), counts.sizes
        return careful_sums(rows, (*own, *zeros), logs)

    def terms(self, parameters: Any) -> tuple[Float, Float]:
        """Return log q, and what a count above 0 has beside it."""
        counts, (none, some) = self.around_zero(parameters)
        opening, own = self._plain().terms(counts)
        return none, own + (opening + some - none)[:, self.columns_read]

    def estimate_cells(self, rows: Float, sums: Float, previous: Any) -> Any:
        """Return what counts above 0 say, or all of them where zeros are none too many."""
        positive = np.minimum(self.by_table(sums), rows)
        some, counted = rows > SMALLEST, positive > SMALLEST
        before = None if previous is None else self._with_zeros(previous)[0]
        tables = TruncatedTables(sums, self.counts_read, self.columns_read, self.by_table)
        w, alpha = tables.likeliest(None if before is None else 1.0 / before.sizes)
        with np.errstate(divide="ignore", invalid="ignore"):
            means, sizes = np.where(alpha > 0, np.expm1(alpha * w) / alpha, w), 1.0 / alpha
        zeros = 1.0 - np.divide(positive, rows, out=np.full(rows.shape, 0.5), where=some)
        shares = self.zeros.shares_of(zeros, -w)
        plain = self.zeros.nests_counts & (np.isnan(shares) | ~counted)
        if plain.any():
            every = self._plain().estimate_cells(rows, sums, before)
            means, sizes = np.where(plain, every.means, means), np.where(plain, every.sizes, sizes)
            shares = np.where(plain, 0.0, shares)
        known = some & (counted | plain)
        old = [np.ones(rows.shape), np.full(rows.shape, np.inf), shares]
        if previous is not None:
            old = list(self.arrays(previous).values())
        return self.values(
            np.where(known, means, old[0]),
            np.where(known, sizes, old[1]),
            np.where(some, shares, old[2]),
        )

    def draw(self, own: Any, rng: np.random.Generator) -> Float:
        """Return counts (n, D)."""
        counts, _, shares = self._with_zeros(own)
        above = drawn_above(np.maximum(counts.means, SMALLEST), counts.sizes, rng)
        return self.zeros.draw(self._plain().draw(counts, rng), above, shares, rng)

    def mean_and_variance(self, parameters: Any) -> tuple[Float, Float]:
        """Return those of negative binomials with such zeros."""
        counts, log_none, shares = self._with_zeros(parameters)
        moments = self._plain().mean_and_variance(counts)
        return self.zeros.moments(*moments, log_none, shares)

    def remarks(self, parameters: Any, columns: Sequence[str]) -> list[str]:
        """Return where components are Poissons but for their zeros."""
        return self._plain().remarks(self._with_zeros(parameters)[0], columns)

    def slopes(self, parameters: Any) -> Sequence[Float]:
        """Return what follows from the slopes of the counts alone."""
        counts, log_none, shares = self._with_zeros(parameters)
        none, some = self.zeros.bends(log_none, shares)
        plain = self._plain().slopes(counts)
        by_counts = [
            self._around(own, none.by_log * g, (1.0 + some.by_log - none.by_log) * g)
            for own, g in zip(plain, self._of_none(plain), strict=True)
        ]
        return [*by_counts, self.spread(none.by_share, self._own(some.by_share - none.by_share))]

    def curvatures(self, parameters: Any) -> Sequence[Sequence[Float]]:
        """Return the second derivatives of `slopes`."""
        counts, log_none, shares = self._with_zeros(parameters)
        none, some = self.zeros.bends(log_none, shares)
        plain = self._plain().curvatures(counts)
        first = self._of_none(self._plain().slopes(counts))
        second = [self._of_none(row) for row in plain]

        def of_pair(a: int, b: int) -> Float:
            g, both = first[a] * first[b], second[a][b]
            opening = none.by_log * both + none.twice * g
            above = (1.0 + some.by_log) * both + some.twice * g
            return self._around(plain[a][b], opening, above - opening)

        def of_share(a: int) -> Float:
            own = none.across * first[a]
            return self.spread(own, self._own(some.across * first[a] - own))

        across = [of_share(0), of_share(1)]
        twice = self.spread(none.by_shares, self._own(some.by_shares - none.by_shares))
        by_counts = [[of_pair(a, b) for b in (0, 1)] for a in (0, 1)]
        return [
            *([*row, own] for row, own in zip(by_counts, across, strict=True)),
            [*across, twice],
        ]

    def _own(self, each: Float) -> Float:
        """Return what columns (K, D) have, of every count (K, C)."""
        return each[:, self.columns_read]

    def _of_none(self, bends: Sequence[Float]) -> list[Float]:
        """Return the derivatives (K, D) of log f(0) among those of natural parameters."""
        place = np.arange(self.columns) + 1 if self.gaps else 0
        return [own[:, np.arange(self.columns), place] for own in bends]

    def _around(self, plain: Float, opening: Float, above: Float) -> Float:
        """Return (K, D, P) with such constants, and `above` (K, D) on that of counts."""
        added = self.spread(opening, self._own(above))
        added[:, :, 1 + self.n_opening :] += plain[:, :, 1 + self.n_opening :]
        return added

    def support(self, parameters: Any, effective_rows: Float) -> Sequence[Float]:
        """Return the counts expected of a mean, no row of an infinite size, and zeros or others."""
        counts, _, shares = self._with_zeros(parameters)
        rows = effective_rows[:, None]
        mean, size = self._plain().support(counts, effective_rows)
        least = np.minimum(mean, rows * self.column_moments(parameters)[0])
        return [least, size, rows * np.minimum(shares, 1.0 - shares)]


@final
@dataclass(frozen=True, eq=False)
class ZeroInflatedNegativeBinomialFamily(ZeroAlteredNegativeBinomialFamily):
    """K products of zero-inflated negative binomials: 0 with π_kj, else a count (Greene 1994)."""

    name: ClassVar[str] = "zero_inflated_negative_binomial"
    plural: ClassVar[str] = "zero-inflated negative binomials"
    about: ClassVar[
        str
    ] = """Mixture of independent zero-inflated negative binomial columns, for many zeros.

    A share π of the rows of a component has nothing to count; the counts of the others vary as a
    negative binomial's. Where a column has no more zeros than that, π is 0.
    """
    zeros = Inflation()
    values = InflatedCounts
    numbers = (*COUNTS, Inflation.number)


@final
@dataclass(frozen=True, eq=False)
class HurdleNegativeBinomialFamily(ZeroAlteredNegativeBinomialFamily):
    """K products of hurdle negative binomials: 0 with q_kj, else a count above 0 (Mullahy 1986)."""

    name: ClassVar[str] = "hurdle_negative_binomial"
    plural: ClassVar[str] = "hurdle negative binomials"
    about: ClassVar[
        str
    ] = """Mixture of independent hurdle negative binomial columns, zeros by themselves.

    A count is 0 with a probability of its own, and else a negative binomial count that is not 0
    (Mullahy 1986), of which mean and size are told with its zeros.
    """
    zeros = Hurdle()
    values = HurdleCounts
    numbers = (*COUNTS, Hurdle.number)
