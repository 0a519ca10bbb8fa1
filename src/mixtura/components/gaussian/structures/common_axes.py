"""Structures with common axes and varying shapes: Σ_k = λ_k Q A_k Qᵀ."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.rotations import Point, Weighting, descend
from mixtura.components.gaussian.structures.singular import finite_cholesky, positive
from mixtura.components.gaussian.structures.structure import Structure

__all__ = ["COMMON_AXES"]

Float = NDArray[np.float64]

# Newton steps from axes of the previous iteration, and from each guess at the start.
WARM_STEPS = 4
COLD_STEPS = 60
MOST_GUESSES = 8


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
    best = best_axes(scatter, rows, previous, one_volume_weighting)
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
    best = best_axes(scatter, rows, previous, varying_volume_weighting)
    return along(best.axes, 1.0 / (rows[:, None] * best.precisions))


def one_volume_weighting(logs: Float, rows: Float) -> tuple[float, Float]:
    """Return EVE's n D log Σ_k exp(Σ_j log s_kj / D), and its derivatives."""
    means = logs.mean(axis=1)
    largest = means.max()
    volumes = np.exp(means - largest)
    total, n_rows = volumes.sum(), rows.sum()
    value = n_rows * logs.shape[1] * (largest + np.log(total))
    return float(value), volumes * (n_rows / total)


def varying_volume_weighting(logs: Float, rows: Float) -> tuple[float, Float]:
    """Return VVE's Σ_k N_k Σ_j log s_kj, and its derivatives."""
    return float(rows @ logs.sum(axis=1)), rows


def best_axes(scatter: Float, rows: Float, previous: Float | None, weighting: Weighting) -> Point:
    """Return the lowest point of F that descents from a few guesses reach.

    The guesses are the eigenvectors of each matrix and of their sum: of the previous covariances,
    where the best guess alone is followed, or else of the scatters, where several are.
    """
    lower = finite_cholesky(scatter)
    positive(rows)
    guesses = eigenvectors(scatter if previous is None else previous)
    spread = np.einsum("gkdj->gkj", (lower.transpose(0, 2, 1) @ guesses[:, None]) ** 2)
    values = [weighting(logs, rows)[0] for logs in np.log(spread)]
    order = np.argsort(values, kind="stable")
    if previous is not None:
        return descend(guesses[order[0]], lower, rows, weighting, WARM_STEPS)
    reached = [
        descend(guesses[g], lower, rows, weighting, COLD_STEPS) for g in order[:MOST_GUESSES]
    ]
    return min(reached, key=lambda point: point.value)


def eigenvectors(matrices: Float) -> Float:
    """Return the eigenvectors (K + 1, D, D) of each matrix and of a combination of all.

    Multiples that no pattern in the matrices is likely to share keep apart the eigenvalues of
    their combination, where a plain sum may give two axes the same.
    """
    multiples = 1.0 + np.arange(len(matrices)) * 0.6180339887498949 % 1.0
    sizes = np.einsum("kdd->k", matrices)
    combined = np.tensordot(multiples / sizes, matrices, 1)
    return np.linalg.eigh(np.concatenate([combined[None], matrices])).eigenvectors


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
