"""Derivatives of log probabilities of intervals, and of log densities of cells known exactly."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.rowwise import RowwiseDerivatives
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.interval.evaluator import deviations_of
from mixtura.components.interval.family import IntervalFamily
from mixtura.components.interval.truncated import cumulants

__all__ = ["IntervalDerivatives"]

Float = NDArray[np.float64]


@final
class IntervalDerivatives(RowwiseDerivatives):
    """K Gaussian components with independent columns, and rows whose cells are intervals.

    With z the value in units of its column's deviation, a score is the expected one given the
    interval, and a second derivative is the expected one and the covariance of scores (Louis 1982).
    """

    def __init__(self, family: IntervalFamily, parameters: GaussianParameters) -> None:
        super().__init__(family, parameters)
        self._layout = family.layout
        self._deviations = deviations_of(parameters)

    def _cumulants(self, rows: NDArray[Any]) -> tuple[Float, NDArray[np.bool_]]:
        """Return cumulants (4, K, n, D) of z given the rows, and which cells (n, D) are known."""
        exact = self._layout.exact(rows)
        low, high = self._layout.low(rows), self._layout.high(rows)
        with np.errstate(invalid="ignore"):
            width = np.where(exact, 0.0, high - low)
        deviations = self._deviations[:, None, :]
        means = self._parameters.means[:, None, :]
        found = cumulants(
            (low - means) / deviations, (high - means) / deviations, width / deviations
        )
        return found, ~self._layout.missing(rows)

    def scores(self, rows: NDArray[Any]) -> Float:
        """Return the derivatives of log densities and probabilities of rows (n, 3 D), (K, q, n)."""
        (mean, variance, _, _), known = self._cumulants(np.asarray(rows, np.float64))
        deviations = self._deviations[:, None, :]
        first = mean / deviations
        second = 0.5 * (variance + mean**2 - 1.0) / deviations**2
        return np.concatenate(
            [np.where(known, each, 0.0) for each in (first, second)], axis=2
        ).transpose(0, 2, 1)

    def extra(self, rows: NDArray[Any], responsibilities: Float) -> Float:
        """Return Σ w r ∇² log f_k (K, q²)."""
        (mean, variance, third, fourth), known = self._cumulants(np.asarray(rows, np.float64))
        deviations = self._deviations[:, None, :]
        across = 2.0 * mean * variance + third
        spread = 4.0 * mean * (mean * variance + third) + fourth + 2.0 * variance**2
        square = variance + mean**2
        blocks = [
            (variance - 1.0) / deviations**2,
            (0.5 * across - mean) / deviations**3,
            (0.5 - square + 0.25 * spread) / deviations**4,
        ]
        own, mixed, width = (
            np.einsum("kn,knd->kd", responsibilities, np.where(known, each, 0.0)) for each in blocks
        )
        n_columns = own.shape[1]
        found = np.zeros((len(own), 2 * n_columns, 2 * n_columns))
        places = np.arange(n_columns)
        found[:, places, places] = own
        found[:, places, places + n_columns] = found[:, places + n_columns, places] = mixed
        found[:, places + n_columns, places + n_columns] = width
        return found.reshape(len(own), -1)
