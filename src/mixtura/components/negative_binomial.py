"""Negative binomial components: rows of independent counts that vary more than a Poisson."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma, psi

from mixtura.components.columnwise import Number
from mixtura.components.constraints import Ties
from mixtura.components.count_tables import Overdispersed, codes_of, table_segments
from mixtura.components.dispersion import dispersions, log_masses
from mixtura.components.poisson import drawn_counts
from mixtura.components.saddle_point import careful_sums, negative_binomial_logs
from mixtura.components.segments import Segments
from mixtura.components.simplex import SMALLEST
from mixtura.components.tabled import TabledFamily
from mixtura.errors import ParameterError

__all__ = ["NegativeBinomialFamily"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class NegativeBinomialFamily(TabledFamily):
    """K products of negative binomials of means m_kj and sizes r_kj."""

    name: ClassVar[str] = "negative_binomial"
    plural: ClassVar[str] = "negative binomials"
    about: ClassVar[
        str
    ] = """Mixture of independent negative binomial columns, for counts that vary.

    The variance of a count is m + m²/r, for a mean of m and a size of r. Where the rows of a
    component vary no more than a Poisson's, r is infinite and the component is one; a summary says
    so.
    """
    values = Overdispersed
    numbers = (Number("means", "Means"), Number("sizes", "Sizes"))

    def coded(self, rows: Any) -> tuple[Float, NDArray[np.int32]]:
        """Return which cells are known (O, n), and where the counts above 0 stand (D, n)."""
        cells = np.ascontiguousarray(rows.T, dtype=np.float64)
        return 1.0 - np.isnan(cells[: self.n_opening]), codes_of(cells, self._read, self.unit)

    def careful_log_density(self, rows: Any, parameters: Overdispersed) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a count is large."""
        own = np.maximum(parameters.means, SMALLEST), parameters.sizes
        return careful_sums(rows, own, negative_binomial_logs)

    def segments(self) -> Segments | None:
        """Return means and 1/r in front of the counts of each column."""
        return table_segments(self.counts_read, self.bounds_read, self.n_opening)

    def terms(self, parameters: Overdispersed) -> tuple[Float, Float]:
        """Return log f(0), and log f(x) - log f(0) of each count, without the factorials."""
        return log_masses(
            self.counts_read, self.bounds_read, parameters.means, 1.0 / parameters.sizes
        )

    def estimate_cells(
        self, rows: Float, sums: Float, previous: Overdispersed | None
    ) -> Overdispersed:
        """Return the means of the tables of counts and, given these, the likeliest sizes."""
        return self._estimate_given(rows, sums, previous, None)

    def _estimate_given(
        self, rows: Float, sums: Float, previous: Overdispersed | None, held: Float | None
    ) -> Overdispersed:
        """Return the estimates where means `held` (K, D) are known, NaN where free."""
        some = rows > SMALLEST
        totals = self.by_table(sums * self.counts_read)
        means = np.divide(totals, rows, out=np.ones(rows.shape), where=some)
        guess = None if previous is None else 1.0 / previous.sizes
        if held is not None:
            means = np.where(np.isnan(held), means, held)
        known = held is not None and not np.isnan(held).all()
        beyond = totals - rows * means if known else np.zeros(means.shape)
        inverse = dispersions(sums, self.counts_read, self.bounds_read, rows, means, beyond, guess)
        with np.errstate(divide="ignore"):
            sizes = 1.0 / inverse
        if previous is not None:
            means = np.where(some, means, previous.means)
            sizes = np.where(some, sizes, previous.sizes)
        return Overdispersed(means, sizes)

    def check_constraints(self, values: Sequence[Float], ties: Sequence[Ties]) -> None:
        """Raise `ParameterError` where numbers are equal."""
        if any(each.any() for each in ties):
            raise ParameterError(
                "negative binomial means and sizes can be held, and none can be equal"
            )
        if (values[1] <= 0).any():
            raise ParameterError("fix holds a size at 0; hold it above 0")

    def estimate_under(
        self,
        rows: Float,
        sums: Float,
        previous: Overdispersed | None,
        values: Sequence[Float],
        ties: Sequence[Ties],
    ) -> Overdispersed:
        """Return the estimates of which some are held: means are x̄ whatever sizes are."""
        found = self._estimate_given(rows, sums, previous, values[0])
        return Overdispersed(
            *(
                np.where(np.isnan(held), own, held)
                for held, own in zip(values, (found.means, found.sizes), strict=True)
            )
        )

    def draw(self, own: Overdispersed, rng: np.random.Generator) -> Float:
        """Return counts (n, D): Poisson ones of rates that are gamma, or the means themselves."""
        varying = np.isfinite(own.sizes)
        sizes = np.where(varying, own.sizes, 1.0)
        with np.errstate(over="ignore", invalid="ignore"):
            rates = rng.gamma(sizes, own.means / sizes)
        # Of a size next to nothing nearly all draws are 0, in a scale that is no number.
        rates = np.nan_to_num(rates, nan=0.0)
        return drawn_counts(np.where(varying, rates, own.means), rng)

    def mean_and_variance(self, parameters: Overdispersed) -> tuple[Float, Float]:
        """Return m and m + m²/r."""
        return parameters.means, parameters.means * (1.0 + parameters.means / parameters.sizes)

    def remarks(self, parameters: Overdispersed, columns: Sequence[str]) -> list[str]:
        """Return where components are Poissons."""
        found = []
        for name, sizes in zip(columns, parameters.sizes.T, strict=True):
            plain = np.flatnonzero(np.isinf(sizes))
            if plain.size:
                listed = ", ".join(map(str, plain))
                found.append(
                    f"the rows of component(s) {listed} vary no more in '{name}' than a Poisson's: "
                    "their size there is infinite"
                )
        return found

    def slopes(self, parameters: Overdispersed) -> Sequence[Float]:
        """Return by the mean (x - m) / (m (1 + m/r)); by the size, where it is finite."""
        means, sizes, own_m, own_r = self._both(parameters)
        x, total = self.counts_read, means + sizes
        by_size = -np.log1p(means / sizes) + means / total
        own = psi(x + own_r) - psi(own_r) - x / (own_r + own_m)
        infinite = np.isinf(parameters.sizes)
        return [
            self.spread(-1.0 / (1.0 + means / parameters.sizes), x / (own_m * (1 + own_m / own_r))),
            self.spread(np.where(infinite, 0.0, by_size), own) * ~infinite[:, :, None],
        ]

    def curvatures(self, parameters: Overdispersed) -> Sequence[Sequence[Float]]:
        """Return the second derivatives of `slopes`."""
        means, sizes, own_m, own_r = self._both(parameters)
        x, total, own_total = self.counts_read, means + sizes, own_m + own_r
        finite = np.isfinite(parameters.sizes)[:, :, None]
        across = self.spread(-means / total**2, x / own_total**2) * finite
        by_size = means / (sizes * total) - means / total**2
        own = polygamma(1, x + own_r) - polygamma(1, own_r) + x / own_total**2
        by_mean = self.spread(sizes / total**2, x / own_total**2 - x / own_m**2)
        return [[by_mean, across], [across, self.spread(by_size, own) * finite]]

    def _both(self, parameters: Overdispersed) -> tuple[Float, Float, Float, Float]:
        """Return means and sizes by column, and by feature; a size at the most 1e12."""
        means, sizes = parameters.means, np.minimum(parameters.sizes, 1e12)
        return means, sizes, means[:, self.columns_read], sizes[:, self.columns_read]

    def support(self, parameters: Overdispersed, effective_rows: Float) -> Sequence[Float]:
        """Return the count expected of a mean, and no row of an infinite size."""
        rows = effective_rows[:, None]
        return [
            rows * parameters.means,
            np.where(np.isinf(parameters.sizes), 0.0, rows * np.ones_like(parameters.sizes)),
        ]
