"""The standard normal between two bounds: its mass, mean and variance, wherever these are.

Three ways share the plane of bounds, and none of them takes a difference of numbers that are nearly
equal. What is narrow for its density's fall is integrated by Gauss and Legendre about its middle;
what has 0 inside is 1 less two tails; what lies in a tail is one tail less a fainter one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

__all__ = ["Truncated", "cumulants", "truncated"]

Float = NDArray[np.float64]

LOG_ROOT_TWO_PI = 0.5 * float(np.log(2 * np.pi))
ROOT_TWO_PI = float(np.sqrt(2 * np.pi))

# An interval is narrow up to this width, if the log density falls by no more in it: 14 nodes are
# exact to the last digit there.
NARROW, FALL = 2.0, 4.0
NODES, SHARES = (each / 2 for each in np.polynomial.legendre.leggauss(14))

# A step by which derivatives are taken, and the weights of values at -3 to 3 of them.
STEP = 0.05
SLOPE = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
BEND = np.array([2, -27, 270, -490, 270, -27, 2]) / 180

# From here on the mean beyond a bound is a continued fraction, as h(a) - a would lose digits.
FAR, DEPTH = 8.0, 40


class Truncated(NamedTuple):
    """What is known of z ~ N(0, 1) given that a < z < b.

    Attributes
    ----------
    log_mass : log P(a < z < b)
    mean : E[z | a < z < b]
    variance : Var[z | a < z < b]
    """

    log_mass: Float
    mean: Float
    variance: Float


def truncated(low: Float, high: Float, width: Float) -> Truncated:
    """Return what is known of standard normal numbers between bounds.

    Parameters
    ----------
    low, high : a < b, infinite where open; arrays of one shape
    width : b - a, taken where the bounds had more digits
    """
    with np.errstate(invalid="ignore"):
        twice = low + high
        turned = twice < 0
        narrow = (width <= NARROW) & (0.5 * width * np.abs(twice) <= FALL)
    a, b = np.where(turned, -high, low), np.where(turned, -low, high)
    inside = ~narrow & (a < 0)
    beyond = ~narrow & ~inside
    found = np.empty((3, *a.shape))
    for where, way in ((narrow, _narrow), (inside, _inside), (beyond, _beyond)):
        if where.any():
            found[:, where] = way(a[where], b[where], width[where])
    np.negative(found[1], out=found[1], where=turned)
    return Truncated(found[0], found[1], found[2])


def cumulants(low: Float, high: Float, width: Float) -> Float:
    """Return the first four cumulants (4, ...) of z given that a < z < b.

    Under N(δ, 1) they are derivatives by δ of one another, so the third and the fourth are those of
    the variance, by differences that are exact to ten digits.

    Parameters
    ----------
    low, high, width : as in `truncated`
    """
    moved = [truncated(low - step, high - step, width) for step in STEP * np.arange(-3, 4)]
    variances = np.stack([each.variance for each in moved])
    third, fourth = (np.tensordot(weights, variances, 1) for weights in (SLOPE, BEND))
    return np.stack([moved[3].mean, moved[3].variance, third / STEP, fourth / STEP**2])


def _narrow(low: Float, high: Float, width: Float) -> tuple[Float, Float, Float]:
    """Return log mass, mean and variance of intervals about which the density changes little.

    With m the middle and z = m + w t, the density is that at m times exp(-m w t - w² t² / 2).
    """
    middle = 0.5 * (low + high)
    rises = np.exp(-NODES[:, None] * (middle * width) - 0.5 * np.square(NODES[:, None] * width))
    rises *= SHARES[:, None]
    mass = rises.sum(axis=0)
    mean = NODES @ rises / mass
    variance = (np.square(NODES[:, None] - mean) * rises).sum(axis=0) / mass
    with np.errstate(divide="ignore"):
        log_mass = -0.5 * middle**2 - LOG_ROOT_TWO_PI + np.log(width) + np.log(mass)
    return log_mass, middle + width * mean, width**2 * variance


def _inside(low: Float, high: Float, width: Float) -> tuple[Float, Float, Float]:
    """Return log mass, mean and variance of intervals that 0 is in, and much of the mass."""
    outside = ndtr(low) + ndtr(-high)
    mass = 1.0 - outside
    at_low, at_high = _density(low), _density(high)
    mean = (at_low - at_high) / mass
    with np.errstate(invalid="ignore"):
        edges = [np.where(each > 0, z * each, 0.0) for z, each in ((low, at_low), (high, at_high))]
    return np.log1p(-outside), mean, 1.0 + (edges[0] - edges[1]) / mass - mean**2


def _beyond(low: Float, high: Float, width: Float) -> tuple[Float, Float, Float]:
    """Return log mass, mean and variance of intervals above 0, a tail less one from b on.

    In units of the density at a the tails are R(a) and e^-Δ R(b), with R Mills' ratio and Δ what
    the log density falls by.
    """
    closed = np.isfinite(high)
    end = np.where(closed, high, low)
    apart = np.where(closed, width, 0.0)
    fainter = np.where(closed, np.exp(-0.5 * apart * (low + end)), 0.0) * _mills(end)
    own = _mills(low)
    mass = own - fainter
    mean, square = _excess(low)
    far_mean, far_square = _excess(end)
    far_square = far_square + apart * (2.0 * far_mean + apart)
    first = (own * mean - fainter * (far_mean + apart)) / mass
    second = (own * square - fainter * far_square) / mass
    # Of an open tail the variance itself has all digits.
    variance = np.where(closed, second - first**2, square - mean**2)
    far = low >= FAR
    variance[far & ~closed] = _far_variance(low[far & ~closed])
    return -0.5 * low**2 - LOG_ROOT_TWO_PI + np.log(mass), low + first, variance


def _density(z: Float) -> Float:
    return np.exp(-0.5 * z**2) / ROOT_TWO_PI


def _mills(z: Float) -> Float:
    """Return (1 - Φ(z)) / φ(z)."""
    return 0.5 * ROOT_TWO_PI * erfcx(z / np.sqrt(2.0))


def _excess(z: Float) -> tuple[Float, Float]:
    """Return E[x - z] and E[(x - z)²] of x beyond z ≥ 0."""
    mean = 1.0 / _mills(z) - z
    far = z >= FAR
    mean[far] = 1.0 / (z[far] + _fraction(z[far], 2))
    # E[(x - z)²] = 1 - z E[x - z], which is 1 - 1 / (1 + s / z) far out.
    square = 1.0 - z * mean
    tail = _fraction(z[far], 2)
    square[far] = tail / (z[far] + tail)
    return mean, square


def _far_variance(z: Float) -> Float:
    """Return Var[x] of x beyond z: (z² - t² + 4) / ((z + t)² (z + s)²), t and s fractions."""
    t = _fraction(z, 3)
    s = 2.0 / (z + t)
    return ((z - t) * (z + t) + 4.0) / ((z + t) * (z + s)) ** 2


def _fraction(z: Float, first: int) -> Float:
    """Return n / (z + (n + 1) / (z + ...)) with n the first numerator (Laplace)."""
    found = np.zeros_like(z)
    for numerator in range(first + DEPTH, first - 1, -1):
        found = numerator / (z + found)
    return found
