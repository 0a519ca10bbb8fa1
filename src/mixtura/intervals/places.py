"""Where cells stand when EM starts: drawn in their intervals, as a normal of the column has them.

Middles would put all rows of an interval in one spot, which starts take for a component. So a row
that weighs several stands in several places, as if it were there so many times.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from mixtura.components.interval.truncated import truncated
from mixtura.data.distinct import distinct_rows
from mixtura.intervals.cells import Intervals

__all__ = ["drawn_places", "in_parts"]

Float = NDArray[np.float64]

# Steps of EM by which a column's normal is near enough.
STEPS, NEAR = 100, 1e-3
# In units of what the cells of a column reach over, no normal is narrower.
LEAST = 1e-6
# So many places tell starts how values lie, whatever the rows weigh.
PLACES = 4096


def in_parts(found: Intervals, weights: Float | None) -> tuple[Intervals, Float | None]:
    """Return rows that are the same however they are ordered, repeated or weighed, and weights.

    Equal rows are one of their weight, which is cut into parts of one or more where cells lie in
    intervals, as far as there are places for them.

    Parameters
    ----------
    weights : (N,) of rows, all above 0, or None
    """
    n_columns = found.low.shape[1]
    rows, totals = distinct_rows(np.hstack([found.low, found.high]), weights)
    ends = np.asarray(rows, np.float64)
    own = Intervals(ends[:, :n_columns], ends[:, n_columns:], found.names)
    loose = (~own.exact & ~own.missing).any(axis=1)
    most = np.floor(np.minimum(totals, PLACES * totals / totals.sum()))
    parts = np.where(loose, np.maximum(most, 1), 1).astype(np.intp)
    each = np.repeat(totals / parts, parts)
    return own.taken(np.repeat(np.arange(len(rows)), parts)), None if (each == 1.0).all() else each


def drawn_places(found: Intervals, weights: Float | None, seed: int) -> Float:
    """Return places (N, D) for cells; the mean of its column where one is missing.

    Parameters
    ----------
    weights : (N,) of rows, or None
    """
    rng = np.random.default_rng(seed)
    counts = np.ones(len(found.low)) if weights is None else weights
    places, missing, exact = found.middles, found.missing, found.exact
    for j in range(places.shape[1]):
        known = ~missing[:, j]
        held = np.flatnonzero(known & ~exact[:, j])
        if held.size:
            low, high = found.low[known, j], found.high[known, j]
            mean, deviation = _normal(low, high, places[known, j], counts[known])
            ends = found.low[held, j], found.high[held, j]
            places[held, j] = _drawn(*ends, mean, deviation, rng)
        if not known.all():
            places[~known, j] = counts[known] @ places[known, j] / counts[known].sum()
    return places


def _normal(low: Float, high: Float, middles: Float, counts: Float) -> tuple[float, float]:
    """Return mean and deviation of one normal for intervals (n,)."""
    total = counts.sum()
    mean = float(counts @ middles / total)
    reach = max(float(np.ptp(middles)), float(np.finfo(np.float64).tiny))
    finite = np.where(np.isfinite(high - low), high - low, 0.0) / reach
    squares = ((middles - mean) / reach) ** 2 + finite**2 / 12
    deviation = reach * max(float(np.sqrt(counts @ squares / total)), LEAST)
    exact = low == high
    with np.errstate(invalid="ignore"):
        width = np.where(exact, 0.0, high - low)
    for _ in range(STEPS):
        own = truncated((low - mean) / deviation, (high - mean) / deviation, width / deviation)
        step = float(counts @ own.mean / total)
        square = float(counts @ (own.variance + (own.mean - step) ** 2) / total)
        mean = mean + deviation * step
        deviation = max(deviation * float(np.sqrt(square)), LEAST * reach)
        if abs(step) + abs(square - 1.0) < NEAR:
            break
    return mean, deviation


def _drawn(
    low: Float, high: Float, mean: float, deviation: float, rng: np.random.Generator
) -> Float:
    """Return a draw of N(mean, deviation²) within each interval."""
    a, b = (low - mean) / deviation, (high - mean) / deviation
    with np.errstate(invalid="ignore"):
        turned = a + b > 0
    ends = np.where(turned, -b, a), np.where(turned, -a, b)
    lower, upper = ndtr(ends[0]), ndtr(ends[1])
    z = ndtri(lower + rng.random(len(a)) * (upper - lower))
    drawn = mean + deviation * np.where(turned, -z, z)
    # Far from the mean probabilities have no digits left.
    return np.where(np.isfinite(drawn), np.clip(drawn, low, high), np.where(turned, low, high))
