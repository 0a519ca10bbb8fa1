"""How sure rows are of their classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.mixture import Mixture

__all__ = ["entropy_r2", "modal_shares"]

Float = NDArray[np.float64]

# Rows whose posterior is held at a time.
CHUNK_ROWS = 8192


def entropy_r2(entropy: float, total_weight: float, n_components: int) -> float | None:
    """Return 1 - Σ_i w_i Σ_k -r_ik log r_ik / (Σ w log K): 1 if all rows are sure, 0 if none is.

    None with one component (Ramaswamy et al. 1993, Marketing Science 12, 103-124).

    Parameters
    ----------
    entropy : Σ_i w_i Σ_k -r_ik log r_ik, in nats
    """
    if n_components == 1:
        return None
    return 1.0 - entropy / (total_weight * float(np.log(n_components)))


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
