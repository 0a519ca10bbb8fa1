"""Lagrange multipliers of a floor below covariances, for any structure.

With Z_k the multipliers in units of the floor, A_k and C_k = M_k⁻¹ what scatter and covariance have
in the rounded columns beyond the others (`cells`), a maximum has Z_k ⪰ 0, C_k ⪰ I and
Z_k (C_k - I) = 0. So with X_k = A_k + Z_k

    Z ← G^½ [G^-½ Z G^-½ + G^½ (I - C) G^½]₊ G^½,   G C G = X,

which stands still just there, whatever the G; with this one, C = X / N (VVV) is solved in one step,
and no step is too long where a C is some power of X. What bounds the gain left is the gap to the
dual: Σ tr(Z_k (I - M_k)), and what it costs to bring the covariances above the floor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures import Structure
from mixtura.errors import ParameterError
from structures_oracle.cells import Cells, positive_part
from structures_oracle.mixing import Mixing

__all__ = ["multiplied"]

Float = NDArray[np.float64]

MOST_TURNS = 60
# What may be left to gain, in nats for each row.
LEAST_GAP = 1e-9
# How a turn that led away shortens those that follow, when there is no use in shorter ones.
SHRINK, SHORTEST = 0.25, 1e-3
# Of the largest, what stands for eigenvalues of nothing.
NOTHING = 1e-30


@dataclass(frozen=True, slots=True)
class Place:
    """Multipliers, and what the structure's update makes of them.

    Attributes
    ----------
    extra : (K, B, S, S) Z
    factors : (K, D, D)
    tightness : (K, B, S, S) M
    gap : of the objective at most, in nats
    """

    extra: Float
    factors: Float
    tightness: Float
    gap: float


def multiplied(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> tuple[Float, float]:
    """Return the factors (K, D, D) that the multipliers lead to, and the gap there.

    They may be below the floor by what is left of the gap.

    Parameters
    ----------
    structure : a structure of full matrices
    scatter : (K, D, D) float64
    rows : (K,) float64
    previous : factors to start from, or None
    floor : (D,) float64
    """
    cells = Cells.of(floor, full=True)
    excess = cells.excess(scatter)
    identity = np.eye(excess.shape[-1])
    extra = positive_part(rows[:, None, None, None] * identity - excess)
    best = place(structure, cells, scatter, rows, previous, extra)
    mixing, length = Mixing(), 1.0
    for _ in range(MOST_TURNS):
        if best.gap <= LEAST_GAP * rows.sum() or length < SHORTEST:
            break
        step = length * (stepped(excess, best.extra, best.tightness) - best.extra)
        scale = 1.0 / np.einsum("gbii->gb", excess + best.extra)[:, :, None, None]
        there = positive_part(mixing.mixed(best.extra, step, scale))
        try:
            found = place(structure, cells, scatter, rows, best.factors, there)
        except ParameterError:
            found = None
        if found is not None and found.gap < best.gap:
            best = found
            length = min(1.0, 2 * length)
        elif len(mixing.steps) > 1:
            mixing = Mixing()
        else:
            mixing, length = Mixing(), SHRINK * length
    return best.factors, best.gap


def place(
    structure: Structure,
    cells: Cells,
    scatter: Float,
    rows: Float,
    warm: Float | None,
    extra: Float,
) -> Place:
    """Return what multipliers lead to."""
    start = warm if structure.iterative else None
    factors = structure.update(cells.raised(scatter, extra), rows, start)
    tightness = cells.tightness(factors)
    return Place(extra, factors, tightness, gap_of(structure, tightness, extra, rows, factors))


def gap_of(
    structure: Structure, tightness: Float, extra: Float, rows: Float, factors: Float
) -> float:
    """Return the duality gap with volumes as the floor wants them.

    A covariance that is m times as wide has n D log m + tr(Σ⁻¹ W) (1/m - 1) more, and at the
    update's volumes tr(Σ⁻¹ W) = n D - tr(Z M).
    """
    counts = rows * factors.shape[1]
    held = np.einsum("kbij,kbij->k", extra, tightness)
    spare = np.einsum("kbii->k", extra) - held
    largest = np.linalg.eigvalsh(tightness)[:, 0, -1]
    if structure.code[0] == "E":
        counts, held, largest = counts.sum(), held.sum(), largest.max()
    traces = counts - held
    multiples = np.maximum(largest, traces / counts)
    return float((counts * np.log(multiples) + traces * (1 / multiples - 1)).sum() + spare.sum())


def stepped(excess: Float, extra: Float, tightness: Float) -> Float:
    """Return the multipliers after a step.

    With M = L Lᵀ, L⁻¹ X L⁻ᵀ = V d Vᵀ and R = L V d^¼, G = R Rᵀ and R⁻¹ X R⁻ᵀ = Rᵀ C R = d^½: what
    is projected is Rᵀ R - R⁻¹ A R⁻ᵀ.
    """
    lower = np.linalg.cholesky(tightness)
    inverse = np.linalg.inv(lower)
    values, vectors = np.linalg.eigh(inverse @ (excess + extra) @ inverse.swapaxes(-1, -2))
    quarter = np.maximum(values, NOTHING * values[..., -1:])[..., None, :] ** 0.25
    root = lower @ vectors * quarter
    back = (vectors / quarter).swapaxes(-1, -2) @ inverse
    inside = root.swapaxes(-1, -2) @ root - back @ excess @ back.swapaxes(-1, -2)
    return root @ positive_part(inside) @ root.swapaxes(-1, -2)
