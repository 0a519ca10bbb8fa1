"""Poissons and negative binomials without their zeros: what is likeliest, and how they are drawn.

With w = -log f(0), a negative binomial of mean m and size 1/α has w = log(1 + αm) / α, which is m
for a Poisson (α = 0), and N counts above 0 of total S have the log-likelihood

    Σ_x Σ_{i<x} log(1 + αi) + S log((1 - e^{-αw}) / α) - N log(e^w - 1)

For any α it has one maximum in w, where the mean is S/N; what is left is a search for α.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi

from mixtura.components.poisson import drawn_counts
from mixtura.components.simplex import SMALLEST

__all__ = ["TruncatedTables", "drawn_above", "truncated_rates"]

Float = NDArray[np.float64]

# Sizes are sought from 1e-6, all but the logarithmic series, to 1e8, as good as a Poisson.
LEAST, MOST = np.log(1e-8), np.log(1e6)
# Up to this count sums over i are taken one by one, and below this αx they are polynomials of x.
ONE_BY_ONE, SMALL = 64, 1e-3
# How near to what is guessed α is looked for first, and how well log α is known.
AROUND, CLOSE = 0.1, 1e-11


def truncated_rates(means: Float) -> Float:
    """Return λ of λ / (1 - e^{-λ}) = m, for means m of at least 1 of the counts above 0."""
    # Newton from above, as the left side is convex and at least 1 + λ/2.
    rates = np.maximum(np.minimum(means, 2.0 * (means - 1.0)), SMALLEST)
    for _ in range(60):
        above = -np.expm1(-rates)
        near = rates < 1e-4
        square = np.where(near, 1.0, above * above)
        slope = np.where(near, 0.5 + rates / 6.0, (above - rates * np.exp(-rates)) / square)
        step = (rates / above - means) / slope
        rates = np.maximum(rates - step, 0.5 * rates)
        if (np.abs(step) <= 1e-15 * rates + 1e-300).all():
            break
    return np.maximum(rates, SMALLEST)


def _between(counts: Float, alpha: Float, columns: NDArray[np.intp]) -> Float:
    """Return Σ_{i<x} i / (1 + αi) (K, C) of counts in columns, α being (K, D)."""
    i = np.arange(ONE_BY_ONE)
    few = np.cumsum(i / (1.0 + alpha[:, :, None] * i), axis=2)
    found = few[:, columns, np.minimum(counts, ONE_BY_ONE).astype(np.intp) - 1]
    many = counts > ONE_BY_ONE
    if many.any():
        found[:, many] = _between_many(counts[many], alpha[:, columns[many]])
    return found


def _between_many(counts: Float, alpha: Float) -> Float:
    """Return the same of large counts: a polynomial of x where αx is small, else by ψ."""
    n = counts - 1.0
    first = 0.5 * n * counts
    second = first * (2.0 * n + 1.0) / 3.0
    series = first - alpha * (
        second - alpha * (first**2 - alpha * second * (3.0 * n * counts - 1.0) / 5.0)
    )
    size = 1.0 / alpha
    exact = size * (counts - size * (psi(size + counts) - psi(size)))
    return np.where(alpha * counts < SMALL, series, exact)


# λ of a mean of 2.
EASY = 1.5936242600400401


@final
@dataclass(frozen=True, slots=True)
class TruncatedTables:
    """Tables of counts above 0 of components and columns.

    Attributes
    ----------
    tables : (K, C) how often each count occurs
    counts : (C,)
    columns : (C,) which column each is of
    by_table : the sums (K, D) over the counts of each column
    """

    tables: Float
    counts: Float
    columns: NDArray[np.intp]
    by_table: Callable[[Float], Float]

    def likeliest(self, guess: Float | None) -> tuple[Float, Float]:
        """Return w and α (K, D), α = 0 where the counts vary no more than a Poisson's do.

        Parameters
        ----------
        guess : (K, D) where α may be near
        """
        rows = np.maximum(self.by_table(self.tables), SMALLEST)
        totals = np.maximum(self.by_table(self.tables * self.counts), rows)
        means = totals / rows
        rates = truncated_rates(means)
        first = self.by_table(self.tables * (0.5 * self.counts * (self.counts - 1.0)))
        spread = first > 0.5 * totals * rates * (1.0 + 1e-9)
        if not spread.any():
            return rates, np.zeros_like(rates)
        # Cells that are known already are at a point where nothing goes wrong.
        means, highest = np.where(spread, means, 2.0), np.where(spread, rates, EASY)

        near = highest

        def slope(log_alpha: Float) -> Float:
            nonlocal near
            alpha = np.exp(log_alpha)
            near = _log_none(alpha, means, highest, near)
            own = self.tables * _between(self.counts, alpha, self.columns)
            found = self.by_table(own) / totals + _of_w(alpha, near)
            return np.where(spread, alpha * found, -1.0)

        start = None if guess is None else np.log(np.maximum(guess, SMALLEST))
        alpha = np.exp(_root(slope, rates.shape, start))
        # What is at the lower end of the search is as good as a Poisson.
        varying = spread & (np.log(alpha) > LEAST + 1e-6)
        alpha = np.where(varying, alpha, 1.0)
        w = np.where(varying, _log_none(alpha, means, highest, near), rates)
        return w, np.where(varying, alpha, 0.0)


def _of_w(alpha: Float, w: Float) -> Float:
    """Return w / (e^{αw} - 1) - 1/α."""
    y = alpha * w
    with np.errstate(over="ignore"):
        return np.where(
            y < 1e-4, w * (y / 12.0 - 0.5), w / np.expm1(np.maximum(y, 1e-5)) - 1.0 / alpha
        )


def _log_none(alpha: Float, means: Float, rates: Float, near: Float) -> Float:
    """Return the w at which counts above 0 have these means; that of a Poisson is above it.

    It is looked for first where it may be near.
    """
    low = np.zeros_like(means)
    high = np.minimum(rates, np.log1p(alpha * means) / alpha)
    w, goal = np.minimum(near, high), np.log(means)
    for _ in range(100):
        y = alpha * w
        above, counted = -np.expm1(-w), -np.expm1(-y)
        found = y + np.log(counted / (alpha * above)) - goal
        low, high = np.where(found < 0, w, low), np.where(found < 0, high, w)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = w - found / (alpha / counted - (1.0 - above) / above)
        # Near w = 0 a slope has no digits.
        inside = (moved > low) & (moved < high)
        moved = np.where(inside, moved, 0.5 * (low + high))
        done = (np.abs(moved - w) <= 1e-14 * w) | (np.abs(found) <= 4e-16 * (1.0 + goal))
        w = np.where(done, w, moved)
        if done.all():
            break
    return w


def _root(slope: Callable[[Float], Float], shape: tuple[int, ...], start: Float | None) -> Float:
    """Return where slopes change their sign between `LEAST` and `MOST`, or the end they point to.

    Parameters
    ----------
    slope : of points (K, D)
    start : (K, D) where that may be near
    """
    low, high = np.full(shape, LEAST), np.full(shape, MOST)
    at_low, at_high = None, None
    if start is not None:
        near, far = np.clip(start - AROUND, LEAST, MOST), np.clip(start + AROUND, LEAST, MOST)
        at_near, at_far = slope(near), slope(far)
        rises, falls = at_near > 0, at_far <= 0
        if (rises & falls).all():
            low, high, at_low, at_high = near, far, at_near, at_far
        else:
            low = np.where(~falls, far, np.where(rises, near, low))
            high = np.where(~rises, near, np.where(falls, far, high))
    at_low = slope(low) if at_low is None else at_low
    at_high = slope(high) if at_high is None else at_high
    ends = (at_low <= 0) | (at_high >= 0)
    end = np.where(at_low <= 0, low, high)
    return np.where(ends, end, _between_ends(slope, low, high, at_low, at_high, ends))


def _between_ends(
    slope: Callable[[Float], Float],
    other: Float,
    newest: Float,
    at_other: Float,
    at_newest: Float,
    known: NDArray[np.bool_],
) -> Float:
    """Return where slopes (K, D) change their sign between two points, by Chandrupatla's method.

    Parabolas of the inverse where they can be trusted, and halves else (Chandrupatla 1997).
    """
    share = np.full(newest.shape, 0.5)
    for _ in range(100):
        point = newest + share * (other - newest)
        at_point = slope(point)
        same = (at_point > 0) == (at_newest > 0)
        oldest, at_oldest = np.where(same, newest, other), np.where(same, at_newest, at_other)
        other, at_other = np.where(same, other, newest), np.where(same, at_other, at_newest)
        newest, at_newest = point, at_point
        apart = np.abs(other - newest)
        if (known | (apart < 2.0 * CLOSE) | (at_newest == 0)).all():
            break
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            place = (newest - other) / (oldest - other)
            rise = (at_newest - at_other) / (at_oldest - at_other)
            trusted = (rise**2 < place) & ((1.0 - rise) ** 2 < 1.0 - place)
            share = at_newest / (at_other - at_newest) * at_oldest / (at_other - at_oldest)
            share += (
                (oldest - newest)
                / (other - newest)
                * (at_newest / (at_oldest - at_newest))
                * (at_other / (at_oldest - at_other))
            )
            least = np.minimum(CLOSE / apart, 0.5)
        share = np.clip(np.where(trusted & np.isfinite(share), share, 0.5), least, 1.0 - least)
    return np.where(np.abs(at_newest) < np.abs(at_other), newest, other)


def drawn_above(means: Float, sizes: Float, rng: np.random.Generator) -> Float:
    """Return counts above 0 (n, D): a first event by time 1, and what comes after it.

    A negative binomial counts the events of a Poisson process of a gamma rate; given that the first
    is at t, its rate is gamma with a shape of r + 1 and a mean of (r + 1) / (r/m + t).
    """
    varying = np.isfinite(sizes)
    r = np.where(varying, sizes, 1.0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        log_none = np.where(varying, -r * np.log1p(means / r), -means)
        waits = -np.log1p(rng.random(means.shape) * np.expm1(log_none))
        first = np.where(varying, r / means * np.expm1(waits / r), waits / means)
        rates = np.where(varying, rng.gamma(r + 1.0) * means / (r + means * first), means)
        left = np.nan_to_num(rates * np.maximum(1.0 - first, 0.0), nan=0.0, posinf=0.0)
    return 1.0 + drawn_counts(left, rng)
