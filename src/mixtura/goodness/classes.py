"""How sure rows are of their classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.mixture import Mixture

__all__ = ["modal_shares"]

Float = NDArray[np.float64]

# Rows whose posterior is held at a time.
CHUNK_ROWS = 8192


def modal_shares(
    mixture: Mixture, rows: Any, row_weights: Float | None = None
) -> tuple[Float, Float]:
    """Return the share of the weight of rows whose most probable component is each, and densities.

    Parameters
    ----------
    rows : (N, D) array or CSR
    row_weights : (N,) or None

    Returns
    -------
    shares : (K,)
    densities : (N,) log densities, which come with them
    """
    shares = np.zeros(mixture.n_components)
    densities = np.empty(rows.shape[0])
    for start in range(0, len(densities), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        densities[part], posterior = mixture.coded.density_and_responsibilities(rows[part])
        weights = None if row_weights is None else row_weights[part]
        labels = posterior.argmax(axis=1)
        shares += np.bincount(labels, weights=weights, minlength=len(shares))
    return shares / shares.sum(), densities
