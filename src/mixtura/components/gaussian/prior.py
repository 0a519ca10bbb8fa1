"""Penalties on Gaussian components: pseudo-rows added to the moments, and their log density.

A penalty of the form -½ Σ_k [tr(Λ Σ_k⁻¹) + ν log|Σ_k|] is what ν pseudo-rows of scatter Λ would
add to the expected log-likelihood, so the M-step of every structure takes it unchanged.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import (
    VANISHED,
    GaussianMoments,
    GaussianParameters,
    RowTotals,
)
from mixtura.components.prior import NoPrior

__all__ = ["GaussianPrior", "NoPrior", "Ridge", "ScatterPrior", "weak_prior"]

Float = NDArray[np.float64]

# Below this smallest eigenvalue of the correlations, columns count as collinear.
COLLINEAR = 1e-11
DRAWN = 0.1

# Rows' own scatter against that of pseudo-rows, below which a width is mostly the prior's.
HELD_UP = 2.0


class GaussianPrior(Protocol):
    """What the Gaussian M-step asks of a prior."""

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments with the prior's pseudo-rows."""
        ...

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return the penalty, up to a constant."""
        ...

    def holds_up(self, parameters: GaussianParameters, effective_rows: Float) -> NDArray[np.bool_]:
        """Return which components (K,) have a width that is mostly the prior's."""
        ...


@dataclass(frozen=True, slots=True)
class Ridge:
    """scikit-learn's `reg_covar`: a number added to every variance in the M-step.

    It is given to the scatter, N_k times, so that every structure takes it. It belongs to no
    fixed penalty, so the objective need not rise by itself.

    Attributes
    ----------
    variance : (D,) float64, in the frame's units
    """

    variance: Float

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments with N_k times the ridge on the diagonal of each scatter."""
        rows = np.maximum(moments.effective_rows, VANISHED)
        of_one = moments.scatter.ndim - (not moments.pooled)
        ridge = self.variance if of_one == 1 else np.diag(self.variance)
        times = rows.sum() if moments.pooled else rows.reshape(-1, *(1,) * ridge.ndim)
        return replace(moments, scatter=moments.scatter + times * ridge)

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return zero."""
        return 0.0

    def holds_up(self, parameters: GaussianParameters, effective_rows: Float) -> NDArray[np.bool_]:
        """Return False for every component."""
        return np.zeros(len(effective_rows), dtype=bool)


@dataclass(frozen=True, slots=True)
class ScatterPrior:
    """Pseudo-rows of a fixed scatter in every component.

    Attributes
    ----------
    scatter : (D,) or (D, D) float64, of the shape of one component's scatter
    rows : ν, the pseudo-rows of each component
    floor : (D,) float64, the least variance of each column in the frame's units, zero where it has
        none; or None. Every covariance has at least these, Σ_k ⪰ diag(floor)
    """

    scatter: Float
    rows: float
    floor: Float | None = None

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Add the pseudo-rows, once for each component where the scatter is pooled."""
        times = len(moments.effective_rows) if moments.pooled else 1
        return replace(
            moments,
            effective_rows=moments.effective_rows + self.rows,
            scatter=moments.scatter + times * self.scatter,
        )

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return -½ Σ_k [tr(Λ Σ_k⁻¹) + ν log|Σ_k|]."""
        precisions = parameters.covariance.precisions()
        if precisions.ndim == 1:
            weight = np.trace(self.scatter) if self.scatter.ndim == 2 else self.scatter.sum()
            trace = float(precisions.sum() * weight)
        else:
            trace = float((precisions * self.scatter).sum())
        return self.rows * float(parameters.covariance.log_determinant().sum()) - 0.5 * trace

    def holds_up(self, parameters: GaussianParameters, effective_rows: Float) -> NDArray[np.bool_]:
        """Return which components have a variance, in some direction, mostly of pseudo-rows."""
        factors = parameters.covariance.factors
        if factors.ndim == 1:
            least = 1 / (factors**2 * self.scatter.mean())
        elif factors.ndim == 2:
            least = 1 / (factors**2 * self.scatter).max(axis=1)
        else:
            inside = factors.transpose(0, 2, 1) @ self.scatter @ factors
            least = 1 / np.linalg.eigvalsh(inside)[:, -1]
        return least * (effective_rows + self.rows) < HELD_UP


def weak_prior(totals: RowTotals, floor: Float | None = None) -> ScatterPrior:
    """Return the default penalty: ν = 1/N pseudo-rows of the data's own covariance.

    Scale-free, and vanishing with N; it bounds every variance below by that of the data times
    about N⁻² (the consistency of such penalties: Chen and Tan 2009).

    Parameters
    ----------
    totals : sums over all rows, about an origin near their mean
    floor : (D,) float64, as in `ScatterPrior`
    """
    mean = totals.first / totals.weight
    second = totals.second / totals.weight
    rows = 1.0 / totals.weight
    if second.ndim == 1:
        return ScatterPrior(rows * np.maximum(second - mean**2, 0.0), rows, floor)
    return ScatterPrior(rows * _definite(second - np.outer(mean, mean)), rows, floor)


def _definite(covariance: Float) -> Float:
    """Return a covariance (D, D), drawn towards its diagonal where columns are collinear."""
    diagonal = np.diag(covariance)
    deviations = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    correlation = covariance / deviations[:, None] / deviations
    if np.linalg.eigvalsh(correlation)[0] > COLLINEAR:
        return covariance
    return (1 - DRAWN) * covariance + DRAWN * np.diag(diagonal)
