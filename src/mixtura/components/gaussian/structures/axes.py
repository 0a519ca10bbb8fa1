"""Principal axes, also where columns or spreads are many orders of magnitude apart.

A symmetric eigenproblem is solved to the precision of its largest eigenvalue: below 1e-16 of that
nothing is left. One-sided Jacobi rotations of a factor lose no more than its columns would if all
had one length (Demmel and Veselić 1992); LAPACK has them (Drmač and Veselić 2008).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from mixtura.components.gaussian.structures.factors import sharp_factor

__all__ = ["axes_of_scatter", "principal_axes"]

Float = NDArray[np.float64]

# Eigenvalues this much smaller than the largest still have eight digits.
PLAIN = 1e-8

# LAPACK's letters C, U, J, N, N: right for columns of any scale, with vectors as rotations make
# them (V solves for those, and leaves 1e-10), and no small number put in the place of a smaller.
BY_ROTATIONS = {"joba": 0, "jobu": 0, "jobv": 1, "jobr": 0, "jobp": 0}

# By how much the diagonal of a singular matrix is raised, of itself, to find axes for all columns.
LIFT = 1e-12


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
        _, axes = jacobi_axes(np.linalg.cholesky(lifted).T.astype(np.float64, copy=False))
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
    decompose: Any = get_lapack_funcs("gejsv", (matrix,))
    lengths, _, axes, scaling, *_ = decompose(matrix, **BY_ROTATIONS)
    lengths = lengths[::-1] * (scaling[0] / scaling[1])
    return lengths**2, axes[:, ::-1]
