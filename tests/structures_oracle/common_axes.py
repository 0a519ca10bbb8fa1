"""Structures with common axes and varying shapes: Σ_k = λ_k Q A_k Qᵀ."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure
from structures_oracle.axes import principal_axes
from structures_oracle.factors import factors_along
from structures_oracle.rotations import Landscape, Point, descend
from structures_oracle.singular import finite_cholesky, positive

__all__ = ["COMMON_AXES"]

Float = NDArray[np.float64]

# Newton steps from axes of the previous iteration, and from each guess at the start.
WARM_STEPS = 2
COLD_STEPS = 60
MOST_GUESSES = 8
# How many guesses, the lowest, are descended from.
DESCENDED = 3

GOLDEN_RATIO = (1 + 5**0.5) / 2


def one_volume_and_axes(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of EVE's covariances λ Q A_k Qᵀ, |A_k| = 1.

    For given axes and s_k = diag(Qᵀ W_k Q): λ A_k = s_k Σ_l |s_l|^(1/D) / (n |s_k|^(1/D)).

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : (K, D, D) float64, factors to start from, or None

    Returns
    -------
    (K, D, D) float64
    """
    best = lowest_point(landscape_of_one_volume(scatter, rows), previous)
    mean_logs = -np.log(best.precisions).mean(axis=1)
    volume = np.exp(mean_logs).sum() / rows.sum()
    variances = volume * np.exp(-mean_logs)[:, None] / best.precisions
    return factors_along(best.axes, positive(variances))


def one_orientation(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of VVE's covariances Q diag(Qᵀ W_k Q) Qᵀ / N_k.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64
    previous : (K, D, D) float64, factors to start from, or None

    Returns
    -------
    (K, D, D) float64
    """
    best = lowest_point(landscape_of_volumes(scatter, rows), previous)
    return factors_along(best.axes, positive(1.0 / (rows[:, None] * best.precisions)))


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


def lowest_point(landscape: Landscape, previous: Float | None) -> Point:
    """Return the lowest point that is reached from the previous axes, or from several guesses.

    Parameters
    ----------
    landscape : F
    previous : (K, D, D) float64, factors of precisions with common axes, or None
    """
    if previous is not None:
        axes = min(combined_axes(previous.transpose(0, 2, 1)), key=landscape.height)
        return descend(landscape, axes, WARM_STEPS)
    halves = landscape.lower.transpose(0, 2, 1)
    fullest = np.argsort(-landscape.rows, kind="stable")[:MOST_GUESSES]
    each = (principal_axes(half)[1] for half in halves[fullest])
    guesses = (axes_of_sum(halves), *combined_axes(halves), *each)
    lowest = sorted(guesses, key=landscape.height)[:DESCENDED]
    reached = (descend(landscape, axes, COLD_STEPS) for axes in lowest)
    return min(reached, key=lambda point: point.value)


def combined_axes(halves: Float) -> tuple[Float, Float]:
    """Return the eigenvectors (D, D) of two combinations of the matrices H_kᵀ H_k.

    A plain sum may give two axes the same eigenvalue, and lose them, where the matrices do not;
    irregular multiples hardly ever will, and twice even less.
    """
    multiples = 1.0 + (GOLDEN_RATIO * np.arange(len(halves))) % 1.0
    sized = halves / np.sqrt(np.einsum("kij,kij->k", halves, halves))[:, None, None]
    one, other = (
        axes_of_sum(np.sqrt(some)[:, None, None] * sized) for some in (multiples, multiples[::-1])
    )
    return one, other


def axes_of_sum(halves: Float) -> Float:
    """Return the eigenvectors (D, D) of Σ_k H_kᵀ H_k for halves (K, D, D)."""
    return principal_axes(halves.reshape(-1, halves.shape[2]))[1]


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
