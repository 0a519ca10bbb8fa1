"""Gaussian moments as points of a vector space, in which EM's steps can be extrapolated."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import VANISHED, GaussianMoments

__all__ = ["coordinates_of", "moments_at"]

Float = NDArray[np.float64]

# An extrapolation leaves each component at least this share of its rows.
LEAST_SHARE = 0.1


def coordinates_of(
    moments: GaussianMoments, total: float, unit: Float, *, spherical: bool
) -> Float:
    """Return N_k / N, means and covariances (those of the moments) in units of the columns.

    Parameters
    ----------
    moments : of K components
    total : N
    unit : (D,) the columns' spread
    spherical : whether variances are averaged over columns, as the M-step will
    """
    rows = np.maximum(moments.effective_rows, VANISHED)
    covariances = moments.scatter / _divisor(rows, moments) / _squared(unit, moments)
    if spherical:
        covariances = covariances.mean(axis=-1)
    return np.concatenate([rows / total, (moments.means / unit).ravel(), covariances.ravel()])


def moments_at(
    coordinates: Float, like: GaussianMoments, total: float, unit: Float
) -> GaussianMoments | None:
    """Return the moments at a point, or None where a component has lost most of its rows.

    Whether the covariances are positive definite is seen by the M-step.
    """
    n_components, n_columns = like.means.shape
    rows, means, covariances = np.split(coordinates, [n_components, n_components * (n_columns + 1)])
    rows = rows * total
    if not (rows > LEAST_SHARE * like.effective_rows).all():
        return None
    if covariances.size < like.scatter.size:
        covariances = np.repeat(covariances, n_columns)
    scatter = covariances.reshape(like.scatter.shape) * _squared(unit, like)
    return replace(
        like,
        effective_rows=rows,
        means=means.reshape(like.means.shape) * unit,
        scatter=scatter * _divisor(rows, like),
    )


def _divisor(rows: Float, moments: GaussianMoments) -> Float:
    if moments.pooled:
        return rows.sum()
    return rows.reshape(-1, *(1,) * (moments.scatter.ndim - 1))


def _squared(unit: Float, moments: GaussianMoments) -> Float:
    of_one = moments.scatter.ndim - (not moments.pooled)
    return unit**2 if of_one == 1 else np.outer(unit, unit)
