"""Poisson components: rows of independent counts, for one exposure each or one given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from scipy.special import gammaln

from mixtura.components.columnwise import ColumnwiseFamily, Number
from mixtura.components.deviations import Deviations, weighed
from mixtura.components.evidence import Cells
from mixtura.components.saddle_point import LARGE, poisson_logs
from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.simplex import SMALLEST, floored_log
from mixtura.components.stacked import Rates
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT, EXPOSURE, ColumnKind

__all__ = ["PoissonFamily", "drawn_counts"]

Float = NDArray[np.float64]


# Above, numpy draws none, and a count is a normal number rounded.
MOST_DRAWN = 1e18


def drawn_counts(rates: Float, rng: np.random.Generator) -> Float:
    """Return counts of Poissons of any rates."""
    counts = rng.poisson(np.minimum(rates, MOST_DRAWN)).astype(np.float64)
    large = rates > MOST_DRAWN
    if large.any():
        own = rates[large]
        counts[large] = np.round(own + np.sqrt(own) * rng.standard_normal(own.shape))
    return counts


@final
@dataclass(frozen=True)
class PoissonFamily(ColumnwiseFamily):
    """K products of Poissons: log f_k(x) = Σ_j x_j log (e λ_kj) - e λ_kj - log x_j!.

    Attributes
    ----------
    columns, gaps, sparse
        As in `ColumnwiseFamily`, the exposure not counted.
    exposure : which column of the rows is the exposure e; None where it is 1 throughout
    """

    exposure: int | None = None

    name: ClassVar[str] = "poisson"
    plural: ClassVar[str] = "Poissons"
    about: ClassVar[str] = """Mixture of independent Poisson columns, for counts of events.

    Parameters
    ----------
    exposure : str, int or None
        The column (name or number) that holds how long or how large each row's observation was;
        rates are for an exposure of 1. None: all the same.
    """
    kind = COUNT
    values = Rates
    numbers = (Number("rates", "Rates", np.finfo(float).max),)

    def __post_init__(self) -> None:
        """Raise `ParameterError` where the exposure is no column."""
        # Not True or 1.0, which are in a range of numbers too.
        known = type(self.exposure) is int and self.exposure in range(self.columns + 1)
        if self.exposure is not None and not known:
            raise ParameterError(f"'exposure' should be a column, but got {self.exposure!r}")

    @property
    def n_columns(self) -> int:
        """Return the number of columns, that of the exposure included."""
        return self.columns + self.has_exposure

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return counts, and which column is the exposure."""
        columns = range(self.n_columns)
        return tuple(EXPOSURE if column == self.exposure else COUNT for column in columns)

    @property
    def has_exposure(self) -> bool:
        """Return whether a column of rows is the exposure."""
        return self.exposure is not None

    def exposures_of(self, rows: Any) -> Float | None:
        """Return the exposures (n,), or None."""
        return None if self.exposure is None else rows[:, self.exposure]

    def cells_of(self, rows: Any) -> Any:
        """Return the counts."""
        return rows if self.exposure is None else np.delete(rows, self.exposure, axis=1)

    def segments(self) -> Segments:
        """Return rates."""
        return Segments(((SegmentKind.RATES, self.columns, self.n_opening),), Rates)

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write x."""
        features[:] = cells.T

    def log_base_cells(self, cells: Float) -> Float:
        """Return -log x!."""
        return -gammaln(cells + 1.0)

    def log_base(self, rows: Any) -> Float:
        """Return Σ_j x_j log e - log x_j!."""
        base, exposures = super().log_base(rows), self.exposures_of(rows)
        if exposures is None:
            return base
        return base + np.nansum(self.cells_of(rows), axis=1) * np.log(exposures)

    def careful_log_density(self, rows: Any, parameters: Rates) -> Float | None:
        """Return log f_k(x) (n, K) by the saddle point where a count is large."""
        counts, exposures = self.cells_of(rows), self.exposures_of(rows)
        values = counts.data if issparse(counts) else counts
        if np.fmax.reduce(values, axis=None, initial=0.0) <= LARGE:
            return None
        counts = counts.toarray() if issparse(counts) else np.asarray(counts, dtype=np.float64)
        each = 1.0 if exposures is None else exposures[:, None]
        means = np.maximum(parameters.rates, SMALLEST)
        logs = [poisson_logs(counts, own * each) for own in means]
        return np.where(np.isnan(counts), 0.0, logs).sum(axis=2).T

    def terms(self, parameters: Rates) -> tuple[Float, Float]:
        """Return -λ and log λ."""
        return -parameters.rates, floored_log(parameters.rates)

    def estimate_cells(self, rows: Float, sums: Float, previous: Rates | None) -> Rates:
        """Return λ_kj = Σ r x_j / Σ r e."""
        rates = np.ones(sums.shape) if previous is None else previous.rates.copy()
        return Rates(np.divide(sums, rows, out=rates, where=rows > SMALLEST))

    def cell_counts(self, features: Float) -> Cells | None:
        """Return the counts of columns, or None where rows do not all count alike."""
        return None if self.n_opening else Cells(features[:, 1:], [0])

    def pseudo(self, cells: Float, shared: Any) -> Float:
        """Return counts of as many rows as have so many in all."""
        mean = shared.features[1:].sum() / shared.features[0]
        return np.concatenate([[cells.sum() / max(mean, SMALLEST)], cells])

    def deviations(self, rows: Any, weights: Float | None) -> Deviations | None:
        """Return counts less their means, or None where rows do not all count alike."""
        if self.n_opening:
            return None
        total = float(rows.shape[0] if weights is None else weights.sum())
        rows, counts = weighed(rows, weights)
        each = np.ones(rows.shape[0]) if weights is None else np.sqrt(weights)
        return Deviations(rows, each, counts / total, counts, skipped=2)

    def points(self, cells: Any) -> Any:
        """Return square roots of counts: their variance is about ¼."""
        return np.sqrt(cells)

    def draw(self, own: Rates, rng: np.random.Generator) -> Float:
        """Return counts (n, D), with an exposure of 1 where there is one."""
        counts = drawn_counts(own.rates, rng)
        return counts if self.exposure is None else np.insert(counts, self.exposure, 1.0, axis=1)

    def mean_and_variance(self, parameters: Rates) -> tuple[Float, Float]:
        """Return λ twice, for an exposure of 1."""
        return parameters.rates, parameters.rates

    def slopes(self, parameters: Rates) -> Sequence[Float]:
        """Return x / λ - e."""
        inside = np.maximum(parameters.rates, SMALLEST)
        return [self.by_column(-np.ones_like(inside), 1.0 / inside)]

    def curvatures(self, parameters: Rates) -> Sequence[Sequence[Float]]:
        """Return -x / λ²."""
        rates = parameters.rates
        return [[self.by_column(np.zeros_like(rates), -1.0 / rates**2)]]

    def support(self, parameters: Rates, effective_rows: Float) -> Sequence[Float]:
        """Return N_k λ_kj, the count expected for an exposure of 1."""
        return [effective_rows[:, None] * parameters.rates]

    def of_columns(self, columns: list[int]) -> Self:
        """Return the family of some columns alone.

        Raises
        ------
        ParameterError
            If there are exposures.
        """
        if self.has_exposure:
            raise ParameterError("margins of rates with an exposure need it; keep all columns")
        return super().of_columns(columns)

    def cell_names(self, columns: Sequence[str]) -> list[str]:
        """Return the names of the columns of counts."""
        return [name for position, name in enumerate(columns) if position != self.exposure]

    def described(self, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return which column is the exposure, by name."""
        return {"exposure": None if self.exposure is None else columns[self.exposure]}

    def settings(self) -> dict[str, Any]:
        """Return which column is the exposure."""
        return {"exposure": self.exposure}
