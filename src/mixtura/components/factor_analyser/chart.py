"""Coordinates of factor analysers for the last phase of a run, and the gradient there.

About a reference, with N_k the effective rows there: logits √N_k η_k, means √N_k Σ_k^(-½)(μ - μ⁰),
loadings √N_k Ψ_k^(-½)(Λ - Λ⁰), and logarithms of noise variances √(N_k/2) log ψ. Information about
each is near one but along strong factors, which are few. What components share stands once.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.structures import FactorStructure

__all__ = ["FactorChart"]

Float = NDArray[np.float64]

# Logarithms of noise variances that change by more are of no mixture of these rows.
FURTHEST = 30.0
# What is at its least.
TOUCHING = 1.0 + 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class FactorChart:
    """The coordinates about one point.

    Attributes
    ----------
    form : the structure
    log_weights, parameters : the reference
    factored : the parts of its precisions
    rows : (K,) effective rows, more than nothing
    floor : (D,) the least noise variances
    """

    form: FactorStructure
    log_weights: Float
    parameters: FactorParameters
    factored: Factored
    rows: Float
    floor: Float

    @classmethod
    def about(
        cls,
        form: FactorStructure,
        log_weights: Float,
        parameters: FactorParameters,
        rows: Float,
        floor: Float,
    ) -> Self:
        """Return the chart about the parameters of K components with N_k rows."""
        least = np.full_like(floor, floor.max()) if form.isotropic else floor
        return cls(form, log_weights, parameters, Factored.of(parameters), rows, least)

    def coordinates(self, log_weights: Float, parameters: FactorParameters) -> Float:
        """Return the coordinates (P,) of a mixture."""
        roots, base = np.sqrt(self.rows), self.parameters
        loadings = (parameters.loadings - base.loadings)[: len(self._loading_unit)]
        logs = np.log(parameters.noise / base.noise)[: len(self._log_unit), : self._width]
        return np.concatenate(
            [
                roots * (log_weights - self.log_weights),
                (roots[:, None] * self._whitened(parameters.means - base.means)).ravel(),
                (self._loading_unit[:, :, None] * loadings).ravel(),
                (self._log_unit * logs).ravel(),
            ]
        )

    def at(self, point: Float) -> tuple[Float, FactorParameters] | None:
        """Return log weights and parameters at a point (P,), or None where they are absurd."""
        base, unit = self.parameters, self._loading_unit
        n_components = len(base.means)
        n_means, n_loadings = base.means.size, unit.size * base.n_factors
        bounds = np.cumsum([n_components, n_means, n_loadings])
        logits, shifts, loadings, logs = np.split(point, bounds)
        logs = logs.reshape(len(self._log_unit), self._width) / self._log_unit
        if not (np.abs(logs) < FURTHEST).all() or not np.isfinite(point).all():
            return None
        log_weights = self.log_weights + logits / np.sqrt(self.rows)
        log_weights = log_weights - np.logaddexp.reduce(log_weights)
        moved = shifts.reshape(base.means.shape) / np.sqrt(self.rows)[:, None]
        turned = loadings.reshape(*unit.shape, base.n_factors) / unit[:, :, None]
        noise = np.maximum(base.noise * np.exp(logs), self.floor)
        if not (noise > 0).all():
            return None
        means = base.means + self._unwhitened(moved)
        return log_weights, FactorParameters(means, base.loadings + turned, noise)

    def gradient(
        self,
        log_weights: Float,
        target: Float,
        total: float,
        parameters: FactorParameters,
        moments: FactorMoments,
        augmented: FactorMoments,
    ) -> Float:
        """Return the gradient (P,) of the log-likelihood, a function of a sweep's statistics alone.

        By Fisher's identity it is that of the expected complete-data log-likelihood; noise
        variances at their least are not drawn lower.
        """
        rows, noise, loadings = moments.effective_rows, parameters.noise, parameters.loadings
        gap = moments.means - parameters.means
        factors = np.einsum("kdp,kp->kd", loadings, moments.projected(gap))
        means = rows[:, None] * (gap - factors) / noise
        counted = moments.about(parameters.means)
        inner, crossed = counted.factor_scatter(), counted.crossed
        fitted = loadings @ inner
        slopes = (crossed - fitted) / noise[:, :, None]
        left = counted.scatter + ((fitted - 2.0 * crossed) * loadings).sum(axis=2)
        logs = 0.5 * (left / noise - rows[:, None])
        if self.form.shares_loadings:
            slopes = slopes.sum(axis=0, keepdims=True)
        if self.form.shares_noise:
            logs = logs.sum(axis=0, keepdims=True)
        if self.form.isotropic:
            logs = logs.sum(axis=1, keepdims=True)
        least = (noise <= TOUCHING * self.floor)[: len(logs), : self._width]
        logs = np.where(least, np.maximum(logs, 0.0), logs)
        roots = np.sqrt(self.rows)
        return np.concatenate(
            [
                total * (np.exp(target) - np.exp(log_weights)) / roots,
                (self._spread(means) / roots[:, None]).ravel(),
                (slopes / self._loading_unit[:, :, None]).ravel(),
                (logs / self._log_unit).ravel(),
            ]
        )

    @property
    def _width(self) -> int:
        return 1 if self.form.isotropic else self.parameters.means.shape[1]

    @property
    def _loading_unit(self) -> Float:
        """Return √(N/ψ) (K, D), or (1, D) of what all components share."""
        each = self.rows[:, None] / self.parameters.noise
        return np.sqrt(each.sum(axis=0, keepdims=True) if self.form.shares_loadings else each)

    @property
    def _log_unit(self) -> Float:
        """Return √(N/2) (K, 1), or (1, 1), times √D where one variance is that of all columns."""
        rows = self.rows.sum(keepdims=True) if self.form.shares_noise else self.rows
        times = self.parameters.means.shape[1] if self.form.isotropic else 1
        return np.sqrt(0.5 * times * rows)[:, None]

    def _whitened(self, vectors: Float) -> Float:
        """Return Σ^(-½) v (K, D), Σ^(-½) = (I + A ((1 + S²)^(-½) - 1) Aᵀ) Ψ^(-½)."""
        return self._stretched(vectors * self.factored.roots, -0.5)

    def _unwhitened(self, vectors: Float) -> Float:
        return self._stretched(vectors, 0.5) / self.factored.roots

    def _spread(self, slopes: Float) -> Float:
        """Return the slopes by whitened vectors, of those by vectors (K, D)."""
        return self._stretched(slopes / self.factored.roots, 0.5)

    def _stretched(self, vectors: Float, power: float) -> Float:
        axes, gains = self.factored.axes, (1.0 + self.factored.sizes**2) ** power - 1.0
        along = np.einsum("kdp,kd->kp", axes, vectors) * gains
        return vectors + np.einsum("kdp,kp->kd", axes, along)
