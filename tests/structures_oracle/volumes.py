"""Volumes of components that share a shape: Σ_k = λ_k C, for VEI, VEV and VEE.

With u_k = -log λ_k and M(u) = Σ_k e^(u_k) W_k, the best C for given volumes is M / |M|^(1/D), and
the M-step's objective becomes -½ n g(u) and constants, where

    g(u) = log|M(u)| - D Σ_k (N_k / n) u_k

is convex (Celeux and Govaert 1995 alternate between C and the λ_k; that is a descent of g by
fixed-point steps). Newton's method in K numbers needs some five steps where the alternation needs
hundreds; a fixed-point step, which can not raise g, stands in where a Newton step would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from structures_oracle.singular import (
    finite_cholesky,
    positive,
    refuse,
    shared_positive,
)

__all__ = ["variances_of_one_shape", "volumes_and_shape"]

Float = NDArray[np.float64]

MOST_STEPS = 200
LONGEST_STEP = 3.0  # in log volume
# Volumes further apart than this (in logs) are on their way to zero and infinity.
WIDEST_VOLUMES = 200.0
# Newton's error after a step is about the square of the step.
SHORT_STEP = 1e-7
ROUNDING = 8 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True)
class Split:
    """How M = Σ_k M_k, M_k = e^(u_k) W_k, splits between components, in coordinates where M = I.

    Attributes
    ----------
    log_determinant : log|M|
    parts : (K, P) the M_k, flat; their sum is the identity
    traces : (K,)
    """

    log_determinant: float
    parts: Float
    traces: Float


Splitting: TypeAlias = Callable[[Float], Split]


def variances_of_one_shape(scatter: Float, rows: Float, log_volumes: Float | None) -> Float:
    """Return the variances λ_k B, |B| = 1, that maximise the M-step's objective.

    Parameters
    ----------
    scatter : (K, D) float64, diagonals of the scatters W_k; zeros may occur
    rows : (K,) float64, N_k
    log_volumes : (K,) float64, where to start, or None

    Returns
    -------
    (K, D) float64
    """

    def split(minus_logs: Float) -> Split:
        parts = scatter * np.exp(minus_logs)[:, None]
        whole = shared_positive(parts.sum(axis=0))
        parts /= whole
        return Split(float(np.log(whole).sum()), parts, parts.sum(axis=1))

    totals = scatter.sum(axis=1)
    minus_logs = minus_log_volumes(split, totals, rows, scatter.shape[1], log_volumes)
    shape = np.exp(minus_logs) @ scatter / rows.sum()
    return positive(np.exp(-minus_logs)[:, None] * shape)


def volumes_and_shape(
    scatter: Float, rows: Float, log_volumes: Float | None
) -> tuple[Float, Float]:
    """Return volumes and the one shape whose products maximise the M-step's objective.

    Parameters
    ----------
    scatter : (K, D, D) float64, the scatters W_k
    rows : (K,) float64, N_k
    log_volumes : (K,) float64, where to start, or None

    Returns
    -------
    volumes : (K,) float64
    shape : (D, D) float64, of any determinant
    """
    n_components, n_columns, _ = scatter.shape

    def split(minus_logs: Float) -> Split:
        parts = scatter * np.exp(minus_logs)[:, None, None]
        whole = parts.sum(axis=0)
        lower = finite_cholesky(whole)
        # What is left of a column beyond the others; at rounding level the kernel decides its sign.
        if (lower.diagonal() ** 2 < ROUNDING * n_columns * whole.diagonal()).any():
            refuse("the shared covariance is")
        inverse = np.linalg.inv(lower)
        flat = (inverse @ parts @ inverse.T).reshape(n_components, -1)
        log_determinant = 2 * float(np.log(lower.diagonal()).sum())
        return Split(log_determinant, flat, flat[:, :: n_columns + 1].sum(axis=1))

    totals = np.einsum("kdd->k", scatter)
    minus_logs = minus_log_volumes(split, totals, rows, n_columns, log_volumes)
    shape = np.tensordot(np.exp(minus_logs), scatter, 1) / rows.sum()
    return positive(np.exp(-minus_logs)), shape


def minus_log_volumes(
    split: Splitting, totals: Float, rows: Float, n_columns: int, start: Float | None
) -> Float:
    """Return u (K,), the minimiser of g.

    Parameters
    ----------
    split : the splitting of M at u
    totals : (K,) float64, tr W_k
    rows : (K,) float64
    n_columns : D
    start : (K,) float64, log volumes to start from, or None
    """
    positive(totals)
    positive(rows)
    shares = rows / rows.sum()
    here = -start if start is not None else np.log(rows * n_columns / totals)
    now = split(here)
    value = now.log_determinant - n_columns * (shares @ here)
    for _ in range(MOST_STEPS):
        step = newton_step(now, shares, n_columns)
        length = np.abs(step).max()
        if not length <= LONGEST_STEP:
            step = step * (LONGEST_STEP / length)
        trial, then = here + step, split(here + step)
        trial_value = then.log_determinant - n_columns * (shares @ trial)
        if not trial_value <= value + ROUNDING * abs(value):
            trial = here + np.log(n_columns * shares / positive(now.traces))
            then = split(trial)
            trial_value = then.log_determinant - n_columns * (shares @ trial)
        here, now, value = trial, then, trial_value
        if length < SHORT_STEP:
            break
    if np.ptp(here) > WIDEST_VOLUMES:
        refuse("the shared covariance is")
    return here


def newton_step(now: Split, shares: Float, n_columns: int) -> Float:
    """Return -H⁻¹ ∇g (K,) for H_kl = δ_kl tr M_k - tr(M_k M_l), ∇g_k = tr M_k - D N_k / n.

    The equations are scaled by the root of the shares, so that a component of next to no rows
    does not spoil them, and the direction (1, ..., 1), along which g is constant, is filled up.
    """
    roots = np.sqrt(shares)
    parts = now.parts / roots[:, None]
    hessian = n_columns * np.multiply.outer(roots, roots) - parts @ parts.T
    hessian.flat[:: len(roots) + 1] += now.traces / shares
    gradient = (now.traces - n_columns * shares) / roots
    try:
        return -np.linalg.solve(hessian, gradient) / roots
    except np.linalg.LinAlgError:
        return np.log(n_columns * shares / positive(now.traces))
