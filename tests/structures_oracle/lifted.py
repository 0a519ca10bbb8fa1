"""Covariances at a floor where axes are free: all structures but those with a shape of their axes.

With A_k what the rounded columns' scatter has beyond the others, in units of the floor (`cells`),
the covariance of least N log|Σ| + tr(Σ⁻¹ W) above F is that of the scatter W + F^½ (N I - A)₊ F^½:
its eigenvalues there are lifted to N.
"""

import numpy as np
from numpy.typing import NDArray

from structures_oracle.cells import Cells, positive_part
from structures_oracle.diagonal import one_diagonal
from structures_oracle.ellipsoidal import one_covariance
from structures_oracle.mixing import Mixing

__all__ = ["lifted", "lifted_to_one_volume", "one_shape_above"]

Float = NDArray[np.float64]

MOST_TURNS = 200
# In the logarithm of a determinant, relative to it, and of volumes.
SHORT_STEP = 1e-14
SHORT_TURN = 1e-9
# Of the rows, what stands for no scatter.
NOTHING = 1e-250


def lifted(cells: Cells, scatter: Float, rows: Float) -> Float:
    """Return the scatters (G, ...) that VVV, VVI, EEE or EEI need, of G scatters of N_g rows."""
    return cells.raised(scatter, needed(cells.excess(scatter), rows))


def lifted_to_one_volume(cells: Cells, scatter: Float, rows: Float) -> Float:
    """Return the scatters (K, ...) that EVV or EVI need.

    Σ_k = lifted(W_k, μ_k) / μ_k, of one determinant e^(Dτ); where τ is best, Σ μ_k = Σ N_k. With
    t = log μ_k and a_kj the eigenvalues of A_k, log|Σ_k| = c_k - m t + Σ_j (log a_kj - t)₊ falls
    with t, m the number of columns without a floor.
    """
    excess = cells.excess(scatter)
    values = np.linalg.eigvalsh(excess).reshape(len(rows), -1)
    n_rows, n_free = float(rows.sum()), len(cells.others)
    widest = np.maximum(values.max(axis=1), 0.0)
    if not n_free and widest.sum() <= n_rows:
        # Every component is the floor itself.
        multiples = widest + (1.0 - widest.sum() / n_rows) * rows
    else:
        logs = np.log(np.maximum(values, NOTHING * n_rows))
        constants = cells.log_determinants(scatter)
        multiples = np.exp(log_multiples(logs, constants, n_free, n_rows))
    return cells.raised(scatter, needed(excess, multiples))


def needed(excess: Float, rows: Float) -> Float:
    """Return (N_g I - A_g)₊."""
    return positive_part(rows[:, None, None, None] * np.eye(excess.shape[-1]) - excess)


def log_multiples(logs: Float, constants: Float, n_free: int, n_rows: float) -> Float:
    """Return t (K,) with Σ e^t = n and c_k - m t_k + Σ_j (l_kj - t_k)₊ the same for all k.

    Parameters
    ----------
    logs : (K, R) float64, l
    constants : (K,) float64, c
    n_free : m
    n_rows : n
    """
    falling = -np.sort(-logs, axis=1)
    places = np.arange(1, falling.shape[1] + 1)
    # Where a line begins that falls by one more for each unit of t.
    bends = constants[:, None] + np.cumsum(falling, axis=1) - (n_free + places) * falling

    def level_at(time: float) -> float:
        above = np.maximum(logs - time, 0.0).sum(axis=1)
        return float((constants - n_free * time + above).max())

    low, high = level_at(np.log(n_rows)), level_at(np.log(n_rows / len(logs)))
    while high - low > SHORT_STEP * max(1.0, abs(low), abs(high)):
        middle = 0.5 * (low + high)
        total = np.exp(times_at(middle, falling, bends, constants, n_free)).sum()
        low, high = (middle, high) if total > n_rows else (low, middle)
    return times_at(high, falling, bends, constants, n_free)


def times_at(level: float, falling: Float, bends: Float, constants: Float, n_free: int) -> Float:
    """Return t (K,) where log|Σ_k| has that level."""
    # Without free columns no covariance is less than the floor, where t may be anything higher.
    passed = np.maximum((bends < level).sum(axis=1), 0 if n_free else 1)
    sums = np.pad(np.cumsum(falling, axis=1), ((0, 0), (1, 0)))
    of_passed = np.take_along_axis(sums, passed[:, None], axis=1)[:, 0]
    return (constants + of_passed - level) / (n_free + passed)


def one_shape_above(cells: Cells, scatter: Float, rows: Float, start: Float | None) -> Float:
    """Return the factors of VEE's or VEI's λ_k C above the floor.

    They are those with C ⪰ F and λ_k ≥ 1: C is lifted from Σ W_k / λ_k, and λ_k is
    max(tr(C⁻¹ W_k) / (D N_k), 1). Along log λ and geodesics between the C, among which C ⪰ F is
    convex, the objective is too, so taking turns leads to the maximum; Anderson's mixing shortens
    the way, and is refused where it leads up.

    Parameters
    ----------
    cells : of the floor
    scatter : (K, D) or (K, D, D) float64
    rows : (K,) float64
    start : (K,) float64, log volumes to start from, or None
    """
    n_rows, counts = rows.sum(keepdims=True), scatter.shape[1] * rows
    logs = np.zeros(len(rows)) if start is None else start - start.min()
    factor, there, value = one_turn(cells, scatter, n_rows, counts, logs)
    mixing = Mixing()
    for _ in range(MOST_TURNS):
        step = there - logs
        if np.abs(step).max() < SHORT_TURN:
            break
        trial = np.maximum(mixing.mixed(logs, step, np.sqrt(rows)), 0.0)
        found = one_turn(cells, scatter, n_rows, counts, trial)
        if found[2] > value:
            mixing, trial = Mixing(), there
            found = one_turn(cells, scatter, n_rows, counts, trial)
        logs, (factor, there, value) = trial, found
    return factor / np.exp(0.5 * there).reshape(-1, *(1,) * factor.ndim)


def one_turn(
    cells: Cells, scatter: Float, n_rows: Float, counts: Float, logs: Float
) -> tuple[Float, Float, float]:
    """Return C's factor for log volumes, the log volumes for that, and what the former cost."""
    update = one_covariance if cells.full else one_diagonal
    weighed = np.tensordot(np.exp(-logs), scatter, 1)
    factor = update(lifted(cells, weighed[None], n_rows)[0], n_rows)[0]
    if cells.full:
        traces = np.einsum("ij,kij->k", factor, scatter @ factor)
        logs_of_factor = np.log(factor.diagonal())
    else:
        traces, logs_of_factor = scatter @ factor**2, np.log(factor)
    cost = -2 * n_rows[0] * logs_of_factor.sum() + counts @ logs + np.exp(-logs) @ traces
    with np.errstate(divide="ignore"):
        there = np.maximum(np.log(traces / counts), 0.0)
    return factor, there, float(cost)
