"""From sums to moments: effective rows, means and the scatter about them."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.features import feature_map
from mixtura.components.gaussian.parameters import (
    VANISHED,
    GaussianMoments,
    GaussianSums,
    RowTotals,
)

__all__ = ["moments_of"]

Float = NDArray[np.float64]

# Of a square, what its own rounding leaves.
ROUNDING = float(np.finfo(np.float64).eps) ** 2


def moments_of(
    sums: GaussianSums,
    previous_means: Float,
    shared: RowTotals,
    features: Literal["linear", "diagonal", "full"],
    *,
    diagonal: bool,
) -> GaussianMoments:
    """Return moments from sums about the origin and, where centred, about the previous means.

    Parameters
    ----------
    sums : what the sweep accumulated
    previous_means : (K, D), the means that centred components were centred on
    shared : sums over all rows; with linear features the second moment comes from here
    features : what the structure needs of the rows
    diagonal : whether second moments are (D,) or (D, D)
    """
    n_columns = len(shared.first)
    pooled = features == "linear"
    effective = sums.features[:, n_columns]
    rows = np.maximum(effective, VANISHED)
    means = sums.features[:, :n_columns] / rows[:, None]
    centred = sums.centred > 0
    if not centred.any():
        scatter = _about_origin(sums, rows, means, shared, features, diagonal=diagonal)
        return GaussianMoments(effective, means, scatter, pooled)
    shift = sums.first / rows[:, None]
    about_means = sums.second - _spread_of(rows, shift, diagonal=diagonal)
    if diagonal:
        # Of one row alone the difference is rounding, of either sign; squares sum to none below 0.
        about_means = np.maximum(about_means, ROUNDING * sums.second)
    new_means = np.where(centred[:, None], previous_means + shift, means)
    if pooled:
        return GaussianMoments(effective, new_means, about_means.sum(axis=0), pooled)
    if centred.all():
        return GaussianMoments(effective, new_means, about_means, pooled)
    scatter = _about_origin(sums, rows, means, shared, features, diagonal=diagonal)
    chosen = centred.reshape(-1, *(1,) * (scatter.ndim - 1))
    scatter = np.where(chosen, about_means, scatter)
    return GaussianMoments(effective, new_means, scatter, pooled)


def _about_origin(
    sums: GaussianSums,
    rows: Float,
    means: Float,
    shared: RowTotals,
    features: Literal["linear", "diagonal", "full"],
    *,
    diagonal: bool,
) -> Float:
    """Return Σ w r x xᵀ - N_k μ_k μ_kᵀ, pooled over components where features are linear."""
    correction = _spread_of(rows, means, diagonal=diagonal)
    if features == "linear":
        return shared.second - correction.sum(axis=0)
    n_columns = len(shared.first)
    products = sums.features[:, n_columns + 1 :]
    return feature_map(features).second(products, n_columns) - correction


def _spread_of(rows: Float, vectors: Float, *, diagonal: bool) -> Float:
    """Return N_k v_k v_kᵀ (K, D, D), or its diagonals (K, D)."""
    weighted = rows[:, None] * vectors
    return weighted * vectors if diagonal else weighted[:, :, None] * vectors[:, None, :]
