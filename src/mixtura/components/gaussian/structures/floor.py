"""Covariances that are nowhere narrower than the rounding of the columns: Σ_k ⪰ F.

Values rounded to a step h are known to h²/12: in second order the likelihood of their cells is that
of a density whose covariance is Σ - F, F = diag(h²/12), which has to be positive semidefinite.
With P = Σ⁻¹ and r the rounded columns this is M = F_r^½ P_rr F_r^½ ⪯ I, so the Lagrangian of the
M-step is its objective with a scatter that has more in these columns, W_k + F_r^½ Z_k F_r^½, Z_k ⪰ 0:
every structure's own update maximises it, and `multipliers` finds the Z_k.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.cells import Cells
from mixtura.components.gaussian.structures.ellipsoidal import axes_of
from mixtura.components.gaussian.structures.factors import factors_along
from mixtura.components.gaussian.structures.lifted import (
    lifted,
    lifted_to_one_volume,
    one_shape_above,
)
from mixtura.components.gaussian.structures.multipliers import multiplied
from mixtura.components.gaussian.structures.structure import Structure
from mixtura.errors import ParameterError

__all__ = ["floored", "largest_shares", "within_floor"]

Float = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

# How near its floor a component touches it.
TOUCHING = 1e-6
# Nats for each row that are not worth a second candidate.
CLOSED = 1e-6
# What keeps the result feasible by whatever route it is multiplied out.
ROUNDING = 64 * float(np.finfo(np.float64).eps)


def floored(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the factors of precisions that maximise the M-step's objective under Σ_k ⪰ diag(f).

    Where the structure's update alone is above the floor, that is returned. Where the search stops
    before the maximum, nothing lower than `previous` is returned.

    Parameters
    ----------
    structure : the covariance structure
    scatter : float64, as `Structure.features` says: (K, D, D), (K, D), (D, D) or (D,)
    rows : (K,) float64, effective rows
    previous : factors of the same structure, or None
    floor : (D,) float64, the least variances; zero where there is none

    Returns
    -------
    (K,), (K, D) or (K, D, D) float64

    Raises
    ------
    ParameterError
        Naming the component whose covariance is singular in columns that have no floor.
    """
    warm = previous if structure.iterative else None
    try:
        plain = structure.update(scatter, rows, warm)
    except ParameterError:
        if not (np.isfinite(scatter).all() and (rows > 0).all()):
            raise
        plain = None
    if plain is not None and (largest_shares(plain, floor) <= 1).all():
        return plain
    best = at_floor(structure, scatter, rows, raised(structure, scatter, rows, previous, floor), floor)
    if previous is None or not (largest_shares(previous, floor) <= 1).all():
        return best
    lost = objective(previous, scatter, rows) - objective(best, scatter, rows)
    return previous if lost > 0 else best


def within_floor(factors: Float, floor: Float) -> Bools:
    """Return which components (K,) touch the floor: Σ_k is no wider than it in some direction.

    Parameters
    ----------
    factors : (K,), (K, D) or (K, D, D) float64, of precisions
    floor : (D,) float64
    """
    return largest_shares(factors, floor) >= 1 - TOUCHING


def largest_shares(factors: Float, floor: Float) -> Float:
    """Return the largest eigenvalue (K,) of Uᵀ F U, which is at most 1 where Σ ⪰ F."""
    if factors.ndim == 1:
        return factors**2 * floor.max()
    if factors.ndim == 2:
        return (factors**2 * floor).max(axis=1)
    rounded = floor > 0
    half = factors[:, rounded] * np.sqrt(floor[rounded])[:, None]
    return np.linalg.norm(half, ord=2, axis=(1, 2)) ** 2


def spherical(scatter: Float, rows: Float, floor: Float, *, pooled: bool) -> Float:
    """Return the 1/σ_k (K,) of max(σ², max_j f_j), with σ² those of EII or VII."""
    if pooled:
        variances = np.full(len(rows), scatter.mean() / rows.sum())
    else:
        variances = scatter.mean(axis=1) / rows
    least = floor.max() * (1 + ROUNDING)
    return 1.0 / np.sqrt(np.maximum(variances, least))


def raised(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return factors that are above the floor but for rounding, or what a search has left."""
    code, full = structure.code, structure.storage == "full"
    cells = Cells.of(floor, full=full)
    if structure.storage == "spherical":
        return spherical(scatter, rows, floor, pooled=structure.features == "linear")
    if structure.features == "linear":
        return structure.update(lifted(cells, scatter[None], rows.sum(keepdims=True))[0], rows, None)
    if code in ("VVV", "VVI"):
        return structure.update(lifted(cells, scatter, rows), rows, None)
    if code in ("EVV", "EVI"):
        return structure.update(lifted_to_one_volume(cells, scatter, rows), rows, None)
    if code in ("VEE", "VEI"):
        return one_shape_above(cells, scatter, rows, log_volumes_of(previous))
    if code in ("EEV", "VEV") and (floor == floor[0]).all():
        return turned(structure, scatter, rows, previous, floor)
    return searched(structure, scatter, rows, previous, floor)


def searched(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the better of where multipliers lead and what is above the highest floor all over.

    The latter is for scatters that multipliers lead nowhere from: Lagrange's problem may jump
    where two axes of EEV or VEV change places.
    """
    widest = np.full(len(floor), floor.max())
    if structure.code in ("EEV", "VEV"):
        wide = turned(structure, scatter, rows, previous, widest)
    else:
        start = previous if structure.iterative else None
        wide = structure.update(scatter + np.multiply.outer(rows, np.diag(widest)), rows, start)
    try:
        found, gap = multiplied(structure, scatter, rows, previous, floor)
    except ParameterError:
        return wide
    if gap <= CLOSED * rows.sum():
        return found
    ends = [at_floor(structure, scatter, rows, each, floor) for each in (found, wide)]
    return max(ends, key=lambda each: objective(each, scatter, rows))


def turned(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return EEV's or VEV's factors where all columns have one floor: EEI or VEI along the axes."""
    values, axes = axes_of(scatter)
    cells = Cells.of(floor, full=False)
    if structure.code == "VEV":
        roots = one_shape_above(cells, values, rows, log_volumes_of(previous))
        return factors_along(axes, 1.0 / roots**2)
    spectrum = lifted(cells, values.sum(axis=0)[None], rows.sum(keepdims=True))[0] / rows.sum()
    return factors_along(axes, np.repeat(spectrum[None], len(rows), axis=0))


def log_volumes_of(factors: Float | None) -> Float | None:
    """Return log λ_k (K,) of factors, or None."""
    if factors is None:
        return None
    diagonal = factors if factors.ndim == 2 else factors.diagonal(axis1=1, axis2=2)
    return -2 * np.log(diagonal).mean(axis=1)


def at_floor(structure: Structure, scatter: Float, rows: Float, factors: Float, floor: Float) -> Float:
    """Return factors whose volumes are the best that the floor allows for their shapes."""
    shares, counts = largest_shares(factors, floor), rows * len(floor)
    # A component that nothing held up keeps its bits.
    least = np.where(shares > 1 - TOUCHING, shares * (1 + ROUNDING), 1.0)
    if structure.storage == "spherical" or structure.features == "linear":
        multiples = np.maximum(least, 1.0)
    elif structure.code[0] == "V":
        multiples = np.maximum(shares * (1 + ROUNDING), traces_of(factors, scatter, rows) / counts)
        multiples = np.where(np.abs(multiples - 1) > 1e-14, multiples, 1.0)
        multiples = np.where(shares > 1 - TOUCHING, multiples, 1.0)
    else:
        best = traces_of(factors, scatter, rows).sum() / counts.sum()
        multiples = np.full(len(rows), max(shares.max() * (1 + ROUNDING), best))
    return factors / np.sqrt(multiples).reshape(-1, *(1,) * (factors.ndim - 1))


def traces_of(factors: Float, scatter: Float, rows: Float) -> Float:
    """Return tr(Σ_k⁻¹ W_k) (K,); where scatters are pooled, by the components' rows."""
    if factors.ndim == 2:
        traces = (factors**2 * scatter).sum(axis=1)
    else:
        traces = np.einsum("kij,kij->k", factors, scatter @ factors)
    pooled = scatter.ndim == factors.ndim - 1
    return traces * rows / rows.sum() if pooled else traces


def objective(factors: Float, scatter: Float, rows: Float) -> float:
    """Return Σ_k [N_k log|Σ_k⁻¹| - tr(Σ_k⁻¹ W_k)]."""
    diagonal = factors if factors.ndim == 2 else factors.diagonal(axis1=1, axis2=2)
    logs = 2 * np.log(diagonal).sum(axis=1)
    return float(rows @ logs - traces_of(factors, scatter, rows).sum())
