"""Principal axes, also where columns or spreads are many orders of magnitude apart.

A symmetric eigenproblem is solved to the precision of its largest eigenvalue: below 1e-16 of that
nothing is left. One-sided Jacobi rotations of a factor lose no more than its columns would if all
had one length (Demmel and Veselić 1992); LAPACK has them (Drmač and Veselić 2008).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from structures_oracle.factors import ROUNDING, sharp_factor
from structures_oracle.singular import eigenvalues_above_noise

__all__ = ["axes_of_scatter", "principal_axes"]

Float = NDArray[np.float64]

# Eigenvalues this much smaller than the largest still have eight digits.
PLAIN = 1e-8

# LAPACK's letters C, U, J, N, N: right for columns of any scale, with vectors as rotations make
# them (V solves for those, and leaves 1e-10), and no small number put in the place of a smaller.
BY_ROTATIONS = {"joba": 0, "jobu": 0, "jobv": 1, "jobr": 0, "jobp": 0}


def axes_of_scatter(matrix: Float) -> tuple[Float, Float]:
    """Return ascending eigenvalues (D,) and eigenvectors (D, D), right for columns of any scales.

    Where the matrix is singular but for rounding its spread is that of as many columns as pivots
    are left of its correlations, and the eigenvalues beyond them are 0. Where rounding has taken
    the correlations too, the widest column tells which eigenvalues are left.

    Parameters
    ----------
    matrix : (D, D) float64, symmetric, positive semidefinite but for rounding
    """
    lower = sharp_factor(matrix)
    factor = lower.T if lower is not None else singular_factor(matrix)
    if factor is None:
        values, axes = np.linalg.eigh(matrix)
        return eigenvalues_above_noise(values[None])[0], axes
    return jacobi_axes(factor)


def singular_factor(matrix: Float) -> Float | None:
    """Return A (D, D), rows of nothing below the others, with AᵀA the matrix but for rounding.

    It is None where no A is: scatter about means far away keeps the digits of its widest column.
    """
    widths = np.sqrt(np.maximum(matrix.diagonal(), 0.0))
    widths = np.where(widths > 0, widths, 1.0)
    n_columns = len(widths)
    decompose: Any = get_lapack_funcs("pstrf", (matrix,))
    correlations = matrix / widths / widths[:, None]
    pivoted, order, rank, _ = decompose(correlations, tol=ROUNDING * n_columns)
    factor = np.zeros_like(matrix)
    factor[:rank, order - 1] = np.triu(pivoted)[:rank]
    if np.abs(factor.T @ factor - correlations).max() > PLAIN:
        return None
    return factor * widths


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
    decompose: Any = get_lapack_funcs("gejsv", (matrix,))
    lengths, _, axes, scaling, *_ = decompose(matrix, **BY_ROTATIONS)
    lengths = lengths[::-1] * (scaling[0] / scaling[1])
    return lengths**2, axes[:, ::-1]
