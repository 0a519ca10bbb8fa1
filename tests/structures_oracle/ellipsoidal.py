"""Ellipsoidal structures that are free of a common search for axes: Σ_k = λ_k Q_k A_k Q_kᵀ."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure
from structures_oracle.axes import PLAIN, axes_of_scatter
from structures_oracle.factors import (
    factors_along,
    factors_of,
    shared_factor,
)
from structures_oracle.singular import (
    eigenvalues_above_noise,
    finite,
    finite_cholesky,
    shared_positive,
)
from structures_oracle.volumes import (
    variances_of_one_shape,
    volumes_and_shape,
)

__all__ = ["ELLIPSOIDAL"]

Float = NDArray[np.float64]


def one_covariance(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factor of EEE's covariance W / n, once for each component.

    Parameters
    ----------
    scatter : (D, D) float64, the pooled scatter W
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D, D) float64
    """
    return np.repeat(shared_factor(scatter / rows.sum())[None], len(rows), axis=0)


def one_shape_and_axes(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of VEE's covariances λ_k C, |C| = 1, by Newton's method in the volumes.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : (K, D, D) float64, factors to start from, or None

    Returns
    -------
    (K, D, D) float64
    """
    volumes, shape = volumes_and_shape(scatter, rows, log_volumes(previous))
    return shared_factor(shape) / np.sqrt(volumes)[:, None, None]


def one_shape(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of VEV's λ_k Q_k A Q_kᵀ, |A| = 1, from W_k = Q_k Ω_k Q_kᵀ in one order.

    In the axes Q_k it is VEI with the variances Ω_k: the best shape keeps their order, whatever
    the volumes.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : (K, D, D) float64, factors to start from, or None

    Returns
    -------
    (K, D, D) float64
    """
    eigenvalues, axes = axes_of(scatter)
    return factors_along(axes, variances_of_one_shape(eigenvalues, rows, log_volumes(previous)))


def log_volumes(factors: Float | None) -> Float | None:
    """Return log λ_k = -2 log|U_k| / D of factors (K, D, D); None if there are none."""
    if factors is None:
        return None
    return -2 * np.log(factors.diagonal(axis1=1, axis2=2)).mean(axis=1)


def one_volume_and_shape(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of EEV's Q_k (ΣΩ_k / n) Q_kᵀ, from W_k = Q_k Ω_k Q_kᵀ in one order.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D, D) float64
    """
    eigenvalues, axes = axes_of(scatter)
    spectrum = shared_positive(eigenvalues.sum(axis=0) / rows.sum())
    return factors_along(axes, np.repeat(spectrum[None], len(rows), axis=0))


def one_volume(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of EVV's λ C_k, C_k = W_k / |W_k|^(1/D), λ = Σ|W_k|^(1/D) / n.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D, D) float64
    """
    finite_cholesky(scatter)
    factors = factors_of(scatter)
    mean_logs = -2 * np.log(factors.diagonal(axis1=1, axis2=2)).mean(axis=1)
    volume = np.exp(mean_logs).sum() / rows.sum()
    return factors * np.exp(0.5 * mean_logs)[:, None, None] / np.sqrt(volume)


def covariances(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of VVV's covariances W_k / N_k.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D, D) float64
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return factors_of(finite(scatter / rows[:, None, None]))


def axes_of(scatter: Float) -> tuple[Float, Float]:
    """Return ascending eigenvalues (K, D) and eigenvectors (K, D, D), a zero for what is noise."""
    try:
        eigenvalues, axes = np.linalg.eigh(scatter)
    except np.linalg.LinAlgError:
        finite_cholesky(scatter)
        raise
    eigenvalues = eigenvalues_above_noise(eigenvalues)
    for k in np.flatnonzero(eigenvalues[:, 0] <= PLAIN * eigenvalues[:, -1]):
        eigenvalues[k], axes[k] = axes_of_scatter(scatter[k])
    return eigenvalues, axes


ELLIPSOIDAL = (
    Structure.lettered(
        "EEE",
        "ellipsoidal, equal volume, shape and orientation",
        "full",
        "linear",
        one_covariance,
    ),
    Structure.lettered(
        "VEE",
        "ellipsoidal, equal shape and orientation",
        "full",
        "full",
        one_shape_and_axes,
        iterative=True,
    ),
    Structure.lettered(
        "EEV",
        "ellipsoidal, equal volume and shape",
        "full",
        "full",
        one_volume_and_shape,
        one_scale=True,
    ),
    Structure.lettered(
        "VEV",
        "ellipsoidal, equal shape",
        "full",
        "full",
        one_shape,
        iterative=True,
        one_scale=True,
    ),
    Structure.lettered("EVV", "ellipsoidal, equal volume", "full", "full", one_volume),
    Structure.lettered(
        "VVV", "ellipsoidal, varying volume, shape and orientation", "full", "full", covariances
    ),
)
