"""Log densities of rows one by one, by deviations whitened in compiled code."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.rows import component_log_density, nearest_components
from mixtura.components.student_t.density import log_constants
from mixtura.components.student_t.parameters import StudentTParameters

__all__ = ["nearest_shares", "row_log_density"]

Float = NDArray[np.float64]

LOG_TWO_PI = float(np.log(2 * np.pi))


def row_log_density(rows: NDArray[Any], parameters: StudentTParameters) -> Float:
    """Return log t(x | μ_k, Σ_k, ν_k) (n, K) of rows (n, D), NaN in none of them."""
    degrees, n_columns = parameters.degrees, parameters.means.shape[1]
    determinants = parameters.covariance.log_determinant()
    # Of a Gaussian's log density, what it is less than at the mean is δ/2.
    found = component_log_density(rows, parameters.gaussian)
    found -= determinants - 0.5 * n_columns * LOG_TWO_PI
    found *= -2.0 / degrees
    np.maximum(found, 0.0, out=found)
    logs = np.log1p(found)
    far = ~np.isfinite(found)
    if far.any():
        logs[far] = _log_ratios(rows, parameters)[far]
    return determinants + log_constants(degrees, n_columns) - 0.5 * (degrees + n_columns) * logs


def _log_ratios(rows: NDArray[Any], parameters: StudentTParameters) -> Float:
    """Return log(δ/ν) (n, K) of rows whose δ is beyond the floats, at a scale where it is not."""
    rows = np.asarray(rows, dtype=np.float64)
    factors = np.abs(parameters.covariance.factors)
    unit = factors.reshape(len(factors), -1).max(axis=1)
    found = np.empty((len(rows), parameters.n_components))
    for k, mean in enumerate(parameters.means):
        halves = rows.T / 2 - mean[:, None] / 2
        size = np.maximum(np.abs(halves).max(axis=0), 1e-300)
        white = parameters.covariance.whiten(k, halves / size) / unit[k]
        length = np.sqrt(np.einsum("dn,dn->n", white, white))
        logs = np.log(2 * np.maximum(length, 1e-300)) + np.log(size) + np.log(unit[k])
        found[:, k] = 2 * logs - np.log(parameters.degrees[k])
    return found


def nearest_shares(rows: NDArray[Any], parameters: StudentTParameters) -> Float:
    """Return 1 for the components (n, K) of the heaviest tails, the nearest of them."""
    heaviest = parameters.degrees == parameters.degrees.min()
    shares = np.zeros((len(rows), parameters.n_components))
    some = parameters.take(np.flatnonzero(heaviest).tolist())
    shares[:, heaviest] = nearest_components(rows, some.gaussian)
    return shares
