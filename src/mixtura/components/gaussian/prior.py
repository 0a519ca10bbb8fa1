"""Penalties on Gaussian components: pseudo-rows added to the moments, and their log density.

A penalty of the form -½ Σ_k [tr(Λ Σ_k⁻¹) + ν log|Σ_k|] is what ν pseudo-rows of scatter Λ would
add to the expected log-likelihood, so the M-step of every structure takes it unchanged.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters, RowTotals

__all__ = ["GaussianPrior", "NoPrior", "Ridge", "ScatterPrior", "weak_prior"]

Float = NDArray[np.float64]


class GaussianPrior(Protocol):
    """What the Gaussian M-step asks of a prior."""

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments with the prior's pseudo-rows."""
        ...

    def regularise(self, covariances: Float) -> Float:
        """Return the covariances, in their storage's shape, with anything added to them."""
        ...

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return the penalty, up to a constant."""
        ...


@dataclass(frozen=True, slots=True)
class NoPrior:
    """Pure maximum likelihood."""

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments as they are."""
        return moments

    def regularise(self, covariances: Float) -> Float:
        """Return the covariances as they are."""
        return covariances

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return zero."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Ridge:
    """scikit-learn's `reg_covar`: a number added to every variance after the M-step.

    It belongs to no fixed penalty, so the objective need not rise by itself.

    Attributes
    ----------
    variance : (D,) float64, in the frame's units
    """

    variance: Float

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments as they are."""
        return moments

    def regularise(self, covariances: Float) -> Float:
        """Return the covariances with the ridge on their diagonals."""
        if covariances.ndim == 1:
            return covariances + self.variance[0]
        if covariances.ndim == 2:
            return covariances + self.variance
        return covariances + np.diag(self.variance)

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return zero."""
        return 0.0


@dataclass(frozen=True, slots=True)
class ScatterPrior:
    """Pseudo-rows of a fixed scatter in every component.

    Attributes
    ----------
    scatter : (D,) or (D, D) float64, of the shape of one component's scatter
    rows : ν, the pseudo-rows of each component
    """

    scatter: Float
    rows: float

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Add the pseudo-rows, once for each component where the scatter is pooled."""
        pooled = moments.scatter.ndim == self.scatter.ndim
        times = len(moments.effective_rows) if pooled else 1
        return replace(
            moments,
            effective_rows=moments.effective_rows + self.rows,
            scatter=moments.scatter + times * self.scatter,
        )

    def regularise(self, covariances: Float) -> Float:
        """Return the covariances as they are."""
        return covariances

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return -½ Σ_k [tr(Λ Σ_k⁻¹) + ν log|Σ_k|]."""
        precisions = parameters.covariance.precisions()
        if precisions.ndim == 1:
            weight = np.trace(self.scatter) if self.scatter.ndim == 2 else self.scatter.sum()
            trace = float(precisions.sum() * weight)
        else:
            trace = float((precisions * self.scatter).sum())
        return self.rows * float(parameters.covariance.log_determinant().sum()) - 0.5 * trace


def weak_prior(totals: RowTotals) -> ScatterPrior:
    """Return the default penalty: ν = N^-½ pseudo-rows of the data's own covariance.

    Scale-free, and vanishing with N; it bounds every variance below by that of the data times
    about N^-³ᐟ² (the consistency of such penalties: Chen and Tan 2009).

    Parameters
    ----------
    totals : sums over all rows, about an origin near their mean
    """
    mean = totals.first / totals.weight
    second = totals.second / totals.weight
    covariance = second - (np.outer(mean, mean) if second.ndim == 2 else mean**2)
    rows = totals.weight**-0.5
    return ScatterPrior(rows * covariance, rows)
