"""Where factors begin: the leading directions of each component's scatter, from a sketch of it.

A start knows W_k Ωᵀ of a few directions Ω drawn at random, from which Nyström's approximation has
the leading axes of W_k (Halko, Martinsson and Tropp 2011, section 5.5): no array is D x D.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixtura.components.factor_analyser.m_step import floored_noise
from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import VANISHED, FactorParameters
from mixtura.components.factor_analyser.structures import FactorStructure

__all__ = ["directions", "started"]

Float = NDArray[np.float64]

SEED = 7
# Directions beside as many as there are factors.
BESIDE = 10
# Directions with less than this of the widest are rounding.
FLAT = 1e-10
# Of a column's variance, what a start leaves to noise at least.
LEFT = 0.05


@lru_cache(maxsize=8)
def directions(n_columns: int, n_factors: int) -> Float:
    """Return Ω (p, D): all columns where they are few, else directions drawn at random."""
    count = n_factors + BESIDE
    if count >= n_columns:
        return np.eye(n_columns)
    return np.random.default_rng([SEED, n_columns, count]).standard_normal((count, n_columns))


def started(
    form: FactorStructure, moments: FactorMoments, unit: Float, floor: Float
) -> FactorParameters:
    """Return parameters from sketched moments: principal axes, and what they leave as noise.

    Parameters
    ----------
    unit : (D,) what columns are measured in
    floor : (D,) least noise variances
    """
    rows, scatter, crossed = moments.effective_rows, moments.scatter, moments.crossed
    shares = scatter / np.maximum(rows, VANISHED)[:, None]
    empty = rows <= VANISHED
    shares = np.where(empty[:, None], unit**2, shares)
    assert moments.sketch is not None
    drawn = moments.sketch * unit
    if form.shares_loadings:
        total = max(float(rows.sum()), VANISHED)
        one = _leading(
            crossed.sum(axis=0) / total / unit[:, None],
            drawn,
            scatter.sum(axis=0) / total / unit**2,
            form.n_factors,
        )
        loadings = np.repeat(one[None], len(rows), axis=0)
    else:
        counted = np.maximum(rows, VANISHED)[:, None, None]
        parts = zip(crossed / counted / unit[:, None], shares / unit**2, strict=True)
        loadings = np.array([_leading(own, drawn, each, form.n_factors) for own, each in parts])
        loadings[empty] = 0.0
    loadings *= unit[:, None]
    left = np.maximum(shares - (loadings**2).sum(axis=2), LEFT * shares)
    counted = np.maximum(rows, VANISHED)[:, None]
    noise = floored_noise(form, left * counted, rows, 0.0 * scatter, left, floor)
    return FactorParameters(moments.means, loadings, noise)


def _leading(sketch: Float, drawn: Float, shares: Float, n_factors: int) -> Float:
    """Return loadings (D, q) along the leading axes of a covariance C.

    Parameters
    ----------
    sketch : (D, p) C Ωᵀ
    drawn : (p, D) Ω
    shares : (D,) the diagonal of C
    """
    core = drawn @ sketch
    sizes, turned = np.linalg.eigh(0.5 * (core + core.T))
    kept = sizes > FLAT * max(float(sizes[-1]), 1e-300)
    found = np.zeros((len(shares), n_factors))
    if not kept.any():
        return found
    half = (sketch @ turned[:, kept]) / np.sqrt(sizes[kept])
    axes, lengths, _ = np.linalg.svd(half, full_matrices=False)
    variances = lengths[:n_factors] ** 2
    # Principal axes of a covariance with equal noise hold that noise too (Tipping, Bishop 1999).
    noise = max(float(shares.sum() - variances.sum()), 0.0) / max(len(shares) - n_factors, 1)
    widths = np.sqrt(np.maximum(variances - noise, LEFT * variances))
    found[:, : len(widths)] = axes[:, :n_factors] * widths
    return found
