"""Poisson components with zeros by a number of their own: zero inflation, and a hurdle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse
from scipy.special import gammaln

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.poisson import drawn_counts
from mixtura.components.saddle_point import careful_sums, poisson_logs
from mixtura.components.simplex import SMALLEST, floored_log
from mixtura.components.stacked import Stacked
from mixtura.components.zeros.told import Hurdle, Inflation, Zeros
from mixtura.components.zeros.truncated import drawn_above, truncated_rates
from mixtura.kinds import COUNT

__all__ = [
    "HurdlePoissonFamily",
    "HurdleRates",
    "InflatedRates",
    "ZeroAlteredPoissonFamily",
    "ZeroInflatedPoissonFamily",
]

Float = NDArray[np.float64]

RATES = Number("rates", "Rates of counts", np.finfo(float).max)


@dataclass(frozen=True, slots=True)
class InflatedRates(Stacked):
    """Rates λ of the counts, and shares π of further zeros (K, D)."""

    rates: Float
    zero_inflations: Float


@dataclass(frozen=True, slots=True)
class HurdleRates(Stacked):
    """Rates λ of the counts above 0, and probabilities q of 0 (K, D)."""

    rates: Float
    zero_probabilities: Float


@dataclass(frozen=True)
class ZeroAlteredPoissonFamily(ColumnwiseFamily):
    """Features [x > 0] and x: their sums say all of a zero inflation, and of a hurdle.

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`.
    """

    zeros: ClassVar[Zeros]
    kind = COUNT

    @property
    def n_cells(self) -> int:
        """Return 2 D."""
        return 2 * self.columns

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write [x > 0, x]."""
        features[: self.columns] = cells.T > 0
        features[self.columns :] = cells.T

    def sparse_cells(self, rows: Any) -> Any:
        """Return [x > 0, x] as CSR."""
        some = csr_array((np.sign(rows.data), rows.indices, rows.indptr), shape=rows.shape)
        return hstack([some, rows], format="csr")

    def log_base_cells(self, cells: Float) -> Float:
        """Return -log x!."""
        return -gammaln(cells + 1.0)

    def careful_log_density(self, rows: Any, parameters: Any) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a count is large."""
        rates, shares = self._both(parameters)

        def logs(counts: Float, rate: Float, share: Float) -> Float:
            none, some = self.zeros.terms(-rate, share)
            return np.where(counts > 0, some + poisson_logs(counts, rate), none)

        return careful_sums(rows, (np.maximum(rates, SMALLEST), shares), logs)

    def terms(self, parameters: Any) -> tuple[Float, Float]:
        """Return log q, and what a count above 0 has beside it."""
        rates, (none, some) = self.around_zero(parameters)
        return none, np.hstack([some - rates - none, floored_log(rates)])

    def estimate_cells(self, rows: Float, sums: Float, previous: Any) -> Any:
        """Return the rates of counts above 0, or of all of them where zeros are none too many."""
        positive, totals = np.split(sums, 2, axis=1)
        positive = np.clip(positive, 0.0, rows)
        some, counted = rows > SMALLEST, positive > SMALLEST
        means = np.divide(totals, positive, out=np.ones(rows.shape), where=counted)
        rates = truncated_rates(np.maximum(means, 1.0))
        zeros = 1.0 - np.divide(positive, rows, out=np.full(rows.shape, 0.5), where=some)
        shares = self.zeros.shares_of(zeros, -rates)
        plain = self.zeros.nests_counts & (np.isnan(shares) | ~counted)
        every = np.divide(totals, rows, out=np.ones(rows.shape), where=some)
        rates, shares = np.where(plain, every, rates), np.where(plain, 0.0, shares)
        if previous is None:
            return self.values(np.where(counted | plain, rates, 1.0), shares)
        old_rates, old_shares = self._both(previous)
        return self.values(
            np.where(some & (counted | plain), rates, old_rates), np.where(some, shares, old_shares)
        )

    def around_zero(self, parameters: Any) -> tuple[Float, tuple[Float, Float]]:
        """Return rates (K, D), and log f(0) and what log f(x) above 0 has beside the counts."""
        rates, shares = self._both(parameters)
        return rates, self.zeros.terms(-rates, shares)

    def _both(self, parameters: Any) -> tuple[Float, Float]:
        """Return rates and shares (K, D)."""
        rates, shares = self.arrays(parameters).values()
        return rates, shares

    def points(self, cells: Any) -> Any:
        """Return log (1 + x): counts with many zeros have deviations like their means."""
        return cells.log1p() if issparse(cells) else np.log1p(cells)

    def draw(self, own: Any, rng: np.random.Generator) -> Float:
        """Return counts (n, D)."""
        rates, shares = self._both(own)
        above = drawn_above(np.maximum(rates, SMALLEST), np.full(rates.shape, np.inf), rng)
        return self.zeros.draw(drawn_counts(rates, rng), above, shares, rng)

    def mean_and_variance(self, parameters: Any) -> tuple[Float, Float]:
        """Return those of Poissons with such zeros."""
        rates, shares = self._both(parameters)
        return self.zeros.moments(rates, rates, -rates, shares)

    def slopes(self, parameters: Any) -> Sequence[Float]:
        """Return what follows from l₀ = -λ, and 1 / λ of x."""
        rates, shares = self._both(parameters)
        none, some = self.zeros.bends(-rates, shares)
        nothing = np.zeros_like(rates)
        by_rate = -1.0 - some.by_log + none.by_log
        return [
            self.by_column(-none.by_log, by_rate, 1.0 / np.maximum(rates, SMALLEST)),
            self.by_column(none.by_share, some.by_share - none.by_share, nothing),
        ]

    def curvatures(self, parameters: Any) -> Sequence[Sequence[Float]]:
        """Return the second derivatives of `slopes`."""
        rates, shares = self._both(parameters)
        none, some = self.zeros.bends(-rates, shares)
        nothing = np.zeros_like(rates)
        by_rates = self.by_column(none.twice, some.twice - none.twice, -1.0 / rates**2)
        across = self.by_column(-none.across, none.across - some.across, nothing)
        by_shares = self.by_column(none.by_shares, some.by_shares - none.by_shares, nothing)
        return [[by_rates, across], [across, by_shares]]

    def support(self, parameters: Any, effective_rows: Float) -> Sequence[Float]:
        """Return the counts expected of a rate; of a share, the zeros or what is none."""
        shares = self._both(parameters)[1]
        rows = effective_rows[:, None]
        return [
            rows * self.column_moments(parameters)[0],
            rows * np.minimum(shares, 1.0 - shares),
        ]


@final
@dataclass(frozen=True)
class ZeroInflatedPoissonFamily(ZeroAlteredPoissonFamily):
    """K products of zero-inflated Poissons: 0 with π_kj, else a count (Lambert 1992)."""

    name: ClassVar[str] = "zero_inflated_poisson"
    plural: ClassVar[str] = "zero-inflated Poissons"
    about: ClassVar[str] = """Mixture of independent zero-inflated Poisson columns, for many zeros.

    A share π of the rows of a component has nothing to count; the others have a Poisson count
    (Lambert 1992). Where a column has no more zeros than a Poisson's, π is 0.
    """
    zeros = Inflation()
    values = InflatedRates
    numbers = (RATES, Inflation.number)


@final
@dataclass(frozen=True)
class HurdlePoissonFamily(ZeroAlteredPoissonFamily):
    """K products of hurdle Poissons: 0 with q_kj, else a count above 0 (Mullahy 1986)."""

    name: ClassVar[str] = "hurdle_poisson"
    plural: ClassVar[str] = "hurdle Poissons"
    about: ClassVar[str] = """Mixture of independent hurdle Poisson columns, zeros by themselves.

    A count is 0 with a probability of its own, more or fewer than a Poisson's, and else a Poisson
    count that is not 0 (Mullahy 1986).
    """
    zeros = Hurdle()
    values = HurdleRates
    numbers = (RATES, Hurdle.number)
