"""Components on few rows: lent scatter where a fit starts, and made as wide as all rows."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import VANISHED, GaussianMoments
from mixtura.components.gaussian.structures.factors import factors_of

__all__ = ["borrowed", "factor_of"]

Float = NDArray[np.float64]


def borrowed(moments: GaussianMoments, lent: float) -> GaussianMoments:
    """Return moments of which every component has so many rows more, scattered as on average.

    They are (W_k + ν S) N_k / (N_k + ν), S = Σ W_k / Σ N_k, for N_k rows as before.

    Parameters
    ----------
    lent : ν
    """
    if moments.pooled:
        return moments
    rows = moments.effective_rows.reshape(-1, *(1,) * (moments.scatter.ndim - 1))
    mean = moments.scatter.sum(axis=0) / max(float(rows.sum()), VANISHED)
    own = (moments.scatter + lent * mean) * (rows / np.maximum(rows + lent, VANISHED))
    return replace(moments, scatter=own)


def factor_of(covariance: Float, storage: Literal["spherical", "diagonal", "full"]) -> Float:
    """Return the factor of the precision of one covariance, as structures store it.

    Parameters
    ----------
    covariance : (D,) variances or (D, D); a variance of zero counts as one
    """
    variances = covariance if covariance.ndim == 1 else np.diag(covariance)
    flat = (variances <= 0).astype(np.float64)
    if storage == "spherical":
        return np.array(1 / np.sqrt((variances + flat).mean()))
    if storage == "diagonal":
        return 1 / np.sqrt(variances + flat)
    return factors_of((covariance + np.diag(flat))[None])[0]
