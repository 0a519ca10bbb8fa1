"""Von Mises' density by its concentration κ: Bessel functions without loss, and κ of a resultant.

A(κ) = I₁(κ) / I₀(κ) is the mean resultant length R of angles. Near R = 1 what counts is 1 - R,
which is about 1 / 2κ.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive

__all__ = ["LARGEST_CONCENTRATION", "concentrations_of", "log_heights", "resultants", "variances"]

Float = NDArray[np.float64]

# Of a deviation of 1e-4; beyond, κ cos t would lose more than half of its digits.
LARGEST_CONCENTRATION = 1e8
# Above this 1 - A(κ) is better a series in 1 / κ: its coefficients from the first power on.
SERIES = 300.0
COEFFICIENTS = np.array([1 / 2, 1 / 8, 1 / 8, 25 / 128, 13 / 32, 1073 / 1024])
POWERS = np.arange(1, 7)
STEPS, TINY = 40, 1e-15
# Newton's steps are of the square of those before: after one so short the digits are there.
SHORT = 1e-9
# Nodes by which deviations are integrated, and how many deviations out.
NODES, SHARES = np.polynomial.legendre.leggauss(200)
FARTHEST = 12.0


def log_heights(concentrations: Float) -> Float:
    """Return log I₀(κ) - κ: a density is exp(κ (cos t - 1)) over 2π times e to this."""
    return np.log(ive(0, concentrations))


def resultants(concentrations: Float) -> tuple[Float, Float, Float]:
    """Return A(κ), 1 - A(κ) and A'(κ) = 1 - A / κ - A²."""
    small = np.minimum(concentrations, SERIES)
    below = np.maximum(concentrations, SERIES)
    zeroth, first = ive(0, small), ive(1, small)
    share = first / zeroth
    over = np.divide(share, small, out=np.full_like(small, 0.5), where=small > 0)
    terms = COEFFICIENTS * below[..., None] ** -POWERS.astype(float)
    far = concentrations > SERIES
    gap = np.where(far, terms.sum(axis=-1), (zeroth - first) / zeroth)
    slope = np.where(far, (POWERS * terms).sum(axis=-1) / below, 1.0 - over - share**2)
    return np.where(far, 1.0 - gap, share), gap, slope


def concentrations_of(lengths: Float, gaps: Float) -> Float:
    """Return κ with A(κ) = R, at most `LARGEST_CONCENTRATION`.

    Newton's steps are of log κ by log (1 - A), which is nearly straight, where R is above a half,
    and of κ by A elsewhere. The expected log density is concave in κ, so that where the end is
    reached it is the maximum.

    Parameters
    ----------
    lengths : R from 0 to 1
    gaps : 1 - R, with digits of its own
    """
    least = float(resultants(np.array(LARGEST_CONCENTRATION))[1])
    gaps = np.maximum(gaps, least)
    near = lengths > 0.5
    # Of Banerjee et al. (2005).
    found = lengths * (2.0 - lengths**2) / (gaps * (2.0 - gaps))
    found = np.where(near, found, np.minimum(found, 2.0))
    for _ in range(STEPS):
        share, gap, slope = resultants(found)
        down = (np.log(gap) - np.log(gaps)) * gap / (slope * np.maximum(found, TINY))
        by_log = found * np.exp(np.clip(down, -1.0, 1.0))
        after = np.where(near, by_log, np.maximum(found - (share - lengths) / slope, 0.0))
        done = np.abs(after - found) <= SHORT * after
        found = after
        if done.all():
            break
    return np.minimum(found, LARGEST_CONCENTRATION)


def variances(concentrations: Float) -> Float:
    """Return E[t²] of the angle t from the mean, between -π and π."""
    reach = np.minimum(np.pi, FARTHEST / np.sqrt(np.maximum(concentrations, TINY)))
    angles = reach[..., None] * NODES
    heights = np.exp(-2.0 * concentrations[..., None] * np.sin(0.5 * angles) ** 2) * SHARES
    return (heights * angles**2).sum(axis=-1) / heights.sum(axis=-1)
