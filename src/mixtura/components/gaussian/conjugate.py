"""The normal inverse-Wishart prior (Fraley and Raftery 2007), for every structure.

Its posterior mode is the M-step of moments with pseudo-rows: the mean prior is one row and pulls
means towards a common one; the covariance prior is further rows with a scatter of their own, once
where components share one covariance and once for each otherwise.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import as_shape
from mixtura.components.gaussian.frame import Frame
from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    RowTotals,
)
from mixtura.errors import ParameterError

__all__ = ["ConjugatePrior", "NormalInverseWishart"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NormalInverseWishart:
    """A prior on means and covariances, in the user's units; None takes the defaults.

    Given Σ_k, the mean is normal about `mean` with covariance Σ_k / `shrinkage`; Σ_k is
    inverse-Wishart with `dof` degrees of freedom and the matrix `scale` (for diagonal and
    spherical structures: each variance is inverse gamma with shape `dof`/2 and scale `scale`/2).

    Attributes
    ----------
    shrinkage : κ, the rows that the prior of a mean counts for; 0.01
    mean : (D,); the mean of the data
    dof : ν; D + 2
    scale : (D, D), (D,) or a number; the data's covariance / K^(2/D), or for diagonal and
        spherical structures its mean variance / K^(2/D)
    """

    shrinkage: float = 0.01
    mean: ArrayLike | None = None
    dof: float | None = None
    scale: ArrayLike | None = None

    def resolved(
        self,
        storage: Literal["spherical", "diagonal", "full"],
        frame: Frame,
        totals: RowTotals,
        n_components: int,
        *,
        shared: bool,
    ) -> "ConjugatePrior":
        """Return the prior for these rows, in the frame.

        Parameters
        ----------
        storage : of the structure's covariances
        frame : the coordinates of the fit
        totals : sums over all rows
        n_components : K
        shared : whether components share one covariance

        Raises
        ------
        ParameterError
            If a setting has the wrong shape or range.
        """
        n_columns = len(totals.first)
        mean = totals.first / totals.weight
        if self.mean is not None:
            mean = frame.enter(as_shape("prior mean", self.mean, (n_columns,)))
        dof = n_columns + 2.0 if self.dof is None else float(self.dof)
        if not self.shrinkage >= 0 or not dof >= 0:
            raise ParameterError("a prior's shrinkage and dof should be numbers from 0 up")
        scale = self._scale(storage, frame, totals, n_components)
        rows = {
            "spherical": (dof + 2) / n_columns,
            "diagonal": dof + 2,
            "full": dof + n_columns + 1,
        }[storage]
        return ConjugatePrior(float(self.shrinkage), mean, scale, rows, shared)

    def _scale(
        self,
        storage: Literal["spherical", "diagonal", "full"],
        frame: Frame,
        totals: RowTotals,
        n_components: int,
    ) -> Float:
        """Return the scatter of the pseudo-rows, (D, D) or (D,), in the frame."""
        n_columns = len(totals.first)
        # Weights may add up to less than two rows, which have no degree of freedom to lose.
        freedom = max(totals.weight - 1, totals.weight / 2)
        if self.scale is None:
            shrink = n_components ** (2 / n_columns)
            mean = totals.first / totals.weight
            if storage == "full":
                scatter = totals.second - totals.weight * np.outer(mean, mean)
                return scatter / freedom / shrink
            scatter = totals.second - totals.weight * mean**2
            # One number for all columns in units of the widest: the user's may have no square.
            squares = (frame.scale / frame.scale.max()) ** 2
            variance = float((scatter * squares).mean()) / freedom / shrink
            variances = as_shape("prior scale", variance / squares, (n_columns,))
            return variances / (n_columns if storage == "spherical" else 1)
        given = np.asarray(self.scale, dtype=np.float64)
        if storage == "full":
            if given.ndim < 2:
                given = np.diag(np.broadcast_to(given, n_columns))
            matrix = as_shape("prior scale", given, (n_columns, n_columns))
            return matrix / np.outer(frame.scale, frame.scale)
        if given.ndim == 2:
            given = np.diagonal(given)
        variances = as_shape("prior scale", np.broadcast_to(given, n_columns), (n_columns,))
        each = n_columns if storage == "spherical" else 1
        return variances / frame.scale**2 / each


@dataclass(frozen=True, slots=True)
class ConjugatePrior:
    """The prior as pseudo-rows, in the frame.

    Attributes
    ----------
    shrinkage : κ
    mean : (D,)
    scatter : (D,) or (D, D), of the pseudo-rows
    rows : their number, without the one row of the mean prior
    shared : whether they are added once for all components, whose scatter is then pooled
    """

    shrinkage: float
    mean: Float
    scatter: Float
    rows: float
    shared: bool
    supports: ClassVar[bool] = True

    def augment(self, moments: GaussianMoments) -> GaussianMoments:
        """Return shrunken means, and scatter and rows with the prior's."""
        rows, kappa = moments.effective_rows, self.shrinkage
        shift = moments.means - self.mean
        # Without rows, the mean is the prior's.
        kept = rows / (rows + kappa) if kappa > 0 else np.ones_like(rows)
        pull = kappa * kept if kappa > 0 else np.zeros_like(rows)
        spread = shift**2 if self.scatter.ndim == 1 else shift[:, :, None] * shift[:, None, :]
        added = pull.reshape(-1, *(1,) * self.scatter.ndim) * spread
        # A prior on one covariance is spread over the components, whose sums are pooled later.
        own = self.rows / len(rows) if self.shared else self.rows
        once = 1 / len(rows) if self.shared and not moments.pooled else 1
        if moments.pooled:
            added = added.sum(axis=0)
        return replace(
            moments,
            effective_rows=rows + 1 + own,
            means=self.mean + shift * kept[:, None],
            scatter=moments.scatter + added + once * self.scatter,
        )

    def log_density(self, parameters: GaussianParameters) -> float:
        """Return the log density of the prior, up to a constant."""
        covariance = parameters.covariance
        shift = parameters.means - self.mean
        distance = (shift * covariance.precision_times(shift)).sum(axis=1)
        determinants = covariance.log_determinant()
        precisions = covariance.precisions()
        if precisions.ndim == 1:
            traces = precisions * self.scatter.sum()
        else:
            traces = (precisions * self.scatter).reshape(len(precisions), -1).sum(axis=1)
        # Both are never below zero: what is no number are terms of both signs that overflow.
        distance, traces = (np.where(np.isnan(x), np.inf, x) for x in (distance, traces))
        own = self.rows * determinants - 0.5 * traces
        about_covariances = own[0] if self.shared else own.sum()
        about_means = (determinants - 0.5 * self.shrinkage * distance).sum()
        return float(about_covariances + about_means)
