"""Gaussian components for rows of which some cells are missing (at random).

No cell is filled in. A row's density is that of its observed columns; the sums of the M-step hold
what missing cells are expected to add, which is worked out for a pattern of observed columns at
once. Rows should be sorted by pattern.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.centred import far_components
from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.family import LOG_TWO_PI, GaussianFamily
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.gappy_kernel import GappyKernel
from mixtura.components.gaussian.incomplete_sweep import (
    IncompleteEvaluator,
    IncompleteMoments,
    IncompleteTile,
)
from mixtura.components.gaussian.kernel import is_compiled
from mixtura.components.gaussian.observed import is_ill_conditioned
from mixtura.components.gaussian.parameters import (
    GaussianParameters,
    GaussianSums,
    RowTotals,
)
from mixtura.components.gaussian.prior import GaussianPrior, NoPrior
from mixtura.components.gaussian.structures import FLAT, Structure, structure, unpooled
from mixtura.errors import ParameterError
from mixtura.native.gaps import GappyRows
from mixtura.native.parts import readable

__all__ = ["IncompleteGaussianFamily", "IncompleteTotals"]

Float = NDArray[np.float64]

# How much larger the terms of a component's density about its mean may be than what they leave: a
# Schur step has no factors to whiten by.
MOST_GAPPY_LOSS = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class IncompleteTotals(RowTotals):
    """Sums over all rows, and the weight of the rows in which a column was observed (D,)."""

    observed: Float


@dataclass(frozen=True)
class IncompleteGaussianFamily(GaussianFamily):
    """K Gaussian components for rows with missing cells; no scatter is pooled."""

    @classmethod
    def of(
        cls,
        structure: Structure,
        mean: Float,
        spread: Float,
        steps: Float | None = None,
    ) -> "IncompleteGaussianFamily":
        """Return the family for columns whose observed cells have these means and deviations."""
        frame = Frame.of(mean, spread, one_scale=structure.one_scale)
        return cls(unpooled(structure), frame, steps)

    @property
    def _wide(self) -> bool:
        return False

    def workspace(self, n_rows: int) -> None:
        """Return nothing: rows are read where they are."""

    def prepare(self, rows: NDArray[Any], workspace: None) -> IncompleteTile:
        """Return rows (n, D), NaN where a cell is missing, and the frame they are to be read in."""
        return IncompleteTile(self._gappy(rows))

    def _gappy(self, rows: NDArray[Any]) -> GappyRows:
        return GappyRows(readable(rows), self.frame.origin, self._inverse_scale, self._entropies)

    @cached_property
    def _inverse_scale(self) -> Float:
        return 1.0 / self.frame.scale

    @cached_property
    def _entropies(self) -> Float:
        return np.log(self.frame.scale) + 0.5 * (LOG_TWO_PI + 1.0)

    def bind(self, log_weights: Float, parameters: GaussianParameters) -> Any:
        """Return the evaluator of one sweep."""
        return self._evaluator(log_weights, parameters, far_components(parameters))

    def unbound(self, n_components: int) -> Any:
        """Return an evaluator under which missing cells have their column's mean and variance."""
        parameters = self._at_origin(n_components)
        none = np.zeros(n_components, dtype=bool)
        return self._evaluator(np.zeros(n_components), parameters, none)

    def _evaluator(
        self, log_weights: Float, parameters: GaussianParameters, far: NDArray[np.bool_]
    ) -> IncompleteEvaluator:
        constants = log_weights + parameters.covariance.log_determinant()
        natural = partial(self._natural, constants)
        return IncompleteEvaluator(
            self._entropies,
            log_weights,
            parameters,
            natural,
            self._map,
            far,
            is_ill_conditioned(parameters, MOST_GAPPY_LOSS),
        )

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
        seen = ~np.isnan(prepared.gappy.cells)
        weights = np.ones(len(seen)) if row_weights is None else row_weights
        plain = super().shared(prepared, row_weights)
        return IncompleteTotals(plain.weight, plain.first, plain.second, weights @ seen)

    def offset(self, parameters: GaussianParameters, sums: GaussianSums, shared: Any) -> float:
        """Return the normalising constants of the observed cells."""
        return self._constant(shared)

    def _constant(self, shared: IncompleteTotals) -> float:
        return -float(shared.observed @ (np.log(self.frame.scale) + 0.5 * LOG_TWO_PI))

    def hold(
        self,
        evaluator: IncompleteEvaluator,
        places: NDArray[np.intp],
        log_weights: Float,
        background: BoxBackground,
    ) -> None:
        """Give some components the log density of the background, and these weights, instead."""
        evaluator.hold_even(places, log_weights, self.told_of(background))

    def told_of(self, background: BoxBackground) -> Float:
        """Return the log density of each cell (D,), beside what the evaluator leaves out."""
        return np.log(self.frame.scale) + 0.5 * LOG_TWO_PI - background.log_widths

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: Any, distinct_share: float
    ) -> GappyKernel | None:
        """Return a compiled loop over rows sorted by pattern, or None where there is none."""
        known = structure(self.structure.code)
        if self.structure != unpooled(known) or not is_compiled(known.code, self.n_columns):
            return None
        return GappyKernel(
            self.structure,
            self.n_features(),
            self._gappy(rows),
            self._products_of(np.where(np.isnan(rows), self.frame.origin, rows)),
            None if row_weights is None else np.ascontiguousarray(row_weights),
            np.ascontiguousarray(self._unit),
            self._metric,
            shared.weight,
            self._constant(shared) / shared.weight,
            self.fewest_rows,
            self.structure.least_rows(self.n_columns) / distinct_share,
            self.structure.least_rows(self.n_columns),
            np.ascontiguousarray(shared.factor(self.structure.storage)),
            np.ascontiguousarray(self.frame.spread / self.frame.scale),
        )

    def moments(
        self, sums: Any, previous: GaussianParameters | None, shared: Any
    ) -> IncompleteMoments:
        """Return N_k, the means and the scatter about them, all completed."""
        plain = super().moments(sums, previous, shared)
        entropy = float(sums.entropy.sum())
        return IncompleteMoments(
            plain.effective_rows, plain.means, plain.scatter, plain.pooled, entropy
        )

    def maximise(
        self, moments: Any, previous: GaussianParameters | None, prior: GaussianPrior
    ) -> GaussianParameters:
        """Return the parameters of the M-step.

        Raises
        ------
        ParameterError
            If a covariance is singular, or so nearly that compiled sweeps cannot tell: without a
            prior only that of a component on too few rows.
        """
        found = super().maximise(moments, previous, prior)
        flat = is_ill_conditioned(found, MOST_GAPPY_LOSS)
        if isinstance(prior, NoPrior):
            flat &= moments.effective_rows <= self.structure.least_rows(self.n_columns)
        if flat.any() or self._vanishes(found):
            raise ParameterError("a component has no width in some direction")
        return found

    def _vanishes(self, parameters: GaussianParameters) -> bool:
        """Return whether a width is nothing to its column's, and goes on to shrink.

        Without a floor, a component whose observed cells hold one value has its variance multiplied
        in every sweep by the share of its rows that miss the cell: it is never 0.
        """
        factors, units = parameters.covariance.factors, self.frame.spread / self.frame.scale
        units = units.max() if factors.ndim == 1 else units.reshape(-1, *[1] * (factors.ndim - 2))
        return bool((np.abs(factors) * units).max() > 1.0 / np.sqrt(FLAT))

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
