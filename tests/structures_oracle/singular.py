"""Refusing covariances that are singular, with the component's number in the message."""

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import ParameterError

__all__ = [
    "FLAT",
    "eigenvalues_above_noise",
    "finite",
    "finite_cholesky",
    "positive",
    "refuse",
    "shared_positive",
]

Float = NDArray[np.float64]

ADVICE = "use a prior, fewer components or a structure that shares more"

# No data make one variance of a covariance this much smaller than another; a divergence does.
FLAT = 1e-200


def positive(variances: Float) -> Float:
    """Return variances or volumes, (K,) or (K, D), that are all positive and finite.

    Raises
    ------
    ParameterError
        Naming the first component that has another value.
    """
    # A NaN fails the first comparison.
    if variances.min() > 0 and variances.max() < np.inf:
        return variances
    good = ((variances > 0) & (variances < np.inf)).reshape(len(variances), -1).all(axis=1)
    refuse(f"component {int(good.argmin())}: the covariance is")
    return None


def shared_positive(variances: Float) -> Float:
    """Return variances (D,) of a shared covariance that are all positive, finite and comparable."""
    largest = variances.max()
    if variances.min() > FLAT * largest >= 0 and largest < np.inf:
        return variances
    refuse("the shared covariance is")
    return None


def finite(covariances: Float) -> Float:
    """Return covariances (K, D, D) that have no entry that is NaN or infinite."""
    good = np.isfinite(covariances)
    if not good.all():
        refuse(f"component {int(good.all(axis=(1, 2)).argmin())}: the covariance is")
    return covariances


def finite_cholesky(matrices: Float) -> Float:
    """Return the lower Cholesky factors of component matrices (K, D, D), or of a shared (D, D)."""
    try:
        factors = np.linalg.cholesky(matrices).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        factors = None
    if factors is not None and np.isfinite(factors).all():
        return factors
    if matrices.ndim == 2:
        refuse("the shared covariance is")
    for k, matrix in enumerate(matrices):
        try:
            finite_cholesky(matrix)
        except ParameterError:
            refuse(f"component {k}: the covariance is")
    raise AssertionError("a stack of factors fails only where one of its matrices does")


def eigenvalues_above_noise(eigenvalues: Float) -> Float:
    """Return ascending eigenvalues (K, D) of scatters, with those that are rounding noise as zero.

    Raises
    ------
    ParameterError
        If a component has no positive eigenvalue, or one that is not finite.
    """
    largest = positive(eigenvalues[:, -1])[:, None]
    # Ten times the usual bound: kernels differ in how they round.
    noise = 10 * eigenvalues.shape[1] * np.finfo(np.float64).eps * largest
    return np.where(eigenvalues > noise, eigenvalues, 0.0)


def refuse(subject: str) -> NoReturn:
    """Raise the error for a singular covariance."""
    raise ParameterError(f"{subject} singular or not finite; {ADVICE}")
