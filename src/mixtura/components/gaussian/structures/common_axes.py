"""Structures with common axes and varying shapes: Σ_k = λ_k Q A_k Qᵀ."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.rotations import Landscape, Point, descend
from mixtura.components.gaussian.structures.singular import finite_cholesky, positive
from mixtura.components.gaussian.structures.structure import Structure

__all__ = ["COMMON_AXES"]

Float = NDArray[np.float64]

# Newton steps from axes of the previous iteration, and from each guess at the start.
WARM_STEPS = 2
COLD_STEPS = 60
MOST_GUESSES = 8

GOLDEN_RATIO = (1 + 5**0.5) / 2


def one_volume_and_axes(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return EVE's covariances λ Q A_k Qᵀ, |A_k| = 1.

    For given axes and s_k = diag(Qᵀ W_k Q): λ A_k = s_k Σ_l |s_l|^(1/D) / (n |s_k|^(1/D)).

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : (K, D, D) float64, covariances to start from, or None

    Returns
    -------
    (K, D, D) float64
    """
    best = lowest_point(landscape_of_one_volume(scatter, rows), scatter, previous)
    mean_logs = -np.log(best.precisions).mean(axis=1)
    volume = np.exp(mean_logs).sum() / rows.sum()
    return along(best.axes, volume * np.exp(-mean_logs)[:, None] / best.precisions)


def one_orientation(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return VVE's covariances Q diag(Qᵀ W_k Q) Qᵀ / N_k.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : (K, D, D) float64, covariances to start from, or None

    Returns
    -------
    (K, D, D) float64
    """
    best = lowest_point(landscape_of_volumes(scatter, rows), scatter, previous)
    return along(best.axes, 1.0 / (rows[:, None] * best.precisions))


def landscape_of_one_volume(scatter: Float, rows: Float) -> Landscape:
    """Return EVE's F as a function of the axes."""
    return Landscape(finite_cholesky(scatter), positive(rows), weigh_one_volume, coupled=True)


def landscape_of_volumes(scatter: Float, rows: Float) -> Landscape:
    """Return VVE's F as a function of the axes."""
    return Landscape(finite_cholesky(scatter), positive(rows), weigh_volumes, coupled=False)


def weigh_one_volume(logs: Float, rows: Float) -> tuple[float, Float]:
    """Return EVE's n D log Σ_k exp(Σ_j log s_kj / D), and its derivatives."""
    means = logs.mean(axis=1)
    largest = means.max()
    volumes = np.exp(means - largest)
    total, n_rows = volumes.sum(), rows.sum()
    value = n_rows * logs.shape[1] * (largest + np.log(total))
    return float(value), volumes * (n_rows / total)


def weigh_volumes(logs: Float, rows: Float) -> tuple[float, Float]:
    """Return VVE's Σ_k N_k Σ_j log s_kj, and its derivatives."""
    return float(rows @ logs.sum(axis=1)), rows


def lowest_point(landscape: Landscape, scatter: Float, previous: Float | None) -> Point:
    """Return the lowest point that is reached from the previous axes, or from several guesses.

    Parameters
    ----------
    landscape : F
    scatter : (K, D, D) float64
    previous : (K, D, D) float64 of common axes, or None
    """
    if previous is not None:
        axes = min(combined_axes(previous), key=landscape.height)
        return descend(landscape, axes, WARM_STEPS)
    fullest = np.argsort(-landscape.rows, kind="stable")[:MOST_GUESSES]
    pooled = np.linalg.eigh(scatter.sum(axis=0)).eigenvectors
    guesses = (pooled, *combined_axes(scatter), *np.linalg.eigh(scatter[fullest]).eigenvectors)
    reached = (descend(landscape, axes, COLD_STEPS) for axes in guesses)
    return min(reached, key=lambda point: point.value)


def combined_axes(matrices: Float) -> Float:
    """Return the eigenvectors (2, D, D) of two combinations of all matrices.

    A plain sum may give two axes the same eigenvalue, and lose them, where the matrices do not;
    irregular multiples hardly ever will, and twice even less.
    """
    multiples = 1.0 + (GOLDEN_RATIO * np.arange(len(matrices))) % 1.0
    sized = np.stack([multiples, multiples[::-1]]) / np.einsum("kdd->k", matrices)
    return np.linalg.eigh(np.tensordot(sized, matrices, 1)).eigenvectors


def along(axes: Float, variances: Float) -> Float:
    """Return Q diag(v_k) Qᵀ (K, D, D) for variances (K, D)."""
    return (axes * positive(variances)[:, None, :]) @ axes.T


COMMON_AXES = (
    Structure.lettered(
        "EVE",
        "ellipsoidal, equal volume and orientation",
        "full",
        "full",
        one_volume_and_axes,
        iterative=True,
        one_scale=True,
    ),
    Structure.lettered(
        "VVE",
        "ellipsoidal, equal orientation",
        "full",
        "full",
        one_orientation,
        iterative=True,
        one_scale=True,
    ),
)
