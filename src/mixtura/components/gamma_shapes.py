"""The shape of a gamma density from what rows say of it, by Newton's method."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma, psi

from mixtura.components.constraints import Ties, pooled
from mixtura.errors import ParameterError

__all__ = ["LARGEST_SHAPE", "bound_numbers", "check_bound", "lifted_shapes", "log_gap", "shapes_of"]

Float = NDArray[np.float64]

# Of relative spread 1e-4; beyond, a log x - b x would lose more than half of its digits.
LARGEST_SHAPE = 1e8
# Above this log a and ψ(a) agree in so many digits that their difference is better a series.
SERIES = 100.0
STEPS = 50
TOLERANCE = 1e-13


def log_gap(shapes: Float) -> Float:
    """Return log a - ψ(a), which falls from infinity to 0 as a rises."""
    inverse = 1.0 / np.maximum(shapes, SERIES)
    series = inverse * (0.5 + inverse * (1 / 12 - inverse**2 * (1 / 120 - inverse**2 / 252)))
    small = np.minimum(shapes, SERIES)
    return np.where(shapes > SERIES, series, np.log(small) - psi(small))


def check_bound(values: Sequence[Float], ties: Sequence[Ties]) -> None:
    """Raise `ParameterError` where rates are equal and shapes free; see `bound_numbers`.

    Parameters
    ----------
    values : of the free numbers, NaN where free
    ties : of shapes and rates, empty where all shapes are known
    """
    if any(((each <= 0) | np.isinf(each)).any() for each in values):
        raise ParameterError(
            "fix holds a shape or rate at 0 or infinity; hold it above 0 and finite"
        )
    if not ties:
        return
    if ties[1].any():
        raise ParameterError(
            "gamma shapes can be held or equal, and rates held; say what is equal of shapes, or "
            "give shape=... of the family"
        )


def bound_numbers(
    free: tuple[Float, Float],
    means: Float,
    gaps: Float,
    rows: Float,
    values: Sequence[Float],
    ties: Ties,
) -> tuple[Float, Float]:
    """Return shapes and rates (K, D) of which some are held, or whose shapes are equal.

    Given its shape a, a rate is a / x̄. The likeliest shape of several cells has
    Σ N (log b - log x̄ + s' - ψ(a)) = 0 with s' = mean log x, where b is a rate that is held, or
    a / x̄; so of cells that keep rates of their own log a - ψ(a) = Σ N s / Σ N.

    Parameters
    ----------
    free : shapes and rates where nothing is bound
    means, gaps : x̄ and s = log x̄ - mean log x
    rows : how many cells they are of
    values : shapes and rates that are held, NaN where free
    ties : of shapes
    """
    shapes, rates = free
    total = np.maximum(pooled(rows, ties), TOLERANCE)
    common = pooled(rows * gaps, ties) / total
    shapes = np.where(ties > 0, shapes_of(common), shapes)
    held = ~np.isnan(values[1])
    if held.any():
        known = np.log(means * np.where(held, values[1], 1.0 / means))
        level = pooled(rows * known, ties) / total - common
        share = pooled(np.where(held, 0.0, rows), ties) / total
        beside = (pooled(held * rows, ties) > TOLERANCE) & (rows > 0)
        own = _shapes_beside_rates(share[beside], level[beside])
        shapes = shapes.copy()
        shapes[beside] = own
    shapes = np.where(np.isnan(values[0]), shapes, values[0])
    bound = (ties > 0) | ~np.isnan(values[0])
    rates = np.where(bound, shapes / means, rates)
    return shapes, np.where(np.isnan(values[1]), rates, values[1])


def _slope(shapes: Float) -> Float:
    """Return the derivative of `log_gap`, 1 / a - ψ'(a)."""
    inverse = 1.0 / np.maximum(shapes, SERIES)
    series = -(inverse**2) * (0.5 + inverse * (1 / 6 - inverse**2 * (1 / 30 - inverse**2 / 42)))
    small = np.minimum(shapes, SERIES)
    return np.where(shapes > SERIES, series, 1.0 / small - polygamma(1, small))


def shapes_of(gaps: Float) -> Float:
    """Return a with log a - ψ(a) = s, at most `LARGEST_SHAPE`.

    The expected log density is concave in a, so that where the end is reached it is the maximum.
    Newton's steps are those of 1/a, in which the equation is nearly straight (Minka 2002).

    Parameters
    ----------
    gaps : s = log x̄ - mean log x, not negative but for rounding
    """
    least = float(log_gap(np.array(LARGEST_SHAPE)))
    s = np.maximum(gaps, least)
    shapes = (3.0 - s + np.sqrt((s - 3.0) ** 2 + 24.0 * s)) / (12.0 * s)
    for _ in range(STEPS):
        inverse = 1.0 / shapes + (log_gap(shapes) - s) / (shapes**2 * _slope(shapes))
        after = 1.0 / np.clip(inverse, 0.25 / shapes, 4.0 / shapes)
        done = np.abs(after - shapes) <= TOLERANCE * after
        shapes = after
        if done.all():
            break
    return np.minimum(shapes, LARGEST_SHAPE)


def _shapes_beside_rates(share: Float, level: Float) -> Float:
    """Return a with p log a - ψ(a) + c = 0, at most `LARGEST_SHAPE`; it falls in a for p ≤ 1.

    Parameters
    ----------
    share, level : p, the share of rows whose rates are free, and c
    """
    most = np.log(LARGEST_SHAPE)
    log_a = np.clip(level / np.maximum(1.0 - share, TOLERANCE), -most, most)
    for _ in range(STEPS):
        shapes = np.exp(log_a)
        value = log_gap(shapes) - (1.0 - share) * log_a + level
        step = np.clip(-value / (shapes * _slope(shapes) - (1.0 - share)), -2.0, 2.0)
        log_a = np.minimum(log_a + step, most)
        if (np.abs(step) <= TOLERANCE * np.maximum(np.abs(log_a), 1.0)).all():
            break
    return np.exp(log_a)


def lifted_shapes(shapes: Float, means: Float, gaps: Float, least: Float) -> tuple[Float, Float]:
    """Return shapes and means with no deviation below the least, √v.

    a ≥ v b² is a convex set of natural parameters, in which the expected log density is concave; so
    what is narrower goes to its boundary. There, with a = u x̄²/v, the derivative is
    2 (log a - ψ(a)) - log u - 1/√u + 1 - 2 s, positive at u = 1.

    Parameters
    ----------
    shapes, means, gaps : (K, D) without the floor
    least : (D,) √v, 0 where there is no floor
    """
    narrow = means < np.sqrt(shapes) * least
    if not narrow.any():
        return shapes, means
    own = np.broadcast_to(least, shapes.shape)[narrow]
    start, s = (means[narrow] / own) ** 2, gaps[narrow]
    log_u = np.zeros_like(start)
    for _ in range(STEPS):
        u = np.exp(log_u)
        value = 2.0 * log_gap(start * u) - log_u - np.exp(-0.5 * log_u) + 1.0 - 2.0 * s
        slope = 2.0 * start * u * _slope(start * u) - 1.0 + 0.5 * np.exp(-0.5 * log_u)
        step = np.clip(-value / slope, -1.0, 1.0)
        log_u = log_u + step
        if (np.abs(step) <= TOLERANCE).all():
            break
    lifted, moved = shapes.copy(), means.copy()
    lifted[narrow] = start * np.exp(log_u)
    moved[narrow] = own * np.sqrt(lifted[narrow])
    return lifted, moved
