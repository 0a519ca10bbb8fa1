"""Penalties on Gaussian components: pseudo-rows added to the moments, and their log density.

A penalty of the form -½ Σ_k [tr(Λ Σ_k⁻¹) + ν log|Σ_k|] is what ν pseudo-rows of scatter Λ would
add to the expected log-likelihood, so the M-step of every structure takes it unchanged.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import (
    VANISHED,
    GaussianMoments,
    GaussianParameters,
    RowTotals,
)
from mixtura.components.prior import NoPrior

__all__ = ["SHARES", "GaussianPrior", "NoPrior", "Ridge", "ScatterPrior", "weak_prior"]

Float = NDArray[np.float64]

# Pseudo-rows of the default penalty, as a share of all rows: a component a billionth as wide as the
# data loses less than 1e-4 nats to it, and one on a single value keeps a width that floats hold.
WEAK = 1e-22
# The same where a covariance is singular to its last digits: less, and rounding hides the ascent.
RESCUE = 1e-8
SHARES = {"weak": WEAK, "rescue": RESCUE}


class GaussianPrior(Protocol):
    """What the Gaussian M-step asks of a prior.

    Attributes
    ----------
    supports : whether a component may rest on it alone, as it is meant to be felt
    """

    supports: ClassVar[bool]

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return the moments with the prior's pseudo-rows."""
        ...

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return the penalty, up to a constant."""
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
    supports: ClassVar[bool] = True

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
    supports: ClassVar[bool] = False

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
        # Of two positive definite matrices, so never below zero: terms of both signs overflow.
        trace = np.inf if np.isnan(trace) else trace
        return self.rows * float(parameters.covariance.log_determinant().sum()) - 0.5 * trace


def weak_prior(totals: RowTotals, share: float = WEAK, floor: Float | None = None) -> ScatterPrior:
    """Return the default penalty: pseudo-rows of the data's own covariance, a share of all rows.

    It only keeps the likelihood bounded: every variance stays above that of the data times the
    share. It is scale-free, and the same for row weights of any sum. Penalties of this form keep
    estimates consistent (Chen and Tan 2009), here but for 1e-22 of the data's covariance.

    Parameters
    ----------
    totals : sums over all rows, about an origin near their mean
    share : pseudo-rows ν of each component in units of Σ w
    floor : (D,) float64, as in `ScatterPrior`
    """
    rows = share * totals.weight
    return ScatterPrior(rows * totals.covariance, rows, floor)
