"""Negative binomial components: rows of independent counts that vary more than a Poisson."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from scipy.special import gammaln, polygamma, psi

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.constraints import Ties
from mixtura.components.count_tables import LEAST_KEYS, Overdispersed, codes_of, table_segments
from mixtura.components.dispersion import dispersions, log_masses
from mixtura.components.poisson import drawn_counts
from mixtura.components.saddle_point import LARGE, negative_binomial_logs
from mixtura.components.segments import Segments
from mixtura.components.simplex import SMALLEST
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT

__all__ = ["NegativeBinomialFamily"]

Float = NDArray[np.float64]
Keys = NDArray[np.int64]

LARGEST_COUNT = 2**40


@final
@dataclass(frozen=True, eq=False)
class NegativeBinomialFamily(ColumnwiseFamily):
    """K products of negative binomials of means m_kj and sizes r_kj.

    The features are a one for each count above 0 that a column holds, so that the sums of a sweep
    are the table of counts of each component: whatever the size, it says all of the likelihood, and
    an M-step is exact without a look at rows.

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`.
    keys : (C,) the counts of those rows, column by column, as column x unit + count
    unit : more than any count
    """

    keys: Keys | None = None
    unit: int = 1

    name: ClassVar[str] = "negative_binomial"
    plural: ClassVar[str] = "negative binomials"
    about: ClassVar[
        str
    ] = """Mixture of independent negative binomial columns, for counts that vary.

    The variance of a count is m + m²/r, for a mean of m and a size of r. Where the rows of a
    component vary no more than a Poisson's, r is infinite and the component is one; a summary says
    so.
    """
    kind = COUNT
    reads_every_cell = True
    values = Overdispersed
    adds_feature = False
    numbers = (Number("means", "Means"), Number("sizes", "Sizes"))

    def reading(self, rows: Any) -> Self:
        """Return the family with the counts that these rows hold.

        Raises
        ------
        ParameterError
            If a count is so large that x log x has no digits left behind the point.
        """
        values = rows.data if issparse(rows) else rows
        unit = 1 + int(np.fmax.reduce(values, axis=None, initial=0.0))
        if unit > LARGEST_COUNT or unit * self.columns >= 2**62:
            raise ParameterError(
                f"a count of {float(unit - 1):,.16g} is too large for a negative binomial; use "
                "GammaMixture for amounts of that size"
            )
        set_up = replace(super().reading(rows), unit=max(unit, 1 + LEAST_KEYS))
        return replace(set_up, keys=set_up._padded(np.unique(set_up._keys_of(rows)[1])))

    def _padded(self, keys: Keys) -> Keys:
        """Return keys with further ones, so that each column has two: those of 1 and 2."""
        few = np.flatnonzero(np.bincount(keys // self.unit, minlength=self.columns) < LEAST_KEYS)
        more = few[:, None] * self.unit + np.arange(1, 1 + LEAST_KEYS)
        return np.union1d(keys, more.ravel()).astype(np.int64)

    def beside(self, other: Any) -> Self:
        """Return the family set to read its own rows, with the counts that others held too."""
        unit = max(self.unit, other.unit)
        keys = np.union1d(*(own._in_units(unit) for own in (self, other)))
        return replace(super().beside(other), unit=unit, keys=keys)

    def placed_cells(self, sums: Float, other: Any) -> Float:
        """Return sums over counts that others held among those of all."""
        found = np.zeros((len(sums), self.n_cells))
        found[:, np.searchsorted(self._read, other._in_units(self.unit))] = sums
        return found

    def _in_units(self, unit: int) -> Keys:
        """Return the keys, of columns in another unit."""
        return self._read // self.unit * unit + self._read % self.unit

    def layout(self) -> dict[str, NDArray[Any]]:
        """Return which counts there are."""
        return {"keys": self._read, "unit": np.array(self.unit)}

    def laid_out(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the family with these counts.

        Raises
        ------
        ParameterError
            If they are no counts of its columns.
        """
        keys, unit = arrays["keys"], int(arrays["unit"])
        sound = keys.dtype == np.int64 and keys.ndim == 1 and 1 <= unit <= LARGEST_COUNT
        if not sound or not (np.diff(keys) > 0).all() or (keys // unit >= self.columns).any():
            raise ParameterError("'keys' are no counts of the columns")
        if (keys % unit < 1).any():
            raise ParameterError("'keys' should hold counts above 0")
        return replace(self, keys=keys, unit=unit)

    @property
    def n_cells(self) -> int:
        """Return the number of different counts above 0, column by column."""
        return len(self._read)

    def swept_sparse(self) -> bool:
        """Return True: of the features of a column, a row has at most one."""
        return True

    @property
    def _read(self) -> Keys:
        if self.keys is None:
            raise ParameterError("a negative binomial family reads rows after `reading` them")
        return self.keys

    @cached_property
    def _counts(self) -> Float:
        """The count of each feature of cells (C,)."""
        return (self._read % self.unit).astype(np.float64)

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        """The column of each feature of cells (C,)."""
        return (self._read // self.unit).astype(np.intp)

    @cached_property
    def _bounds(self) -> Keys:
        """Where the features of each column begin, and C (D + 1,)."""
        return np.searchsorted(self._read, self.unit * np.arange(self.columns + 1)).astype(np.int64)

    def _keys_of(self, rows: Any) -> tuple[NDArray[np.intp], Keys]:
        """Return how many counts above 0 each row has (n,), and their keys, row by row."""
        if issparse(rows):
            above = rows.data != 0
            ends = np.concatenate([[0], np.cumsum(above)])[rows.indptr]
            columns, counts = rows.indices[above], rows.data[above]
            return np.diff(ends), columns.astype(np.int64) * self.unit + counts.astype(np.int64)
        above = rows > 0
        counts = np.where(above, rows, 0.0).astype(np.int64)
        return above.sum(axis=1), (counts + np.arange(self.columns) * self.unit)[above]

    def sparse_cells(self, rows: Any) -> csr_array:
        """Return a one at the count of each cell above 0, as CSR.

        Raises
        ------
        ParameterError
            If a count is none of those that the family was set to read.
        """
        sizes, keys = self._keys_of(rows)
        places = np.searchsorted(self._read, keys)
        known = places < len(self._read)
        if not known.all() or (self._read[places] != keys).any():
            raise ParameterError("rows hold counts that the family was not set to read")
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        return csr_array((np.ones(len(keys)), places, bounds), shape=(len(sizes), len(self._read)))

    def coded(self, rows: Any) -> tuple[Float, NDArray[np.int32]]:
        """Return which cells are known (O, n), and where the counts above 0 stand (D, n)."""
        cells = np.ascontiguousarray(rows.T, dtype=np.float64)
        return 1.0 - np.isnan(cells[: self.n_opening]), codes_of(cells, self._read, self.unit)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write a one at the count of each cell above 0."""
        features[:] = self.sparse_cells(cells).toarray().T

    def log_base_cells(self, cells: Float) -> Float:
        """Return -log x!."""
        return -gammaln(cells + 1.0)

    def careful_log_density(self, rows: Any, parameters: Overdispersed) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a count is large."""
        if np.fmax.reduce(rows.data if issparse(rows) else rows, axis=None, initial=0.0) <= LARGE:
            return None
        counts = rows.toarray() if issparse(rows) else np.asarray(rows, dtype=np.float64)
        own = zip(np.maximum(parameters.means, SMALLEST), parameters.sizes, strict=True)
        logs = [negative_binomial_logs(counts, *each) for each in own]
        return np.where(np.isnan(counts), 0.0, logs).sum(axis=2).T

    def segments(self) -> Segments | None:
        """Return means and 1/r in front of the counts of each column."""
        return table_segments(self._counts, self._bounds, self.n_opening)

    def terms(self, parameters: Overdispersed) -> tuple[Float, Float]:
        """Return log f(0), and log f(x) - log f(0) of each count, without the factorials."""
        return log_masses(self._counts, self._bounds, parameters.means, 1.0 / parameters.sizes)

    def even_terms(self, log_widths: Float) -> tuple[Float, Float]:
        """Return the constants, and log x! of each count: what log h(x) has is taken away."""
        return -log_widths[None], gammaln(self._counts + 1.0)[None]

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
        totals = self._by_column(sums * self._counts)
        means = np.divide(totals, rows, out=np.ones(rows.shape), where=some)
        guess = None if previous is None else 1.0 / previous.sizes
        if held is not None:
            means = np.where(np.isnan(held), means, held)
        known = held is not None and not np.isnan(held).all()
        beyond = totals - rows * means if known else np.zeros(means.shape)
        inverse = dispersions(sums, self._counts, self._bounds, rows, means, beyond, guess)
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

    def _by_column(self, each: Float) -> Float:
        """Return the sums (K, D) of what the features of cells have, (K, C)."""
        some = np.diff(self._bounds) > 0
        totals = np.zeros((len(each), self.columns))
        totals[:, some] = np.add.reduceat(each, self._bounds[:-1][some], axis=1)
        return totals

    def points(self, cells: Any) -> Any:
        """Return log (1 + x): counts that vary much have deviations like their means."""
        return cells.log1p() if issparse(cells) else np.log1p(cells)

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
        x, total = self._counts, means + sizes
        by_size = -np.log1p(means / sizes) + means / total
        own = psi(x + own_r) - psi(own_r) - x / (own_r + own_m)
        infinite = np.isinf(parameters.sizes)
        return [
            self._spread(
                -1.0 / (1.0 + means / parameters.sizes), x / (own_m * (1 + own_m / own_r))
            ),
            self._spread(np.where(infinite, 0.0, by_size), own) * ~infinite[:, :, None],
        ]

    def curvatures(self, parameters: Overdispersed) -> Sequence[Sequence[Float]]:
        """Return the second derivatives of `slopes`."""
        means, sizes, own_m, own_r = self._both(parameters)
        x, total, own_total = self._counts, means + sizes, own_m + own_r
        finite = np.isfinite(parameters.sizes)[:, :, None]
        across = self._spread(-means / total**2, x / own_total**2) * finite
        by_size = means / (sizes * total) - means / total**2
        own = polygamma(1, x + own_r) - polygamma(1, own_r) + x / own_total**2
        by_mean = self._spread(sizes / total**2, x / own_total**2 - x / own_m**2)
        return [[by_mean, across], [across, self._spread(by_size, own) * finite]]

    def _both(self, parameters: Overdispersed) -> tuple[Float, Float, Float, Float]:
        """Return means and sizes by column, and by feature; a size at the most 1e12."""
        means, sizes = parameters.means, np.minimum(parameters.sizes, 1e12)
        return means, sizes, means[:, self._columns], sizes[:, self._columns]

    def _spread(self, constant: Float, own: Float) -> Float:
        """Return (K, D, P) in which column j has its own entries only."""
        inside = self._columns == np.arange(self.columns)[:, None]
        return np.concatenate([*self.opened_by_column(constant), own[:, None] * inside], axis=2)

    def support(self, parameters: Overdispersed, effective_rows: Float) -> Sequence[Float]:
        """Return the count expected of a mean, and no row of an infinite size."""
        rows = effective_rows[:, None]
        return [
            rows * parameters.means,
            np.where(np.isinf(parameters.sizes), 0.0, rows * np.ones_like(parameters.sizes)),
        ]
