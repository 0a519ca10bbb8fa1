"""Principal axes, also where columns or spreads are many orders of magnitude apart.

A symmetric eigenproblem is solved to the precision of its largest eigenvalue: below 1e-16 of that
nothing is left. One-sided Jacobi rotations of a factor lose no more than its columns would if all
had one length (Demmel and Veselić 1992); rows sorted by a pivoted QR make them converge in a few
rounds (Drmač and Veselić 2008).
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from mixtura.components.gaussian.structures.factors import sharp_factor

__all__ = ["axes_of_scatter", "principal_axes"]

Float = NDArray[np.float64]

# Eigenvalues this much smaller than the largest still have eight digits.
PLAIN = 1e-8

# By how much the diagonal of a singular matrix is raised, of itself, to find axes for all columns.
LIFT = 1e-12

MOST_ROUNDS = 40


def axes_of_scatter(matrix: Float) -> tuple[Float, Float] | None:
    """Return ascending eigenvalues (D,) and eigenvectors (D, D), right for columns of any scales.

    A singular matrix keeps its axes where each variance is raised alike; a direction in which it
    has no spread moves by rounding of the columns that it is made of, not of the widest one. Its
    eigenvalue is 0. None where not even that makes a Cholesky factor.

    Parameters
    ----------
    matrix : (D, D) float64, symmetric, positive semidefinite but for rounding
    """
    lower = sharp_factor(matrix)
    if lower is not None:
        return jacobi_axes(lower.T)
    variances = matrix.diagonal()
    least = variances[variances > 0].min(initial=np.inf)
    lifted = matrix + LIFT * np.diag(np.where(variances > 0, variances, least))
    try:
        _, axes = jacobi_axes(np.linalg.cholesky(lifted).T)
    except np.linalg.LinAlgError:
        return None
    spreads = (axes * (matrix @ axes)).sum(axis=0)
    noise = 10 * np.finfo(np.float64).eps * (np.abs(axes).T @ np.sqrt(variances)) ** 2
    spreads = np.where(spreads > noise, spreads, 0.0)
    ascending = np.argsort(spreads, kind="stable")
    return spreads[ascending], axes[:, ascending]


def principal_axes(matrix: Float) -> tuple[Float, Float]:
    """Return the eigenvalues (D,) of AᵀA, ascending, and its eigenvectors (D, D).

    Parameters
    ----------
    matrix : (M, D) float64, finite, M ≥ D
    """
    values, axes = np.linalg.eigh(matrix.T @ matrix)
    if values[0] > PLAIN * values[-1]:
        return values, axes
    return jacobi_axes(matrix)


def jacobi_axes(matrix: Float) -> tuple[Float, Float]:
    """Return what `principal_axes` does, by rotations."""
    upper, order = pivoted(matrix)
    columns = upper.T.copy()
    n_columns = len(columns)
    orthogonal = n_columns * np.finfo(np.float64).eps
    for _ in range(MOST_ROUNDS):
        if not max(rotate(columns, *pairs) for pairs in tournament(n_columns)) > orthogonal:
            break
    lengths = np.sqrt((columns * columns).sum(axis=0))
    ascending = np.argsort(lengths, kind="stable")
    axes = np.empty_like(columns)
    axes[order] = columns[:, ascending] / lengths[ascending]
    return lengths[ascending] ** 2, axes


def pivoted(matrix: Float) -> tuple[Float, NDArray[np.intp]]:
    """Return R (D, D) and the columns' order of A P = Q R, with long columns first."""
    found: Any = linalg.qr(matrix, mode="r", pivoting=True)
    upper, order = found
    return upper[: len(order)], order


def rotate(columns: Float, left: NDArray[np.intp], right: NDArray[np.intp]) -> float:
    """Make disjoint pairs of columns orthogonal, in place; return the largest cosine before."""
    first, second = columns[:, left], columns[:, right]
    lengths = np.sqrt((first * first).sum(axis=0)), np.sqrt((second * second).sum(axis=0))
    cosines = (first / lengths[0] * (second / lengths[1])).sum(axis=0)
    ratios = lengths[1] / lengths[0]
    turned = np.abs(cosines) > 0
    slopes = np.where(turned, (ratios - 1 / ratios) / (2 * np.where(turned, cosines, 1.0)), 0.0)
    tangents = np.copysign(turned, slopes) / (np.abs(slopes) + np.hypot(1.0, slopes))
    cosine = 1 / np.hypot(1.0, tangents)
    columns[:, left] = cosine * (first - tangents * second)
    columns[:, right] = cosine * (second + tangents * first)
    return float(np.abs(cosines).max(initial=0.0))


@cache
def tournament(n_columns: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return rounds of disjoint pairs in which every two columns meet once."""
    players = n_columns + n_columns % 2
    seats = np.arange(players)
    rounds: list[Any] = []
    for _ in range(players - 1):
        left, right = seats[: players // 2], seats[players // 2 :][::-1]
        present = np.maximum(left, right) < n_columns
        rounds.append((left[present], right[present]))
        seats = np.concatenate([seats[:1], np.roll(seats[1:], 1)])
    return rounds
