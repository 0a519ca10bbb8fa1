"""Covariances at a floor where axes are free: all structures but those with a shape of their axes.

With A_k what the rounded columns' scatter has beyond the others, in units of the floor (`cells`),
the covariance of least N log|Σ| + tr(Σ⁻¹ W) above F is that of the scatter W + F^½ (N I - A)₊ F^½:
its eigenvalues there are lifted to N.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.cells import Cells, positive_part
from mixtura.components.gaussian.structures.diagonal import one_diagonal
from mixtura.components.gaussian.structures.ellipsoidal import one_covariance
from mixtura.components.gaussian.structures.mixing import Mixing

__all__ = ["lifted", "lifted_to_one_volume", "one_shape_above"]

Float = NDArray[np.float64]

MOST_STEPS = 200
# In the logarithm of a volume.
SHORT_STEP = 1e-13
SHORT_TURN = 1e-9


def lifted(cells: Cells, scatter: Float, rows: Float) -> Float:
    """Return the scatters (G, ...) that VVV, VVI, EEE or EEI need, of G scatters of N_g rows."""
    excess = cells.excess(scatter)
    identity = np.eye(excess.shape[-1])
    return cells.raised(scatter, positive_part(rows[:, None, None, None] * identity - excess))


def lifted_to_one_volume(cells: Cells, scatter: Float, rows: Float) -> Float:
    """Return the scatters (K, ...) that EVV or EVI need.

    Σ_k = lifted(W_k, μ_k) / μ_k, of one determinant e^(Dτ); where τ is best, Σ μ_k = Σ N_k. With
    t = log μ_k and a_kj the eigenvalues of A_k, log|Σ_k| = c_k - m t + Σ_j (log a_kj - t)₊ falls
    with t, m the number of columns without a floor.
    """
    excess = cells.excess(scatter)
    values = np.linalg.eigvalsh(excess).reshape(len(rows), -1)
    n_rows = rows.sum()
    if not len(cells.others) and values.max(axis=1).sum() <= n_rows:
        # Every component is the floor itself.
        widest = np.maximum(values.max(axis=1), 0.0)
        multiples = widest + (n_rows - widest.sum()) * rows / n_rows
    else:
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(values, 1e-290 * n_rows))
        multiples = np.exp(log_multiples(logs, cells.log_determinants(scatter), len(cells.others), n_rows))
    identity = np.eye(excess.shape[-1])
    return cells.raised(scatter, positive_part(multiples[:, None, None, None] * identity - excess))


def log_multiples(logs: Float, constants: Float, n_free: int, n_rows: float) -> Float:
    """Return t (K,) with Σ e^t = n and c_k - m t_k + Σ_j (l_kj - t_k)₊ the same for all k.

    Parameters
    ----------
    logs : (K, R) l
    constants : (K,) c
    n_free : m
    n_rows : n
    """
    order = -np.sort(-logs, axis=1)
    # log|Σ| at each breakpoint, and below the lowest a line of slope -(m + R).
    places = np.arange(1, order.shape[1] + 1)
    levels = constants[:, None] - n_free * order + np.cumsum(order, axis=1) - places * order
    low, high = least_level(levels, n_free, constants, order, n_rows)
    for _ in range(MOST_STEPS):
        middle = 0.5 * (low + high)
        times = times_at(middle, order, levels, constants, n_free)
        if np.exp(times).sum() > n_rows:
            low = middle
        else:
            high = middle
        if high - low < SHORT_STEP * max(1.0, abs(low)):
            break
    return times_at(high, order, levels, constants, n_free)


def least_level(levels, n_free, constants, order, n_rows):
    """Return bounds of the level."""
    log_rows = np.log(n_rows)

    def level(t):
        return constants - n_free * t + np.maximum(order - t, 0.0).sum(axis=1)

    most = level(log_rows - np.log(len(order))).max()
    least = level(log_rows).max()
    return least, most


def times_at(level: float, order: Float, levels: Float, constants: Float, n_free: int) -> Float:
    """Return t (K,) where log|Σ_k| is `level`."""
    above = (levels < level).sum(axis=1)
    sums = np.concatenate([np.zeros((len(order), 1)), np.cumsum(order, axis=1)], axis=1)
    above = np.maximum(above, 0 if n_free else 1)
    total = np.take_along_axis(sums, above[:, None], axis=1)[:, 0]
    return (constants + total - level) / (n_free + above)


def one_shape_above(
    cells: Cells, scatter: Float, rows: Float, start: Float | None
) -> Float:
    """Return the factors of VEE's or VEI's λ_k C above the floor.

    They are those with C ⪰ F and λ_k ≥ 1: C is lifted from Σ W_k / λ_k, and λ_k is
    max(tr(C⁻¹ W_k) / (D N_k), 1). In log λ and the geodesics between the C, among which C ⪰ F is
    convex, so is the objective: taking turns leads to the maximum. Anderson's mixing shortens it.

    Parameters
    ----------
    start : (K,) log volumes to start from, or None
    """
    n_columns, n_rows = scatter.shape[1], rows.sum(keepdims=True)
    update = one_covariance if cells.full else one_diagonal
    logs = np.zeros(len(rows)) if start is None else np.maximum(start - start.min(), 0.0)
    mixing, least, kept = Mixing(), np.inf, None
    for _ in range(MOST_STEPS):
        weighed = np.tensordot(np.exp(-logs), scatter, 1)
        factor = update(lifted(cells, weighed[None], n_rows)[0], n_rows)[0]
        if cells.full:
            traces = np.einsum("ij,kij->k", factor, scatter @ factor)
            determinant = -2 * np.log(factor.diagonal()).sum()
        else:
            traces, determinant = scatter @ factor**2, -2 * np.log(factor).sum()
        value = float(n_rows[0] * determinant + n_columns * rows @ logs + np.exp(-logs) @ traces)
        if value > least + 1e-14 * abs(least) and mixing.steps:
            # Mixing led up: take the plain step instead.
            logs, mixing = kept, Mixing()
            least = np.inf
            continue
        least = value
        with np.errstate(divide="ignore"):
            there = np.maximum(np.log(traces / (n_columns * rows)), 0.0)
        step = there - logs
        if np.abs(step).max() < SHORT_TURN:
            logs = there
            break
        kept = there
        logs = np.maximum(mixing.mixed(logs, step, np.sqrt(rows)), 0.0)
    return factor / np.sqrt(np.exp(logs)).reshape(-1, *(1,) * factor.ndim)
