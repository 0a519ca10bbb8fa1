"""Negative binomial masses, and the size r that is likeliest, in terms of α = 1/r.

In α the Poisson is the point 0 and no formula is singular there. With g(t) = log(1 + t) / t,

    log f(x) + log x! = x log m + (x - ½) log(1 + αx) + x g(αx) - x + δ(x) - x log(1 + αm) - m g(αm)

where δ is the difference of the remainders of Stirling's formula at r + x and r; below r = 20 the
logarithms of gamma functions are as good.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from mixtura.components.simplex import floored_log

__all__ = ["LARGEST_SIZE", "SMALLEST_SIZE", "dispersions", "log_masses"]

Float = NDArray[np.float64]
# A point of log α, and the slope there.
End: TypeAlias = tuple[Float, Float]

# Beyond it a component is a Poisson to ten digits, and said to be; below it all but one row are 0.
LARGEST_SIZE, SMALLEST_SIZE = 1e9, 1e-9
# α up to which Stirling's series has all digits.
STIRLING = 0.05
# t below which a power series is more exact than the quotient that it stands for.
SMALL = 0.01
SERIES = (-1.0) ** np.arange(8) / (np.arange(8) + 2.0)
# Of log α: the last step, whose error is far smaller, and the most steps of the search.
TOLERANCE, TURNS = 1e-8, 80


def log_masses(counts: Float, means: Float, inverse: Float) -> Float:
    """Return log f(x) + log x! (K, M) of counts (M,), for means and 1/r (K, M)."""
    spread = inverse * means
    shared = counts * (floored_log(means) - np.log1p(spread)) - means * _log_ratio(spread)
    return _either(_plain_rises, _rises, counts, inverse) + shared


def _either(
    plain: Callable[[Float, Float], Float],
    stirling: Callable[[Float, Float], Float],
    counts: Float,
    inverse: Float,
) -> Float:
    """Return what the plain formula says of large α, and Stirling's of others."""
    far = inverse > STIRLING
    if far.all():
        return plain(counts, inverse)
    if not far.any():
        return stirling(counts, inverse)
    large = plain(counts, np.where(far, inverse, 1.0))
    return np.where(far, large, stirling(counts, np.minimum(inverse, STIRLING)))


def _plain_rises(counts: Float, inverse: Float) -> Float:
    """Return Σ_{i<x} log(1 + αi) as log Γ(x + r) - log Γ(r) - x log r."""
    sizes = 1.0 / inverse
    return gammaln(counts + sizes) - gammaln(sizes) + counts * np.log(inverse)


def _rises(counts: Float, inverse: Float) -> Float:
    """Return the same by Stirling's formula."""
    t = inverse * counts
    ends = _remainder(inverse / (1.0 + t)) - _remainder(inverse)
    return (counts - 0.5) * np.log1p(t) + counts * (_log_ratio(t) - 1.0) + ends


def _log_ratio(t: Float) -> Float:
    """Return log(1 + t) / t, 1 at 0."""
    some = np.where(t > 0, t, 1.0)
    return np.where(t > 0, np.log1p(some) / some, 1.0)


def _remainder(w: Float) -> Float:
    """Return Stirling's remainder at 1/w, w/12 - w³/360 + ..."""
    s = w * w
    return w * (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188))))


def _remainder_slope(w: Float) -> Float:
    """Return the derivative of `_remainder`."""
    s = w * w
    return 1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132)))


def _curved(t: Float) -> Float:
    """Return (t - log(1 + t)) / t², ½ at 0."""
    some = np.maximum(t, SMALL)
    found = (some - np.log1p(some)) / some**2
    near = t < SMALL
    if near.any():
        series = np.polynomial.polynomial.polyval(np.where(near, t, 0.0), SERIES)
        found = np.where(near, series, found)
    return found


def dispersions(
    tables: Float,
    counts: Float,
    columns: NDArray[np.intp],
    rows: Float,
    means: Float,
    by_column: Callable[[Float], Float],
    guess: Float | None,
    totals: Float | None = None,
) -> Float:
    """Return the likeliest α = 1/r of each component and column (K, D), 0 for a Poisson.

    It is 0 if and only if the variance about the mean is no more than that of the rows themselves;
    else the derivative has one root (Simonsen 1976), which is bracketed about a guess and found by
    false position.

    Parameters
    ----------
    tables : (K, M) how often each count above 0 occurs
    counts, columns : (M,) which count that is, and of which column
    rows : (K, D) N_k
    means : (K, D) of the counts
    by_column : sums (K, M) over the counts of each column
    guess : (K, D) where to look first; None for what the variances say
    totals : (K, D) of the counts, where means are others than theirs
    """
    off = np.zeros(means.shape) if totals is None else totals - rows * means

    def slope(logs: Float) -> Float:
        """Return the derivative by log α of the log-likelihood (K, D) at α = exp(logs)."""
        inverse = np.exp(logs)
        own = _either(_plain_slopes, _slopes, counts, inverse[:, columns])
        found = by_column(tables * own) - rows * means**2 * _curved(inverse * means)
        found -= off * means / (1.0 + inverse * means)
        return np.where(wide, inverse * found, 0.0)

    low, high = -np.log(LARGEST_SIZE), -np.log(SMALLEST_SIZE)
    squares = by_column(tables * counts**2) / np.maximum(rows, 1e-300)
    beyond = squares - means**2 - means
    beyond -= off * (1.0 + 2.0 * means) / np.maximum(rows, 1e-300)
    wide = (beyond > 0) & (means > 0)
    wide &= slope(np.full(means.shape, low)) > 0
    if not wide.any():
        return np.zeros(means.shape)
    positive = np.where(means > 0, means, 1.0)
    start = np.log(np.where(wide, beyond, 1.0)) - 2.0 * np.log(positive)
    if guess is not None:
        start = np.where(guess > 0, np.log(np.where(guess > 0, guess, 1.0)), start)
    start = np.where(wide, np.clip(start, low, high), low)
    lower, upper = _bracket(slope, start, low, high)
    return np.where(wide, np.exp(_root(slope, lower, upper)), 0.0)


def _plain_slopes(counts: Float, inverse: Float) -> Float:
    """Return the derivative of `_plain_rises` by α."""
    sizes = 1.0 / inverse
    return sizes * counts - sizes**2 * (psi(counts + sizes) - psi(sizes))


def _slopes(counts: Float, inverse: Float) -> Float:
    """Return the derivative of `_rises` by α."""
    t = inverse * counts
    below = 1.0 + t
    ends = _remainder_slope(inverse / below) / below**2 - _remainder_slope(inverse)
    return counts**2 * _curved(t) - 0.5 * counts / below + ends


def _bracket(
    slope: Callable[[Float], Float], start: Float, low: float, high: float
) -> tuple[End, End]:
    """Return points and slopes on both sides of the root, or at an end that it lies beyond."""
    at = slope(start)
    lower, upper = (start, at), (start, at)
    reach = 0.03
    while True:
        left, right = (lower[1] <= 0) & (lower[0] > low), (upper[1] > 0) & (upper[0] < high)
        if not (left.any() or right.any()):
            return lower, upper
        point = np.clip(start + reach * np.where(left, -1.0, np.where(right, 1.0, 0.0)), low, high)
        new = point, slope(point)
        # The end on the wrong side of the root becomes the other end.
        lower, upper = (
            _chosen([(left, new), (right, upper)], lower),
            _chosen([(left, lower), (right, new)], upper),
        )
        reach *= 4.0


def _chosen(choices: Sequence[tuple[NDArray[np.bool_], End]], otherwise: End) -> End:
    """Return the first end whose condition holds, element by element."""
    conditions = [condition for condition, _ in choices]
    point, value = (
        np.select(conditions, [end[part] for _, end in choices], otherwise[part]) for part in (0, 1)
    )
    return point, value


def _root(slope: Callable[[Float], Float], lower: End, upper: End) -> Float:
    """Return where the slope is 0 between two points, by false position (Illinois)."""
    (a, at_a), (b, at_b) = lower, upper
    point, found = a, a >= b
    before = np.full(a.shape, -1)
    for _ in range(TURNS):
        gap = at_a - at_b
        share = np.where(gap > 0, at_a / np.where(gap > 0, gap, 1.0), 0.5)
        point = a + np.clip(share, 0.0, 1.0) * (b - a)
        value = slope(point)
        rises = value > 0
        # The end that stays twice has its slope halved, so that neither is left behind.
        share = np.where(rises == before, 0.5, 1.0)
        at_a, at_b = np.where(rises, value, share * at_a), np.where(rises, share * at_b, value)
        before = np.where(rises, 1, 0)
        moved = np.where(rises, point - a, b - point)
        a, b = np.where(rises, point, a), np.where(rises, b, point)
        found |= np.minimum(moved, b - a) <= TOLERANCE
        if found.all():
            break
    return point
