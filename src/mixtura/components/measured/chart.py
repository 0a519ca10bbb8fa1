"""Coordinates in which rows measured with errors tell as much of every parameter.

About a reference, with C the Cholesky factor of Σ⁰ + E for errors of a typical size: logits
√N_k η_k, means √N_k C_k⁻¹(μ_k - μ⁰_k), and for Σ_k = V_k V_kᵀ the entries of Y, V_k = C_k Y,
√(2 N_k) times those on its diagonal and √N_k times others. A width that errors leave nothing of is
Y = 0, a point like others, where logarithms of widths would run off without end.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters
from mixtura.components.gaussian.structures import Structure
from mixtura.components.measured.evaluator import factors_of, spreads_of

__all__ = ["MeasuredChart"]

Float = NDArray[np.float64]

# In units of C no root of a variance is less: gradients by means have digits in its square.
LEAST = 1e-5
# Widths are no more.
MOST = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredChart:
    """The coordinates about one point.

    Attributes
    ----------
    structure : in which nothing but the storage, and whether it is shared, constrains covariances
    log_weights : (K,) at the reference
    means : (K, D)
    units : (K, D, D) lower triangular C
    rows : (K,) effective rows, more than nothing
    groups : 1 where components share a covariance, else K
    """

    structure: Structure
    log_weights: Float
    means: Float
    units: Float
    rows: Float
    groups: int

    @classmethod
    def about(
        cls,
        structure: Structure,
        log_weights: Float,
        parameters: GaussianParameters,
        rows: Float,
        errors: Float,
    ) -> Self:
        """Return the chart about the parameters of K components with N_k rows.

        Parameters
        ----------
        errors : (D,) typical variances of errors
        """
        covariances = parameters.covariance.dense() + np.diag(errors)
        if structure.storage == "spherical":
            places = np.arange(len(errors))
            widths = covariances[:, places, places].mean(axis=1)
            covariances = widths[:, None, None] * np.eye(len(errors))
        groups = 1 if structure.shares_covariance else len(rows)
        units = np.linalg.cholesky(covariances).astype(np.float64, copy=False)
        return cls(structure, log_weights, parameters.means, units, rows, groups)

    def coordinates(self, log_weights: Float, parameters: GaussianParameters) -> Float:
        """Return the coordinates (P,) of a mixture."""
        logits = np.sqrt(self.rows) * (log_weights - self.log_weights)
        shifts = _solved(self.units, (parameters.means - self.means)[:, :, None])[:, :, 0]
        spreads = spreads_of(parameters.covariance.factors[: self.groups], self.means.shape[1])
        entries = self._entries(_solved(self.units[: self.groups], spreads), np.mean)
        return np.concatenate(
            [logits, (np.sqrt(self.rows)[:, None] * shifts).ravel(), (entries * self._size).ravel()]
        )

    def at(self, point: Float) -> tuple[Float, GaussianParameters] | None:
        """Return log weights and parameters at a point (P,), or None where widths are absurd."""
        n_components, n_columns = self.means.shape
        bounds = np.cumsum([n_components, n_components * n_columns])
        logits, shifts, entries = np.split(point, bounds)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            log_weights = self.log_weights + logits / np.sqrt(self.rows)
            log_weights = log_weights - np.logaddexp.reduce(log_weights)
            moved = shifts.reshape(self.means.shape) / np.sqrt(self.rows)[:, None]
            means = self.means + (self.units @ moved[:, :, None])[:, :, 0]
            inside = self._matrices(entries.reshape(self.groups, -1) / self._size)
            spreads = self.units[: self.groups] @ inside
        near = np.abs(inside).max() < MOST
        if not (near and np.isfinite(means).all() and np.isfinite(log_weights).all()):
            return None
        factors = factors_of(spreads)
        if self.structure.storage != "full":
            factors = np.diagonal(factors, axis1=1, axis2=2)
        if self.structure.storage == "spherical":
            factors = factors[:, 0]
        factors = np.repeat(factors, n_components // self.groups, axis=0)
        covariance = covariance_of_factors(self.structure.storage, factors, n_columns)
        return log_weights, GaussianParameters(means, covariance)

    def gradient(
        self,
        log_weights: Float,
        target: Float,
        total: float,
        parameters: GaussianParameters,
        moments: GaussianMoments,
        augmented: GaussianMoments,
    ) -> Float:
        """Return the gradient (P,) of the objective, a function of a sweep's statistics alone.

        By Fisher's identity it is that of the expected log density of underlying values; arguments
        as in `WhitenedChart.gradient`.
        """
        rows, gap = moments.effective_rows, moments.means - parameters.means
        n_columns = self.means.shape[1]
        precise = rows[:, None] * parameters.covariance.precision_times(gap)
        shifts = (self.units.mT @ precise[:, :, None])[:, :, 0]
        scatter = augmented.scatter
        if scatter.ndim == 2:
            scatter = scatter[:, :, None] * np.eye(n_columns)
        about = scatter + rows[:, None, None] * gap[:, :, None] * gap[:, None, :]
        counts = augmented.effective_rows
        if self.groups < len(rows):
            about, counts = about.sum(axis=0, keepdims=True), counts.sum(keepdims=True)
        spreads = spreads_of(parameters.covariance.factors[: self.groups], n_columns)
        factors = factors_of(spreads)
        excess = factors.mT @ about @ factors - counts[:, None, None] * np.eye(n_columns)
        slopes = self._entries(self.units[: self.groups].mT @ factors @ excess, np.sum)
        return np.concatenate(
            [
                total * (np.exp(target) - np.exp(log_weights)) / np.sqrt(self.rows),
                (shifts / np.sqrt(self.rows)[:, None]).ravel(),
                (slopes / self._size).ravel(),
            ]
        )

    @property
    def _size(self) -> Float:
        """Return the roots of the information (G, E) of entries."""
        n_columns = self.means.shape[1]
        rows = self.rows if self.groups == len(self.rows) else self.rows.sum(keepdims=True)
        if self.structure.storage == "full":
            first, second = np.tril_indices(n_columns)
            return np.sqrt(rows[:, None] * np.where(first == second, 2.0, 1.0))
        spherical = self.structure.storage == "spherical"
        return np.sqrt(2.0 * rows[:, None] * (n_columns if spherical else np.ones(n_columns)))

    def _entries(self, matrices: Float, together: object) -> Float:
        """Return what is free (G, E) of matrices (G, D, D): of one width the mean, or the sum."""
        if self.structure.storage == "full":
            return matrices[:, *np.tril_indices(matrices.shape[1])]
        diagonals = np.diagonal(matrices, axis1=1, axis2=2)
        if self.structure.storage == "diagonal":
            return diagonals
        found = diagonals.sum(axis=1) if together is np.sum else diagonals.mean(axis=1)
        return found[:, None]

    def _matrices(self, entries: Float) -> Float:
        """Return Y (G, D, D) of entries, each column turned so that its diagonal is above 0."""
        n_columns = self.means.shape[1]
        found = np.zeros((len(entries), n_columns, n_columns))
        places = np.arange(n_columns)
        if self.structure.storage == "full":
            found[:, *np.tril_indices(n_columns)] = entries
        else:
            found[:, places, places] = entries
        diagonals = found[:, places, places]
        found *= np.where(diagonals < 0, -1.0, 1.0)[:, None, :]
        found[:, places, places] = np.maximum(np.abs(diagonals), LEAST)
        return found


def _solved(matrices: Float, right: Float) -> Float:
    """Return A⁻¹ B for stacks of matrices."""
    return np.linalg.solve(matrices, right).astype(np.float64, copy=False)
