"""Steps of Newton that never lose anything, from what a sweep says of losses to second order.

Of a loss whose third derivative is never above its second, in a direction in which no η changes by
more than M, l(β + t d) ≤ l - t gᵀd + dᵀHd (exp(tM) - tM - 1)/M² (Bach 2010, proposition 1). Along
Newton's direction that is least at t = log(1 + M)/M.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import lengths
from mixtura.components.regression.bounds import Bounds
from mixtura.components.regression.parameters import RegressionMoments

__all__ = ["Step", "bent", "newton", "reduced"]

Float = NDArray[np.float64]

# Directions of which the curvature has less than this of its largest are left as they are.
FLAT = 1e-13
# Nor has one of so little beside its slope, which no step is long enough for.
STRAIGHT = 1e-290
# exp of more is beyond what a step could be worth.
MOST = 700.0


@dataclass(frozen=True, slots=True)
class Step:
    """Where a step leads.

    Attributes
    ----------
    coefficients : (K, p)
    losses : (K,) no less than what the losses are there
    """

    coefficients: Float
    losses: Float


def newton(
    moments: RegressionMoments,
    reach: float | None,
    bounds: Bounds | None,
    frame: Float,
) -> Step:
    """Return where Newton's direction leads.

    Parameters
    ----------
    reach : the longest row of terms, or None where losses are parabolas
    bounds, frame : what coefficients are bound to, and z = A x, if they are
    """
    start: Float = moments.about.coefficients
    gradient = moments.gradient
    if bounds is not None and moments.is_guess:
        held = bounds.values(len(start))
        start = np.asarray(np.linalg.solve(frame.T, np.nan_to_num(held).T).T, np.float64)
        gradient = gradient - np.einsum("kij,kj->ki", moments.information, start)
    if bounds is None:
        direction = _solved(moments.information, gradient)
    else:
        direction = _bound_direction(moments, gradient, bounds, frame)
    losses = moments.losses
    if moments.is_guess and bounds is not None:
        losses = reduced(moments, start, None)
    along = np.vecdot(gradient, direction)
    curved = np.einsum("ki,kij,kj->k", direction, moments.information, direction)
    if reach is None or moments.is_guess:
        return Step(start + direction, np.maximum(losses - along + 0.5 * curved, 0.0))
    change = reach * lengths(direction)
    if bounds is not None:
        change = np.full_like(change, change.max())
    length = np.where(change > 0, np.log1p(change) / np.where(change > 0, change, 1.0), 1.0)
    after = losses - length * along + curved * bent(length, change)
    return Step(start + length[:, None] * direction, after)


def bent(length: Float, change: Float) -> Float:
    """Return (exp(tM) - tM - 1)/M², which is t²/2 where M is small."""
    whole = np.minimum(length * change, MOST)
    safe = np.where(change > 1e-3, change, 1.0)
    series = length**2 * (0.5 + whole / 6.0 + whole**2 / 24.0)
    return np.where(change > 1e-3, (np.expm1(whole) - whole) / safe / safe, series)


def reduced(moments: RegressionMoments, coefficients: Float, reach: float | None) -> Float:
    """Return what losses (K,) are at the most at other coefficients (K, p)."""
    direction = coefficients - moments.about.coefficients
    along = np.vecdot(moments.gradient, direction)
    curved = np.einsum("ki,kij,kj->k", direction, moments.information, direction)
    if reach is None:
        return moments.losses - along + 0.5 * curved
    change = reach * lengths(direction)
    return moments.losses - along + curved * bent(np.ones_like(change), change)


def _solved(information: Float, gradient: Float) -> Float:
    """Return H⁺ g (K, p), nothing in directions that no row tells of."""
    values, axes = np.linalg.eigh(information)
    along = np.einsum("kij,ki->kj", axes, gradient)
    told = values > FLAT * np.maximum(values[:, -1:], 1e-300)
    told &= values > STRAIGHT * np.abs(along)
    along = np.where(told, along / np.where(told, values, 1.0), 0.0)
    return np.einsum("kij,kj->ki", axes, along)


def _bound_direction(
    moments: RegressionMoments, gradient: Float, bounds: Bounds, frame: Float
) -> Float:
    """Return Newton's direction (K, p) among those that leave what is held and alike."""
    k, p = gradient.shape
    precisions = moments.about.precisions
    free = bounds.directions(k).reshape(k, p, -1)
    ways = np.linalg.solve(frame.T, free)
    # In the user's units a coefficient may be of any size; only where ways lead is asked.
    ways /= np.abs(ways).max(axis=(0, 1), initial=np.finfo(np.float64).tiny)
    slope = np.einsum("k,kpq,kp->q", precisions, ways, gradient)
    curvature = np.einsum("k,kpq,kpr,krs->qs", precisions, ways, moments.information, ways)
    found = _solved(curvature[None], slope[None])[0]
    return ways @ found
