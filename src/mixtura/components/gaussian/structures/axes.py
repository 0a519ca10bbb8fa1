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

__all__ = ["principal_axes"]

Float = NDArray[np.float64]

# Eigenvalues this much smaller than the largest still have eight digits.
PLAIN = 1e-8

MOST_ROUNDS = 40


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
