"""How sure rows are of their classes."""

import numpy as np
from numpy.typing import NDArray

from mixtura.data import RowSource
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


def modal_shares(mixture: Mixture, source: RowSource) -> Float:
    """Return the share (K,) of the weight of rows whose most probable component is each."""
    counts = np.zeros(mixture.n_components)
    for start in range(0, source.n_rows, CHUNK_ROWS):
        block = source.block(start, min(start + CHUNK_ROWS, source.n_rows))
        labels = mixture.responsibilities(block.rows).argmax(axis=1)
        counts += np.bincount(labels, weights=block.weights, minlength=mixture.n_components)
    return counts / source.total_weight
