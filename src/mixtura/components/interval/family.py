"""Gaussian components of values that are known as intervals: rounded, binned and censored cells.

Columns are independent in a component. What is asked of parameters is asked of Gaussian components
of rows with missing cells, of which a cell that is open at both ends is one.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.incomplete import IncompleteTotals
from mixtura.components.gaussian.incomplete_sweep import IncompleteMoments
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.rows import nearest_components
from mixtura.components.gaussian.structures import Structure, unpooled
from mixtura.components.interval.evaluator import Column, IntervalEvaluator, IntervalTile
from mixtura.components.interval.layout import Layout
from mixtura.components.underlying import UnderlyingFamily

__all__ = ["IntervalFamily"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IntervalRowTotals(IncompleteTotals):
    """Sums over all rows, and the weight of those in which a column is known exactly (D,)."""

    exact: Float


@dataclass(frozen=True)
class IntervalFamily(UnderlyingFamily):
    """K Gaussian components with diagonal covariances; rows are what `Layout` joins."""

    @classmethod
    def holding(cls, form: Structure, mean: Float, spread: Float) -> "IntervalFamily":
        """Return the family for columns whose places have these means and deviations."""
        return cls(unpooled(form), Frame.of(mean, spread, one_scale=form.one_scale))

    @classmethod
    def reading_intervals(cls, plain: Any) -> "IntervalFamily":
        """Return what reads intervals by a family in the user's units."""
        return cls(plain.structure, plain.frame)

    @property
    def layout(self) -> Layout:
        """Return how rows are cut."""
        return Layout(self.n_columns)

    def prepare(self, rows: NDArray[Any], workspace: Any) -> Any:
        """Return the tile of rows (n, 3 D)."""
        own = np.asarray(rows, np.float64)
        exact, missing = self.layout.exact(own), self.layout.missing(own)
        low, high = self.layout.low(own), self.layout.high(own)
        columns = []
        for j, (origin, scale) in enumerate(zip(self.frame.origin, self.frame.scale, strict=True)):
            known = np.flatnonzero(exact[:, j])
            held = np.flatnonzero(~exact[:, j] & ~missing[:, j])
            ends = low[held, j], high[held, j]
            columns.append(
                Column(
                    known,
                    (low[known, j] - origin) / scale,
                    held,
                    (ends[0] - origin) / scale,
                    (ends[1] - origin) / scale,
                    (ends[1] - ends[0]) / scale,
                )
            )
        places = self._plain.prepare(self.layout.places(own), workspace)
        return IntervalTile(places, tuple(columns), len(own))

    def bind(self, log_weights: Float, parameters: GaussianParameters) -> IntervalEvaluator:
        """Return the evaluator of one sweep."""
        return IntervalEvaluator(log_weights, parameters, diagonal=self._diagonal)

    def shared(self, prepared: Any, row_weights: Float | None) -> IntervalRowTotals:
        """Return the sums of a tile that involve no component, and weights by column."""
        plain = self._plain.shared(prepared.gaussian, row_weights)
        weights = np.ones(prepared.n_rows) if row_weights is None else row_weights
        exact = np.array([weights[column.exact].sum() for column in prepared.columns])
        held = np.array([weights[column.held].sum() for column in prepared.columns])
        return IntervalRowTotals(plain.weight, plain.first, plain.second, exact + held, exact)

    def _constant(self, shared: Any) -> float:
        return -float(shared.exact @ self._constants)

    def moments(
        self, sums: Any, previous: GaussianParameters | None, shared: Any
    ) -> IncompleteMoments:
        """Return N_k, the means and the scatter about them, of what lies in the intervals."""
        found = super().moments(sums, previous, shared)
        inexact = (shared.weight - shared.exact) @ self._constants
        return replace(found, entropy=found.entropy + float(inexact))

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return the places of cells in units of each column's spread."""
        return self._plain.embed(self.layout.places(rows))

    def in_user_units(self, parameters: GaussianParameters) -> tuple[Any, GaussianParameters]:
        """Return the family in the user's units, which reads intervals, and parameters."""
        plain, found = super().in_user_units(parameters)
        return self.reading_intervals(plain), found

    def row_log_density(self, rows: NDArray[Any], parameters: GaussianParameters) -> Float:
        """Return log f_k (n, K) of rows (n, 3 D): densities of exact cells, probabilities else."""
        evaluator = self.bind(np.zeros(parameters.n_components), parameters)
        tile = self.prepare(rows, self.workspace(len(rows)))
        found = np.empty((parameters.n_components, len(rows)))
        evaluator.log_density(tile, found)
        exact = self.layout.exact(np.asarray(rows))
        return (found - exact @ self._constants).T

    def far_posterior(self, rows: NDArray[Any], parameters: GaussianParameters) -> Float:
        """Return 1 for the components nearest in their own metric, shared where they tie."""
        places = self.layout.places(rows)
        return nearest_components(np.where(self.layout.missing(rows), np.nan, places), parameters)
