"""Poisson components: rows of independent counts, for one exposure each or one given."""

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
from mixtura.components.simplex import SMALLEST, floored_log, log_factorials, narrowed
from mixtura.components.stacked import Rates
from mixtura.components.words import component_count, level_table
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT, EXPOSURE, ColumnKind

__all__ = ["PoissonFamily"]

Float = NDArray[np.float64]


@final
@dataclass(frozen=True)
class PoissonFamily(ExponentialFamily):
    """K products of Poissons: log f_k(x) = Σ_j x_j log (e λ_kj) - e λ_kj - log x_j!.

    Attributes
    ----------
    n_counts : number of columns of counts
    exposure : which column of the rows is the exposure e; None where it is 1 throughout
    sparse : whether the rows to be fitted are CSR, which have no exposure
    """

    n_counts: int
    exposure: int | None = None
    sparse: bool = False

    name: ClassVar[str] = "poisson"

    @property
    def n_columns(self) -> int:
        """Return the number of columns, that of the exposure included."""
        return self.n_counts + (self.exposure is not None)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """Return counts, and which column is the exposure."""
        columns = range(self.n_columns)
        return tuple(EXPOSURE if column == self.exposure else COUNT for column in columns)

    def width(self) -> int:
        """Return 1 + D."""
        return 1 + self.n_columns

    def reading(self, rows: Any) -> Self:
        """Return the family for dense or sparse rows."""
        return replace(self, sparse=issparse(rows))

    def swept_sparse(self) -> bool:
        """Return whether the rows to be fitted are CSR."""
        return self.sparse

    def segments(self) -> Segments | None:
        """Return rates, or None where there are exposures."""
        if self.exposure is not None:
            return None
        return Segments(((SegmentKind.RATES, self.n_counts),), Rates)

    def fill(self, rows: NDArray[Any], features: Float) -> None:
        """Write [1, x], or [1, x, e]."""
        features[1 : 1 + self.n_counts] = self._counts(rows).T
        if self.exposure is not None:
            features[-1] = rows[:, self.exposure]

    def log_base(self, rows: Any) -> Float:
        """Return Σ_j x_j log e - log x_j!."""
        counts = self._counts(rows)
        base = -log_factorials(counts)
        if self.exposure is None:
            return base
        return base + counts.sum(axis=1) * np.log(rows[:, self.exposure])

    def natural(self, parameters: Rates) -> Float:
        """Return [-Σ_j λ_kj, log λ_k], or [0, log λ_k, -Σ_j λ_kj]."""
        logs = floored_log(parameters.rates)
        total = -parameters.rates.sum(axis=1, keepdims=True)
        if self.exposure is None:
            return np.hstack([total, logs])
        return np.hstack([np.zeros_like(total), logs, total])

    def estimate(self, features: Float, previous: Rates | None) -> Rates:
        """Return λ_kj = Σ r x_j / Σ r e."""
        counts = features[:, 1 : 1 + self.n_counts]
        exposure = features[:, :1] if self.exposure is None else features[:, -1:]
        exposure = np.broadcast_to(exposure, counts.shape)
        rates = np.ones(counts.shape) if previous is None else previous.rates.copy()
        np.divide(counts, exposure, out=rates, where=exposure > SMALLEST)
        return Rates(rates)

    def cells_of(self, features: Float) -> Cells | None:
        """Return the counts of columns, or None where there are exposures."""
        return None if self.exposure is not None else Cells(features[:, 1:], [0])

    def pseudo(self, cells: Float, shared: Any) -> Float:
        """Return counts of as many rows as have so many in all."""
        mean = shared.features[1:].sum() / shared.features[0]
        return np.concatenate([[cells.sum() / max(mean, SMALLEST)], cells])

    def n_free(self, n_components: int) -> int:
        """Return K D."""
        return n_components * self.n_counts

    def deviations(self, rows: Any, weights: Float | None) -> Deviations | None:
        """Return counts less their means, or None where there are exposures."""
        if self.exposure is not None:
            return None
        total = float(rows.shape[0] if weights is None else weights.sum())
        rows, counts = weighed(rows, weights)
        each = np.ones(rows.shape[0]) if weights is None else np.sqrt(weights)
        return Deviations(rows, each, counts / total, counts, skipped=2)

    def embed(self, rows: Any) -> Float:
        """Return square roots of counts for an exposure of 1: their variance is about ¼."""
        counts = self._counts(rows)
        if self.exposure is not None:
            counts = counts / rows[:, self.exposure, None]
        return narrowed(np.sqrt(counts))

    def sample(
        self, parameters: Rates, labels: NDArray[np.intp], rng: np.random.Generator
    ) -> Float:
        """Return one row (D,) per label, for an exposure of 1."""
        counts = rng.poisson(parameters.rates[labels]).astype(np.float64)
        return counts if self.exposure is None else np.insert(counts, self.exposure, 1.0, axis=1)

    def title(self, n_components: int) -> str:
        """Return "Mixture of Poissons, 3 components"."""
        return f"Mixture of Poissons, {component_count(n_components)}"

    def tables(self, parameters: Rates, columns: Sequence[str]) -> list[str]:
        """Return the rates as a text table."""
        return [level_table("Rates by component", self._counted(columns), parameters.rates)]

    def describe(self, parameters: Rates, columns: Sequence[str]) -> Mapping[str, Any]:
        """Return columns, rates and which column is the exposure."""
        exposure = None if self.exposure is None else columns[self.exposure]
        return {
            "columns": self._counted(columns),
            "exposure": exposure,
            "rates": parameters.rates.tolist(),
        }

    def to_arrays(self, parameters: Rates) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the arrays and the document of a model file."""
        return {"rates": parameters.rates}, {"family": self.name, "exposure": self.exposure}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> tuple["PoissonFamily", Rates]:
        """Return what `to_arrays` was given.

        Raises
        ------
        ParameterError
            If the arrays are no rates.
        """
        rates, exposure = arrays["rates"], document["exposure"]
        if rates.ndim != 2 or not (np.isfinite(rates) & (rates >= 0)).all():
            raise ParameterError("'rates' should be (K, D) finite numbers from 0 up")
        if exposure is not None and exposure not in range(rates.shape[1] + 1):
            raise ParameterError(f"'exposure' should be a column, but got {exposure!r}")
        return cls(rates.shape[1], exposure), Rates(rates)

    def _counts(self, rows: Any) -> Any:
        return rows if self.exposure is None else np.delete(rows, self.exposure, axis=1)

    def _counted(self, columns: Sequence[str]) -> list[str]:
        return [name for position, name in enumerate(columns) if position != self.exposure]
