"""Wald tests: whether estimates are all zero, by their covariance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

__all__ = ["WaldTest", "interval", "shown", "two_sided", "wald_test"]

Float = NDArray[np.float64]

# Directions of a covariance with less than this of its largest have no variance.
FLAT = 1e-10

# Of 95 %.
QUANTILE = 1.959963984540054


@dataclass(frozen=True, slots=True)
class WaldTest:
    """The test that some numbers are all zero.

    Attributes
    ----------
    statistic : chi-squared if they are; NaN where there is no variance to go by
    df : its degrees of freedom
    p_value : the probability of a statistic as large
    """

    statistic: float
    df: int
    p_value: float


def wald_test(estimates: Float, covariance: Float) -> WaldTest:
    """Return the test of b = 0 (q,): bᵀ V⁻¹ b, with the rank of V (q, q) as degrees of freedom.

    NaN where some part of b is not zero and has no variance, as between proportions 0 and 1.
    """
    values, axes = np.linalg.eigh(covariance)
    kept = values > FLAT * max(values[-1], 0.0)
    along, df = axes.T @ estimates, int(kept.sum())
    if not df or np.abs(along[~kept]).max(initial=0.0) > FLAT * np.abs(estimates).max():
        return WaldTest(float("nan"), df, float("nan"))
    statistic = float(np.sum(along[kept] ** 2 / values[kept]))
    return WaldTest(statistic, df, float(chdtrc(df, statistic)))


def shown(value: float, form: str) -> str:
    """Return a number as a table has it: nothing for NaN."""
    return "" if np.isnan(value) else format(value, form)


def two_sided(z: Float) -> Float:
    """Return the two-sided p-values of z, normal if nothing is there."""
    return chdtrc(1, z**2)


def interval(estimates: Float, standard_errors: Float) -> tuple[Float, Float]:
    """Return the ends of 95 % intervals."""
    return estimates - QUANTILE * standard_errors, estimates + QUANTILE * standard_errors
