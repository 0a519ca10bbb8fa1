"""How sure rows are of their classes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mixtura.data import Block
from mixtura.mixture import Mixture

__all__ = ["modal_shares"]

Float = NDArray[np.float64]

# Rows whose posterior is held at a time.
CHUNK_ROWS = 8192


def modal_shares(
    mixture: Mixture, blocks: Iterable[Block], densities: Float | None = None
) -> Float:
    """Return the share (K,) of the weight of rows whose most probable component is each.

    Parameters
    ----------
    blocks : of rows (n, D), arrays or CSR
    densities : (N,) to be filled with log densities, which come with the shares
    """
    shares = np.zeros(mixture.n_components)
    start = 0
    for block in blocks:
        for first in range(0, block.rows.shape[0], CHUNK_ROWS):
            part = slice(first, first + CHUNK_ROWS)
            density, posterior = mixture.coded.density_and_responsibilities(block.rows[part])
            weights = None if block.weights is None else block.weights[part]
            labels = posterior.argmax(axis=1)
            shares += np.bincount(labels, weights=weights, minlength=len(shares))
            if densities is not None:
                densities[start : start + len(density)] = density
            start += len(density)
    return shares / shares.sum()
