"""Bayes' rule between classes, as functions of log densities (N, C) of rows under each class."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import log_sum_exp
from mixtura.errors import ParameterError

__all__ = [
    "adapted",
    "brier",
    "checked_costs",
    "checked_priors",
    "least_costly",
    "of_any",
    "posteriors",
]

Float = NDArray[np.float64]

# Probabilities that are given may add up to one so nearly.
ADDED = 1e-6
# Steps of the EM for the shares of classes, and how little the last changes.
STEPS, STILL = 10_000, 1e-10


def posteriors(densities: Float, priors: Float) -> Float:
    """Return P(class | row) (N, C) ∝ prior times density; a row of no density has the priors."""
    with np.errstate(divide="ignore"):
        joint = densities + np.log(priors)
    largest = joint.max(axis=1, keepdims=True)
    lost = ~np.isfinite(largest[:, 0])
    shares = np.exp(joint - np.where(np.isfinite(largest), largest, 0.0))
    shares[lost] = priors
    return shares / shares.sum(axis=1, keepdims=True)


def adapted(densities: Float, priors: Float, weights: Float | None = None) -> Float:
    """Return the shares of classes (C,) among rows whose classes are not known.

    They maximise Σ w log Σ_c π_c f_c(x) by EM: the densities stay, the shares are the mean
    posterior (Saerens, Latinne and Decaestecker 2002).

    Parameters
    ----------
    densities : (N, C) log f_c(x)
    priors : (C,) where it starts; a class of share zero keeps it
    weights : (N,) row weights
    """
    row_weights = np.ones(len(densities)) if weights is None else weights
    shares = priors
    for _ in range(STEPS):
        before, shares = shares, row_weights @ posteriors(densities, shares) / row_weights.sum()
        if np.abs(shares - before).max() < STILL:
            break
    return shares


def least_costly(shares: Float, costs: Float | None) -> NDArray[np.intp]:
    """Return the class (N,) of least expected cost; without costs the likeliest.

    Parameters
    ----------
    shares : (N, C) posteriors
    costs : (C, C) what it costs to say the class of the column of a row of the class of the row
    """
    return shares.argmax(axis=1) if costs is None else (shares @ costs).argmin(axis=1)


def brier(shares: Float, codes: NDArray[np.intp], weights: Float) -> float:
    """Return half the mean squared distance of posteriors from what is so (Brier 1950).

    Zero is perfect, and one always wrong without a doubt.
    """
    told = shares.copy()
    told[np.arange(len(codes)), codes] -= 1.0
    return float(weights @ (told**2).sum(axis=1) / (2 * weights.sum()))


def checked_priors(priors: ArrayLike | None, classes: NDArray[Any], shares: Float) -> Float:
    """Return the probabilities of classes (C,), by default their shares.

    Raises
    ------
    ParameterError
        If there is not one of each class, one is negative, or they do not add up to one.
    """
    if priors is None:
        return shares
    named = [label if isinstance(label, str) else str(label) for label in classes.tolist()]
    try:
        found = np.asarray(priors, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (len(classes),):
        raise ParameterError(
            f"priors should be {len(classes)} numbers, of the classes {', '.join(named[:20])}, "
            f"but got {priors!r}"
        )
    if not (found >= 0).all() or abs(found.sum() - 1) > ADDED:
        raise ParameterError(
            f"priors should be probabilities that add up to one, but got {priors!r}"
        )
    return found / found.sum()


def checked_costs(costs: ArrayLike | None, n_classes: int) -> Float | None:
    """Return costs (C, C) as numbers, or None.

    Raises
    ------
    ParameterError
        If they are not C times C finite numbers.
    """
    if costs is None:
        return None
    try:
        found = np.asarray(costs, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (n_classes, n_classes) or not np.isfinite(found).all():
        raise ParameterError(
            f"costs should be {n_classes} x {n_classes} numbers, a row for each true class and a "
            f"column for each that may be said, but got {costs!r}"
        )
    return found


def of_any(densities: Float, priors: Float) -> Float:
    """Return the log density of rows (N,) whatever their class."""
    with np.errstate(divide="ignore"):
        return log_sum_exp(densities + np.log(priors))
