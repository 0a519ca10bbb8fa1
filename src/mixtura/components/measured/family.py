"""Gaussian components of values that were measured with errors (extreme deconvolution).

x ~ Σ_k π_k N(μ_k, Σ_k + S), where S is known row by row and stands in the row beside x. What is
asked of parameters is asked of Gaussian components of rows with missing cells, of which a cell that
was not measured is one: its error is infinite.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.incomplete import IncompleteTotals
from mixtura.components.gaussian.incomplete_sweep import IncompleteMoments
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.prior import GaussianPrior
from mixtura.components.gaussian.rows import nearest_components
from mixtura.components.gaussian.structures import Structure, unpooled
from mixtura.components.measured.chart import MeasuredChart
from mixtura.components.measured.evaluator import MeasuredEvaluator, MeasuredTile
from mixtura.components.measured.layout import Layout
from mixtura.components.underlying import UnderlyingFamily
from mixtura.native.measured import MeasuredRows

__all__ = ["MeasuredFamily"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class MeasuredFamily(UnderlyingFamily):
    """K Gaussian components of underlying values; rows are what `Layout` joins.

    Attributes
    ----------
    has_covariances : whether errors of two columns may go together
    typical : (D,) how large variances of errors are in the user's units, or None
    """

    has_covariances: bool = False
    typical: Float | None = None

    @classmethod
    def measuring(
        cls,
        form: Structure,
        mean: Float,
        spread: Float,
        typical: Float,
        *,
        has_covariances: bool,
    ) -> "MeasuredFamily":
        """Return the family for columns whose measured cells have these means and deviations.

        Parameters
        ----------
        typical : (D,) variances of errors
        """
        frame = Frame.of(mean, spread, one_scale=form.one_scale)
        told = {"has_covariances": has_covariances, "typical": typical}
        return cls(unpooled(form), frame, **told)

    @classmethod
    def reading_errors(cls, plain: Any, *, has_covariances: bool) -> "MeasuredFamily":
        """Return what reads rows with errors by a family in the user's units."""
        return cls(plain.structure, plain.frame, has_covariances=has_covariances)

    @property
    def layout(self) -> Layout:
        """Return how rows are cut."""
        return Layout(self.n_columns, self.has_covariances)

    @property
    def _reads_diagonals(self) -> bool:
        return self.structure.storage != "full" and not self.has_covariances

    def prepare(self, rows: NDArray[Any], workspace: Any) -> Any:
        """Return the tile of rows (n, W)."""
        return MeasuredTile(
            self._plain.prepare(self.layout.cells(rows), workspace),
            self._measured(rows),
            self.layout.variances(rows),
        )

    def _measured(self, rows: NDArray[Any]) -> MeasuredRows:
        own = np.ascontiguousarray(rows, np.float64)
        return MeasuredRows(own, self.frame.origin, self._inverse_scale, self._reads_diagonals)

    def bind(self, log_weights: Float, parameters: GaussianParameters) -> MeasuredEvaluator:
        """Return the evaluator of one sweep."""
        return MeasuredEvaluator(
            log_weights,
            parameters,
            has_full_sums=not self._diagonal,
            diagonal=self._reads_diagonals,
        )

    def shared(self, prepared: Any, row_weights: Float | None) -> IncompleteTotals:
        """Return the sums of a tile that involve no component, and weights by column."""
        seen = np.isfinite(prepared.variances)
        weights = np.ones(len(seen)) if row_weights is None else row_weights
        plain = self._plain.shared(prepared.gaussian, row_weights)
        return IncompleteTotals(plain.weight, plain.first, plain.second, weights @ seen)

    def moments(
        self, sums: Any, previous: GaussianParameters | None, shared: Any
    ) -> IncompleteMoments:
        """Return N_k, the means and the scatter about them, of what underlies the rows."""
        found = super().moments(sums, previous, shared)
        unseen = (shared.weight - shared.observed) @ self._constants
        return IncompleteMoments(
            found.effective_rows,
            found.means,
            found.scatter,
            found.pooled,
            found.entropy + float(unseen),
        )

    def chart(
        self, log_weights: Float, parameters: GaussianParameters, rows: Float, prior: GaussianPrior
    ) -> Any:
        """Return coordinates where covariances are free, and a penalty is on them alone."""
        plain = super().chart(log_weights, parameters, rows, prior)
        if plain is None or self.typical is None:
            return plain
        errors = self.typical / self.frame.scale**2
        return MeasuredChart.about(self.structure, log_weights, parameters, rows, errors)

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return measured cells in units of each column's spread, others at the column's mean."""
        cells, seen = self.layout.cells(rows), np.isfinite(self.layout.variances(rows))
        return self._plain.embed(np.where(seen, cells, self.frame.origin))

    def in_user_units(self, parameters: GaussianParameters) -> tuple[Any, GaussianParameters]:
        """Return the family in the user's units, which reads rows with errors, and parameters."""
        plain, found = super().in_user_units(parameters)
        return self.reading_errors(plain, has_covariances=self.has_covariances), found

    def row_log_density(self, rows: NDArray[Any], parameters: GaussianParameters) -> Float:
        """Return log N(x | μ_k, Σ_k + S) (n, K) of rows (n, W), of their measured cells."""
        evaluator = self.bind(np.zeros(parameters.n_components), parameters)
        tile = self.prepare(rows, self.workspace(len(rows)))
        found = np.empty((parameters.n_components, len(rows)))
        evaluator.log_density(tile, found)
        seen = np.isfinite(tile.variances) @ self._constants
        return (found - seen).T

    def far_posterior(self, rows: NDArray[Any], parameters: GaussianParameters) -> Float:
        """Return 1 for the components nearest in their own metric, shared where they tie."""
        seen = np.isfinite(self.layout.variances(rows))
        return nearest_components(np.where(seen, self.layout.cells(rows), np.nan), parameters)
