"""Gaussian components for rows of which some cells are missing (at random).

No cell is filled in. A row's density is that of its observed columns; the sums of the M-step hold
what missing cells are expected to add, which is worked out for a pattern of observed columns at
once. With zeros for missing cells the products of features stay what they are: a pattern only has
its own natural parameters, zero where a column is missing. Rows should be sorted by pattern.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mixtura.components.gaussian.centred import far_components
from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.evaluator import GaussianWorkspace
from mixtura.components.gaussian.family import LOG_TWO_PI, GaussianFamily
from mixtura.components.gaussian.features import FeatureMap
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.incomplete_sweep import IncompleteEvaluator, IncompleteTile
from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
    RowTotals,
)
from mixtura.components.gaussian.patterns import Patterns
from mixtura.components.gaussian.prior import GaussianPrior
from mixtura.components.gaussian.structures import Structure, structure, unpooled

__all__ = ["IncompleteGaussianFamily"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IncompleteTotals(RowTotals):
    """Sums over all rows, and the weight of the rows in which a column was observed (D,)."""

    observed: Float


@dataclass(frozen=True, slots=True)
class IncompleteMoments(GaussianMoments):
    """Completed moments, and the expected entropy of the missing cells."""

    entropy: float = 0.0


@dataclass(frozen=True)
class IncompleteGaussianFamily(GaussianFamily):
    """K Gaussian components for rows with missing cells; no scatter is pooled."""

    @classmethod
    def of(
        cls,
        structure: Structure,
        mean: Float,
        spread: Float,
        dtype: DTypeLike = np.float64,
        steps: Float | None = None,
    ) -> "IncompleteGaussianFamily":
        """Return the family for columns whose observed cells have these means and deviations."""
        frame = Frame.of(mean, spread, one_scale=structure.one_scale)
        return cls(unpooled(structure), frame, np.dtype(dtype), steps)

    @property
    def features(self) -> FeatureMap:
        """Return the feature map, which is never too wide: patterns need the products."""
        return self._map

    @property
    def _wide(self) -> bool:
        return False

    def prepare(self, rows: NDArray[Any], workspace: GaussianWorkspace) -> IncompleteTile:
        """Bring rows (n, D) into the frame, missing cells at its origin."""
        # In float64, so that what is filled in becomes zero and no rounding.
        filled = np.where(np.isnan(rows), self.frame.origin, rows)
        tile = super().prepare(filled, workspace)
        return IncompleteTile(tile.features, tile.rows, Patterns.of(rows), {})

    def bind(self, log_weights: Float, parameters: GaussianParameters) -> Any:
        """Return the evaluator of one sweep."""
        far = far_components(parameters, self.dtype)
        return IncompleteEvaluator(
            self, log_weights, parameters, self._plain_precisions(parameters), far
        )

    def unbound(self, n_components: int) -> Any:
        """Return an evaluator under which missing cells have their column's mean and variance."""
        parameters = self._at_origin(n_components)
        none = np.zeros(n_components, dtype=bool)
        precisions = self._plain_precisions(parameters)
        return IncompleteEvaluator(self, np.zeros(n_components), parameters, precisions, none)

    def _plain_precisions(self, parameters: GaussianParameters) -> Float:
        return np.ascontiguousarray(self._precisions(parameters))

    def _at_origin(self, n_components: int) -> GaussianParameters:
        factors = np.tile(self.frame.scale / self.frame.spread, (n_components, 1))
        if self._diagonal:
            covariance = covariance_of_factors("diagonal", factors, self.n_columns)
        else:
            full = factors[:, :, None] * np.eye(self.n_columns)
            covariance = covariance_of_factors("full", full, self.n_columns)
        return GaussianParameters(np.zeros((n_components, self.n_columns)), covariance)

    def shared(self, prepared: Any, row_weights: Float | None) -> IncompleteTotals:
        """Return the sums of a tile that involve no component, and weights by column."""
        patterns = prepared.patterns
        if row_weights is None:
            weights = np.diff(patterns.bounds).astype(np.float64)
        else:
            weights = np.add.reduceat(row_weights, patterns.bounds[:-1])
        plain = super().shared(prepared, row_weights)
        return IncompleteTotals(
            plain.weight, plain.first, plain.second, weights @ patterns.observed
        )

    def offset(self, parameters: GaussianParameters, sums: GaussianSums, shared: Any) -> float:
        """Return the normalising constants of the observed cells."""
        return -float(shared.observed @ (np.log(self.frame.scale) + 0.5 * LOG_TWO_PI))

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: Any, distinct_share: float
    ) -> None:
        """Return nothing: no loop is compiled for it."""

    def entropies(self, missing: NDArray[np.bool_]) -> Float:
        """Return the entropy of missing columns (S, D), but for their precision's determinant."""
        return missing @ (np.log(self.frame.scale) + 0.5 * (LOG_TWO_PI + 1.0))

    def moments(
        self, sums: Any, previous: GaussianParameters | None, shared: Any
    ) -> IncompleteMoments:
        """Return N_k, the means and the scatter about them, all completed."""
        plain = super().moments(sums, previous, shared)
        entropy = float(sums.entropy.sum())
        return IncompleteMoments(
            plain.effective_rows, plain.means, plain.scatter, plain.pooled, entropy
        )

    def expected_log_density(self, parameters: GaussianParameters, moments: Any) -> float:
        """Return Σ_k Σ_i w r E[log f_k(x_i)], and the entropy of the missing cells.

        So the log-likelihood is above it by the entropy of the components alone.
        """
        return super().expected_log_density(parameters, moments) + moments.entropy

    def prior(self, name: Any, shared: Any, n_components: int) -> GaussianPrior:
        """Return the penalty of that name, for variances of the observed cells."""
        share = np.sqrt(shared.weight / shared.observed)
        products = share**2 if shared.second.ndim == 1 else np.outer(share, share)
        totals = RowTotals(shared.weight, shared.first * share**2, shared.second * products)
        return super().prior(name, totals, n_components)

    def _known_shares(self, shared: Any) -> Float:
        """Return the share of the rows (D,) in which each column was observed."""
        return shared.observed / shared.weight

    def embed(self, rows: NDArray[Any]) -> Float:
        """Return rows in units of each column's spread, missing cells at the column's mean."""
        return np.nan_to_num(super().embed(rows), copy=False)

    def in_user_units(
        self, parameters: GaussianParameters
    ) -> tuple[GaussianFamily, GaussianParameters]:
        """Return the plain family, which reads missing cells too, and the parameters."""
        _, found = super().in_user_units(parameters)
        plain = GaussianFamily.in_own_units(structure(self.structure.code), self.n_columns)
        return plain, found
