"""Covariances that are nowhere narrower than the rounding of the columns: Σ_k ⪰ F.

Values rounded to a step h are known to h²/12: in second order the likelihood of their cells is that
of a density whose covariance is Σ - F, F = diag(h²/12), which has to be positive semidefinite.
With r the rounded columns that is F_r^½ (Σ⁻¹)_rr F_r^½ ⪯ I, so the Lagrangian of the M-step is its
objective with a scatter that has more there, W_k + F_r^½ Z_k F_r^½ with Z_k ⪰ 0: a maximum is what
the structure's own update makes of the right Z_k. Where axes are free `lifted` knows them, and
else `multipliers` looks for them.
"""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure
from mixtura.errors import ParameterError
from structures_oracle.cells import Cells
from structures_oracle.diagonal import one_diagonal
from structures_oracle.ellipsoidal import axes_of, one_covariance
from structures_oracle.factors import factors_along
from structures_oracle.lifted import (
    lifted,
    lifted_to_one_volume,
    one_shape_above,
)
from structures_oracle.multipliers import multiplied

__all__ = ["floored", "is_above"]

Float = NDArray[np.float64]

# What keeps covariances above their floor by whatever route they are multiplied out.
ROUNDING = 64 * float(np.finfo(np.float64).eps)
# Volumes too large by less are left alone.
SHRUNK = 1e-9
# Nats for each row that are worth a second candidate.
OPEN = 1e-6


def floored(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the factors of precisions that maximise the M-step's objective under Σ_k ⪰ diag(f).

    Where the structure's update is above the floor by itself, that is returned. EVE and VVE reach a
    local maximum, as without a floor; EEV and VEV the maximum where all columns have the same
    floor. Nothing lower than `previous` is returned, if that is above the floor.

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
        if not np.isfinite(scatter).all() or not (rows > 0).all():
            raise
        plain = None
    if plain is not None and (not floor.any() or is_above(plain, floor)):
        return plain
    if structure.storage == "spherical":
        return spherical(structure, scatter, rows, floor)
    if structure.shares_covariance:
        pooled = scatter if structure.features == "linear" else scatter.sum(axis=0)
        return shared(structure, pooled, rows, floor)
    best = unshared(structure, scatter, rows, warm, floor)
    if previous is None or not is_above(previous, floor):
        return best
    lost = objective(previous, scatter, rows) - objective(best, scatter, rows)
    return previous if lost > 0 else best


def is_above(factors: Float, floor: Float) -> bool:
    """Return whether all Σ_k ⪰ diag(floor)."""
    if factors.ndim == 3:
        half = factors * np.sqrt(floor)[:, None]
        try:
            np.linalg.cholesky(np.eye(len(floor)) - half @ half.transpose(0, 2, 1))
        except np.linalg.LinAlgError:
            pass
        else:
            return True
    return bool((largest_shares(factors, floor) <= 1).all())


def largest_shares(factors: Float, floor: Float) -> Float:
    """Return the largest eigenvalue (K,) of Uᵀ F U, which is at most 1 where Σ ⪰ F."""
    if factors.ndim == 1:
        return factors**2 * floor.max()
    if factors.ndim == 2:
        return (factors**2 * floor).max(axis=1)
    return np.linalg.norm(factors * np.sqrt(floor)[:, None], ord=2, axis=(1, 2)) ** 2


def spherical(structure: Structure, scatter: Float, rows: Float, floor: Float) -> Float:
    """Return the 1/σ_k (K,) of max(σ², max_j f_j), with σ² those of EII or VII."""
    if structure.shares_covariance:
        variances = np.full(len(rows), scatter.sum() / (len(floor) * rows.sum()))
    else:
        variances = scatter.sum(axis=1) / (len(floor) * rows)
    return 1.0 / np.sqrt(np.maximum(variances, floor.max() * (1 + ROUNDING)))


def shared(structure: Structure, scatter: Float, rows: Float, floor: Float) -> Float:
    """Return EEE's or EEI's factors from the pooled scatter (D, D) or (D,)."""
    full = structure.storage == "full"
    cells, n_rows = Cells.of(floor, full=full), rows.sum(keepdims=True)
    update = one_covariance if full else one_diagonal
    factors = update(lifted(cells, scatter[None], n_rows)[0], rows)
    least = max(1.0, float(largest_shares(factors[:1], floor)[0]))
    return factors / np.sqrt(least * (1 + ROUNDING))


def unshared(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the factors of a structure whose components differ."""
    cells = Cells.of(floor, full=structure.storage == "full")
    match structure.code:
        case "VVV" | "VVI":
            found = structure.update(lifted(cells, scatter, rows), rows, None)
        case "EVV" | "EVI":
            found = structure.update(lifted_to_one_volume(cells, scatter, rows), rows, None)
        case "VEE" | "VEI":
            found = one_shape_above(cells, scatter, rows, log_volumes_of(previous))
        case "EEV" | "VEV" if (floor == floor[0]).all():
            found = turned(structure, scatter, rows, previous, floor)
        case _:
            found = searched(structure, scatter, rows, previous, floor)
    return brought_above(structure, scatter, rows, found, floor)


def turned(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return EEV's or VEV's factors where all columns have one floor: EEI or VEI along the axes."""
    values, axes = axes_of(scatter)
    cells = Cells.of(floor, full=False)
    if structure.code == "VEV":
        roots = one_shape_above(cells, values, rows, log_volumes_of(previous))
        return factors_along(axes, 1.0 / roots**2)
    n_rows = rows.sum(keepdims=True)
    spectrum = lifted(cells, values.sum(axis=0)[None], n_rows) / n_rows
    return factors_along(axes, np.repeat(spectrum, len(rows), axis=0))


def searched(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the best of where multipliers lead and what has the highest floor all over.

    The latter is for scatters that multipliers lead nowhere from: Lagrange's problem jumps where
    two axes change places. It also is another place to search for common axes from.
    """
    found, gap = led(structure, scatter, rows, previous, floor)
    if found is not None and gap <= OPEN * rows.sum():
        return found
    highest = np.full(len(floor), floor.max())
    again = None
    if structure.code in ("EEV", "VEV"):
        wide = turned(structure, scatter, rows, previous, highest)
    else:
        added = np.multiply.outer(rows, np.diag(highest))
        wide = structure.update(scatter + added, rows, previous)
        again, _ = led(structure, scatter, rows, wide, floor)
    ends = [
        brought_above(structure, scatter, rows, each, floor)
        for each in (found, again, wide)
        if each is not None
    ]
    return max(ends, key=lambda each: objective(each, scatter, rows))


def led(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> tuple[Float | None, float]:
    """Return where multipliers lead and the gap, or None where that is singular."""
    try:
        return multiplied(structure, scatter, rows, previous, floor)
    except ParameterError:
        return None, np.inf


def brought_above(
    structure: Structure, scatter: Float, rows: Float, factors: Float, floor: Float
) -> Float:
    """Return factors whose volumes are the best above the floor for their shapes and axes."""
    shares, traces = largest_shares(factors, floor), traces_of(factors, scatter)
    counts = rows * len(floor)
    if structure.code[0] == "E":
        shares, traces, counts = shares.max(keepdims=True), traces.sum(keepdims=True), counts.sum()
    multiples = np.maximum(shares * (1 + ROUNDING), traces / counts)
    # A component that nothing holds up keeps its bits.
    held = (shares > 1 - ROUNDING) | (multiples < 1 - SHRUNK)
    multiples = np.where(held, multiples, 1.0)
    return factors / np.sqrt(multiples).reshape(-1, *(1,) * (factors.ndim - 1))


def log_volumes_of(factors: Float | None) -> Float | None:
    """Return log λ_k (K,) of factors, or None."""
    if factors is None:
        return None
    diagonal = factors if factors.ndim == 2 else factors.diagonal(axis1=1, axis2=2)
    return -2 * np.log(diagonal).mean(axis=1)


def traces_of(factors: Float, scatter: Float) -> Float:
    """Return tr(Σ_k⁻¹ W_k) (K,)."""
    if factors.ndim == 2:
        return (factors**2 * scatter).sum(axis=1)
    return np.einsum("kij,kij->k", factors, scatter @ factors)


def objective(factors: Float, scatter: Float, rows: Float) -> float:
    """Return Σ_k [N_k log|Σ_k⁻¹| - tr(Σ_k⁻¹ W_k)]."""
    diagonal = factors if factors.ndim == 2 else factors.diagonal(axis1=1, axis2=2)
    logs = 2 * np.log(diagonal).sum(axis=1)
    return float(rows @ logs - traces_of(factors, scatter).sum())
