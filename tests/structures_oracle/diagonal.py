"""Diagonal structures: Σ_k = λ_k B_k with B_k diagonal and |B_k| = 1."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure
from structures_oracle.singular import positive, shared_positive
from structures_oracle.volumes import variances_of_one_shape

__all__ = ["DIAGONAL"]

Float = NDArray[np.float64]


def one_diagonal(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return EEI's 1/σ_j, σ_j² = W_jj / n, once for each component.

    Parameters
    ----------
    scatter : (D,) float64, diagonal of the pooled scatter W
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D) float64
    """
    shared = 1.0 / np.sqrt(shared_positive(scatter / rows.sum()))
    return np.repeat(shared[None], len(rows), axis=0)


def one_shape(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the roots of VEI's precisions (λ_k B)⁻¹, |B| = 1, by Newton's method in the volumes.

    Parameters
    ----------
    scatter : (K, D) float64, diagonals of the scatters W_k
    rows : (K,) float64
    previous : (K, D) float64, what to start from, or None

    Returns
    -------
    (K, D) float64
    """
    start = None if previous is None else -2 * np.log(previous).mean(axis=1)
    return 1.0 / np.sqrt(variances_of_one_shape(scatter, rows, start))


def one_volume(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the roots of EVI's precisions (λ B_k)⁻¹.

    B_k = diag W_k / |diag W_k|^(1/D) and λ = Σ|diag W_k|^(1/D) / n.

    Parameters
    ----------
    scatter : (K, D) float64, diagonals of the scatters W_k
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D) float64
    """
    mean_logs = np.log(positive(scatter)).mean(axis=1)
    volume = np.exp(mean_logs).sum() / rows.sum()
    return 1.0 / np.sqrt(positive(scatter * (volume * np.exp(-mean_logs))[:, None]))


def diagonals(scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the roots of VVI's precisions N_k / diag(W_k).

    Parameters
    ----------
    scatter : (K, D) float64, diagonals of the scatters W_k
    rows : (K,) float64
    previous : not read

    Returns
    -------
    (K, D) float64
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return 1.0 / np.sqrt(positive(scatter / rows[:, None]))


DIAGONAL = (
    Structure.lettered(
        "EEI", "diagonal, equal volume and shape", "diagonal", "linear", one_diagonal
    ),
    Structure.lettered(
        "VEI", "diagonal, equal shape", "diagonal", "diagonal", one_shape, iterative=True
    ),
    Structure.lettered(
        "EVI", "diagonal, equal volume, varying shape", "diagonal", "diagonal", one_volume
    ),
    Structure.lettered(
        "VVI", "diagonal, varying volume and shape", "diagonal", "diagonal", diagonals
    ),
)
