"""Column means and spreads of a source, whatever the units of the columns."""

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import RowSource

__all__ = ["column_moments"]

Float = NDArray[np.float64]

CHUNK_ROWS = 65536


def column_moments(source: RowSource) -> tuple[Float, Float]:
    """Return the weighted mean and standard deviation (D,) of each column.

    Deviations are taken from the first row and divided by the largest of them, so that neither
    their sum nor their squares can overflow or lose digits to an offset.
    """
    first = np.asarray(source.block(0, 1).rows[0], dtype=np.float64)
    largest = np.zeros(len(first))
    starts = range(0, source.n_rows, CHUNK_ROWS)
    for start in starts:
        rows = source.block(start, min(start + CHUNK_ROWS, source.n_rows)).rows
        # Halved, as the difference of two large floats may overflow where each does not.
        deviations = np.abs(rows * 0.5 - first * 0.5)
        np.maximum(largest, deviations.max(axis=0), out=largest)
    unit = np.where(largest > 0, largest, 0.5) * 2.0
    total, squares = np.zeros(len(first)), np.zeros(len(first))
    for start in starts:
        block = source.block(start, min(start + CHUNK_ROWS, source.n_rows))
        deviations = block.rows / unit - first / unit
        if block.weights is None:
            total += deviations.sum(axis=0)
            squares += np.einsum("nd,nd->d", deviations, deviations)
        else:
            total += block.weights @ deviations
            squares += block.weights @ deviations**2
    mean = total / source.total_weight
    variance = np.maximum(squares / source.total_weight - mean**2, 0.0)
    return first + mean * unit, np.sqrt(variance) * unit
