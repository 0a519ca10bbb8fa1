"""Coordinates in which the complete data tell as much of every Gaussian parameter.

About a reference (π⁰, μ⁰, U⁰), with Σ⁻¹ = U Uᵀ and N_k the effective rows there: logits √N_k η_k,
means √N_k U⁰_kᵀ(μ_k - μ⁰_k), and for U_k = U⁰_k T_k with T_k upper triangular its entries √N_k t_ij
above the diagonal and √(2 N_k) log t_ii on it. The information of the complete data is the
identity at the reference but for the sum of the logits, so an EM step is the gradient to first
order, and every point is a valid mixture.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters
from mixtura.components.gaussian.structures import Structure, is_above

__all__ = ["FREE", "WhitenedChart"]

Float = NDArray[np.float64]

# Logarithms of widths that change by more are of no mixture of these rows.
FURTHEST = 30.0
# Structures in which nothing but the storage, and whether it is shared, constrains covariances.
FREE = ("EII", "VII", "EEI", "VVI", "EEE", "VVV")


@dataclass(frozen=True, slots=True, eq=False)
class WhitenedChart:
    """The coordinates about one point.

    Attributes
    ----------
    structure : one of `FREE`
    log_weights : (K,) at the reference
    means : (K, D)
    factors : (G,), (G, D) or (G, D, D), one for all components (G = 1) or one for each
    rows : (K,) effective rows, more than nothing
    floor : (D,) the least variances, or None
    """

    structure: Structure
    log_weights: Float
    means: Float
    factors: Float
    rows: Float
    floor: Float | None = None

    @classmethod
    def about(
        cls,
        structure: Structure,
        log_weights: Float,
        parameters: GaussianParameters,
        rows: Float,
        floor: Float | None = None,
    ) -> Self:
        """Return the chart about the parameters of K components with N_k rows."""
        factors = parameters.covariance.factors
        own = factors[:1] if structure.shares_covariance else factors
        return cls(structure, log_weights, parameters.means, own, rows, floor)

    def coordinates(self, log_weights: Float, parameters: GaussianParameters) -> Float:
        """Return the coordinates (P,) of a mixture."""
        logits = np.sqrt(self.rows) * (log_weights - self.log_weights)
        shifts = self._whitened(parameters.means - self.means)
        factors = parameters.covariance.factors[: len(self.factors)]
        logs, above = self._parted(self._relative(factors), logarithm=True)
        return np.concatenate(
            [
                logits,
                (np.sqrt(self.rows)[:, None] * shifts).ravel(),
                (self._log_unit * logs).ravel(),
                (self._unit * above).ravel(),
            ]
        )

    def at(self, point: Float) -> tuple[Float, GaussianParameters] | None:
        """Return log weights and parameters at a point (P,), or None where there are none.

        That is where widths are absurd or less than the floor.
        """
        (n_components, n_columns), groups = self.means.shape, len(self.factors)
        n_logs = groups * (1 if self.factors.ndim == 1 else n_columns)
        bounds = np.cumsum([n_components, n_components * n_columns, n_logs])
        logits, shifts, logs, above = np.split(point, bounds)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            log_weights = self.log_weights + logits / np.sqrt(self.rows)
            log_weights = log_weights - np.logaddexp.reduce(log_weights)
            moved = shifts.reshape(self.means.shape) / np.sqrt(self.rows)[:, None]
            means = self.means + self._unwhitened(moved)
            logs = logs.reshape(groups, -1) / self._log_unit
            factors = self._assembled(np.exp(logs), above.reshape(groups, -1) / self._unit)
        near = (np.abs(logs) < FURTHEST).all()
        if not (near and np.isfinite(means).all() and np.isfinite(factors).all()):
            return None
        if self.floor is not None and not is_above(factors, self.floor):
            return None
        if groups < n_components:
            factors = np.repeat(factors, n_components, axis=0)
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

        By Fisher's identity it is that of the expected complete-data log-likelihood.

        Parameters
        ----------
        log_weights, parameters : the point
        target : (K,) log weights that the M-step makes
        total : N, and the pseudo-rows of a prior on the weights
        moments : of the sweep at this point
        augmented : the same with the pseudo-rows of the prior on covariances
        """
        rows = moments.effective_rows
        gap = moments.means - parameters.means
        factors = parameters.covariance.factors
        relative = self._relative(factors[: len(self.factors)])
        whitened = _times_transposed(factors, gap) * rows[:, None]
        shifts = _times(np.broadcast_to(relative, factors.shape), whitened)
        own = factors[: len(self.factors)]
        about = self._about(rows, gap, augmented)
        counts = augmented.effective_rows
        if len(own) < len(counts):
            counts = counts.sum(keepdims=True)
        logs, above = self._slopes(relative, own, about, counts)
        return np.concatenate(
            [
                total * (np.exp(target) - np.exp(log_weights)) / np.sqrt(self.rows),
                (shifts / np.sqrt(self.rows)[:, None]).ravel(),
                (logs / self._log_unit).ravel(),
                (above / self._unit).ravel(),
            ]
        )

    @property
    def _unit(self) -> Float:
        """Return √N of each group, as a column (G, 1)."""
        shared = len(self.factors) < len(self.rows)
        rows: Float = np.full(1, self.rows.sum()) if shared else self.rows
        return np.sqrt(rows)[:, None]

    @property
    def _log_unit(self) -> Float:
        """Return the root of the information of a logarithm (G, 1): 2 N, of all columns at once."""
        columns = self.means.shape[1] if self.factors.ndim == 1 else 1
        return np.sqrt(2.0 * columns) * self._unit

    def _whitened(self, vectors: Float) -> Float:
        return _times_transposed(np.broadcast_to(self.factors, self._full_shape), vectors)

    @property
    def _full_shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.factors.shape[1:])

    def _unwhitened(self, vectors: Float) -> Float:
        """Return U⁰⁻ᵀ v for vectors (K, D)."""
        factors = np.broadcast_to(self.factors, self._full_shape)
        if factors.ndim == 3:
            return _solved(factors.transpose(0, 2, 1), vectors[:, :, None])[:, :, 0]
        return vectors / (factors[:, None] if factors.ndim == 1 else factors)

    def _relative(self, factors: Float) -> Float:
        """Return T = U⁰⁻¹ U."""
        return _solved(self.factors, factors) if factors.ndim == 3 else factors / self.factors

    def _parted(self, relative: Float, *, logarithm: bool) -> tuple[Float, Float]:
        """Return the diagonals (G, E) of T, or their logarithms, and what is above (G, ...)."""
        if relative.ndim < 3:
            diagonal = relative.reshape(len(relative), -1)
            above = np.zeros((len(relative), 0))
        else:
            diagonal = np.diagonal(relative, axis1=1, axis2=2)
            above = relative[:, *np.triu_indices(relative.shape[1], 1)]
        return np.log(diagonal) if logarithm else diagonal, above

    def _assembled(self, diagonal: Float, above: Float) -> Float:
        """Return U⁰ T from the diagonals (G, E) of T and what is above."""
        if self.factors.ndim < 3:
            return self.factors * diagonal.reshape(self.factors.shape)
        size = self.factors.shape[1]
        relative = np.zeros(self.factors.shape)
        relative[:, np.arange(size), np.arange(size)] = diagonal
        relative[:, *np.triu_indices(size, 1)] = above
        return self.factors @ relative

    def _about(self, rows: Float, gap: Float, augmented: GaussianMoments) -> Float:
        """Return the scatter about the parameters' means, pooled if the covariance is shared."""
        if augmented.scatter.ndim - (not augmented.pooled) == 2:
            between = rows[:, None, None] * gap[:, :, None] * gap[:, None, :]
        else:
            between = rows[:, None] * gap**2
        if augmented.pooled:
            return (augmented.scatter + between.sum(axis=0))[None]
        scatter = augmented.scatter + between
        return scatter if len(self.factors) == len(rows) else scatter.sum(axis=0, keepdims=True)

    def _slopes(
        self, relative: Float, factors: Float, about: Float, counts: Float
    ) -> tuple[Float, Float]:
        """Return the slopes by log t_ii and by t_ij of N log|U| - ½ tr Uᵀ M U."""
        if factors.ndim == 1:
            n_columns = about.shape[1]
            slope = counts * n_columns - factors**2 * about.sum(axis=1)
            return slope[:, None], np.zeros((len(factors), 0))
        if factors.ndim == 2:
            return counts[:, None] - factors**2 * about, np.zeros((len(factors), 0))
        product = -self.factors.transpose(0, 2, 1) @ about @ factors
        diagonal, above = self._parted(product, logarithm=False)
        own, _ = self._parted(relative, logarithm=False)
        return counts[:, None] + diagonal * own, above


def _times_transposed(factors: Float, vectors: Float) -> Float:
    """Return Uᵀ v for factors (K, ...) and vectors (K, D)."""
    if factors.ndim == 3:
        return np.einsum("kij,ki->kj", factors, vectors)
    return vectors * (factors[:, None] if factors.ndim == 1 else factors)


def _times(factors: Float, vectors: Float) -> Float:
    """Return U v for factors (K, ...) and vectors (K, D)."""
    if factors.ndim == 3:
        return np.einsum("kij,kj->ki", factors, vectors)
    return vectors * (factors[:, None] if factors.ndim == 1 else factors)


def _solved(matrices: Float, right: Float) -> Float:
    """Return A⁻¹ B for stacks of matrices."""
    return np.linalg.solve(matrices, right).astype(np.float64, copy=False)
