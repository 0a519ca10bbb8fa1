"""Log densities of rows with missing cells, by deviations of the observed ones from each mean."""

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import order_by_pattern, power_of_two
from mixtura.components.gaussian.centred import LIMIT
from mixtura.components.gaussian.features import feature_map
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import Margin, rows_by_pattern
from mixtura.native.gaps import GappyRows
from mixtura.native.updates import MOST_COLUMNS

__all__ = ["is_ill_conditioned", "observed_log_density"]

Float = NDArray[np.float64]


def observed_log_density(rows: Float, parameters: GaussianParameters) -> Float:
    """Return log N(x_o | μ_k, Σ_k) (n, K), without log 2π, of rows (n, D) with missing cells."""
    units = _units(parameters)
    scaled = GaussianParameters(parameters.means / units, parameters.covariance.scaled(1 / units))
    near = ~is_ill_conditioned(scaled) & (rows.shape[1] <= MOST_COLUMNS)
    densities = np.empty((len(rows), parameters.n_components))
    if near.any():
        own = _compiled(rows, scaled.take(np.flatnonzero(near).tolist()), units)
        densities[:, near] = own - (~np.isnan(rows) @ np.log(units))[:, None]
    if not near.all():
        far = np.flatnonzero(~near).tolist()
        densities[:, far] = _by_margins(rows, parameters.take(far))
    return densities


def _units(parameters: GaussianParameters) -> Float:
    """Return widths of the columns (D,), powers of two, in which numbers are not huge nor tiny."""
    factors = parameters.covariance.factors
    if factors.ndim == 3:
        factors = np.diagonal(factors, axis1=1, axis2=2)
    widths = power_of_two(np.exp(-np.log(factors).mean(axis=0)))
    return np.broadcast_to(widths, parameters.means.shape[1:])


def is_ill_conditioned(parameters: GaussianParameters, limit: float = LIMIT) -> NDArray[np.bool_]:
    """Return which components (K,) need factors about their own means too.

    Parameters
    ----------
    limit : how much larger the terms of a density may be than what they leave
    """
    covariance = parameters.covariance
    if covariance.factors.ndim < 3:
        return np.zeros(parameters.n_components, dtype=bool)
    widths = np.sqrt(np.einsum("kdd->kd", covariance.covariances()))
    sizes = np.abs(covariance.precisions())
    return ~(np.einsum("ki,kij,kj->k", widths, sizes, widths) < limit)


def _compiled(rows: Float, scaled: GaussianParameters, units: Float) -> Float:
    """Return log densities of rows in the given units."""
    precisions = scaled.covariance.precisions()
    if precisions.ndim == 1:
        precisions = np.broadcast_to(precisions[:, None], scaled.means.shape)
    quadratic = feature_map("full" if precisions.ndim == 3 else "diagonal").quadratic(precisions)
    constants = scaled.covariance.log_determinant()[:, None]
    natural = np.hstack([np.zeros_like(scaled.means), constants, quadratic])
    order = order_by_pattern(rows)
    nothing = np.zeros(rows.shape[1])
    sorted_rows = GappyRows(rows[order], nothing, np.ascontiguousarray(1 / units), nothing)
    densities = np.empty((len(rows), len(constants)))
    densities[order] = sorted_rows.densities(natural, scaled.means).T
    return densities


def _by_margins(rows: Float, parameters: GaussianParameters) -> Float:
    densities = np.empty((len(rows), parameters.n_components))
    for observed, chosen in rows_by_pattern(rows):
        margin = Margin.of(parameters, np.flatnonzero(~observed))
        own = np.ascontiguousarray(rows[chosen].T)
        for k, mean in enumerate(parameters.means):
            deviations = np.where(observed[:, None], own - mean[:, None], 0.0)
            densities[chosen, k] = margin.log_density(deviations, k)
    return densities
