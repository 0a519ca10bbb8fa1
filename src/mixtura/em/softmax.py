"""The row softmax of a tile, in place, for one or many mixtures stacked along the components."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.native.library import kernels
from mixtura.native.runs import address

# Components beyond which most responsibilities are no numbers but zeros, where NumPy takes ten times as long.
MANY = 32

__all__ = ["runs_of_equal_size", "softmax_in_place"]


def runs_of_equal_size(sizes: list[int]) -> list[tuple[int, int, int]]:
    """Return (first component, number of mixtures, K) for each run of mixtures of one size."""
    runs: list[tuple[int, int, int]] = []
    start = 0
    for size in sizes:
        if runs and runs[-1][2] == size:
            first, many, _ = runs[-1]
            runs[-1] = (first, many + 1, size)
        else:
            runs.append((start, 1, size))
        start += size
    return runs


def softmax_in_place(values: NDArray[Any], largest: NDArray[Any], total: NDArray[Any]) -> None:
    """Turn log densities into responsibilities; log Σ_k exp(values) is `largest` - `total`.

    Parameters
    ----------
    values : (M, K, n)
        Log densities in, responsibilities out, for M mixtures of K components.
    largest : (M, n)
        Out: the largest log density of each row.
    total : (M, n)
        Out: the log of the largest responsibility of each row.
    """
    library = kernels() if values.shape[1] > MANY else None
    if library is not None and values.flags.c_contiguous:
        sizes = values.shape[1:]
        for own, most, log_share in zip(values, largest, total, strict=True):
            library.mx_softmax_rows(*sizes, *map(address, (own, most, log_share)))
        return
    np.maximum.reduce(values, axis=1, out=largest)
    np.subtract(values, largest[:, None], out=values)
    np.exp(values, out=values)
    np.add.reduce(values, axis=1, out=total)
    np.reciprocal(total, out=total)
    np.multiply(values, total[:, None], out=values)
    np.log(total, out=total)
