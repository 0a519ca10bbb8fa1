"""The likeliest shapes of beta densities, for mean logarithms of shares and of what they leave.

With u = mean log x and v = mean log(1 - x), (a - 1) u + (b - 1) v - log B(a, b) is concave, and
highest where ψ(a) - ψ(a + b) = u and ψ(b) - ψ(a + b) = v.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma, psi

from mixtura.components.saddle_point import stirling

__all__ = [
    "LARGEST_SUM",
    "guessed_shapes",
    "log_heights",
    "mean_logs",
    "shapes_below",
    "spread_of",
]

Float = NDArray[np.float64]

# The largest a + b: a deviation of 5e-5 of a share of a half.
LARGEST_SUM = 1e8
# A step of Newton goes no further than to this part of a shape, or its inverse.
LEAST_PART = 0.2
MOST_STEPS = 100
# How nearly shapes are known, and how many of the digits of logarithms their sum takes.
CLOSE, ROUNDING = 1e-13, 4e-16


def mean_logs(first: Float, second: Float) -> tuple[Float, Float]:
    """Return u and v of shapes a and b."""
    whole = psi(first + second)
    return psi(first) - whole, psi(second) - whole


def log_heights(first: Float, second: Float) -> Float:
    """Return -log B(a, b), by terms no larger than a + b times what a share tells."""
    whole = stirling(first + second) - stirling(first) - stirling(second)
    return whole + first * np.log1p(second / first) + second * np.log1p(first / second)


def spread_of(u: Float, v: Float) -> Float:
    """Return 1 - e^u - e^v, about ½ / (a + b): 0 only where all shares are one."""
    most, least = np.maximum(u, v), np.minimum(u, v)
    return np.maximum(-np.expm1(most) - np.exp(least), 0.0)


def guessed_shapes(u: Float, v: Float) -> tuple[Float, Float]:
    """Return shapes near the likeliest (Johnson, Kotz and Balakrishnan 1995, 25.4)."""
    half = 0.5 / np.maximum(spread_of(u, v), 0.5 / LARGEST_SUM)
    return 0.5 + half * np.exp(u), 0.5 + half * np.exp(v)


def shapes_below(u: Float, v: Float, most: Float) -> tuple[Float, Float]:
    """Return the likeliest shapes a and b whose sum is no more than `most`, all of one shape.

    Parameters
    ----------
    u, v : mean logarithms, e^u + e^v < 1
    most : above 2
    """
    first, second = _free(u, v)
    beyond = first + second > most
    if beyond.any():
        bound = _on_sum(u, v, most)
        first = np.where(beyond, bound, first)
        second = np.where(beyond, most - bound, second)
    return first, second


def _free(u: Float, v: Float) -> tuple[Float, Float]:
    """Return shapes by steps of Newton, kept from zero."""
    first, second = guessed_shapes(u, v)
    for _ in range(MOST_STEPS):
        own, other = mean_logs(first, second)
        by_first, by_second = u - own, v - other
        bend_first, bend_second = polygamma(1, first), polygamma(1, second)
        bend = polygamma(1, first + second)
        # By what is small beside what it is made of where shapes are large.
        scale = bend_first * bend_second - bend * (bend_first + bend_second)
        scale = np.maximum(scale, ROUNDING * bend_first * bend_second)
        to_first = ((bend_second - bend) * by_first + bend * by_second) / scale
        to_second = (bend * by_first + (bend_first - bend) * by_second) / scale
        ahead = _kept(first, first + to_first), _kept(second, second + to_second)
        # Beyond the largest sum it is looked for elsewhere.
        over = np.maximum((ahead[0] + ahead[1]) / (2.0 * LARGEST_SUM), 1.0)
        after = ahead[0] / over, ahead[1] / over
        known = CLOSE + ROUNDING * (first + second)
        done = np.abs(after[0] - first) <= known * first
        done &= np.abs(after[1] - second) <= known * second
        first, second = after
        if done.all():
            break
    return first, second


def _kept(before: Float, after: Float) -> Float:
    return np.clip(after, LEAST_PART * before, before / LEAST_PART)


def _on_sum(u: Float, v: Float, total: Float) -> Float:
    """Return a with ψ(a) - ψ(s - a) = u - v, by Newton in the logit of a / s between bounds."""
    goal = u - v
    # As ψ(a) is below ½ - 1/a for a below 1, neither shape is smaller than one over this.
    high = np.log(total * (3.0 + np.abs(goal) + np.log(total)))
    low = -high
    logit = np.clip(goal, low, high)
    for _ in range(MOST_STEPS):
        share, rest = 1.0 / (1.0 + np.exp(-logit)), 1.0 / (1.0 + np.exp(logit))
        first, second = total * share, total * rest
        found = psi(first) - psi(second) - goal
        low, high = np.where(found < 0, logit, low), np.where(found < 0, high, logit)
        slope = (polygamma(1, first) + polygamma(1, second)) * total * share * rest
        moved = logit - found / slope
        moved = np.where((moved > low) & (moved < high), moved, 0.5 * (low + high))
        done = np.abs(moved - logit) <= CLOSE * np.maximum(np.abs(logit), 1.0)
        logit = moved
        if done.all():
            break
    return total / (1.0 + np.exp(-logit))
