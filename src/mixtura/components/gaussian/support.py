"""Components on few rows, lent scatter where a fit starts."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.parameters import VANISHED, GaussianMoments

__all__ = ["borrowed"]

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
