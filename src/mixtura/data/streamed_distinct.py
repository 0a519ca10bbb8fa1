"""The distinct rows of blocks, with their weights: those that `distinct_rows` finds in memory."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import Block
from mixtura.data.distinct import hashes_of, in_order
from mixtura.data.totals import Totals

__all__ = ["BYTES_OF_CELL", "MOST_PATTERN_CELLS", "streamed_distinct"]

Float = NDArray[np.float64]

# Cells of distinct rows that are held of rows beyond memory, or as many as memory= has room for.
MOST_PATTERN_CELLS, BYTES_OF_CELL = 1 << 22, 16


def streamed_distinct(
    blocks: Iterable[Block], most_cells: int
) -> tuple[NDArray[Any], Float] | None:
    """Return the distinct rows (U, D) and the total weight (U,) of each, None if they are too many.

    Rows whose 64-bit hashes are equal count as one row.

    Parameters
    ----------
    blocks : of rows (n, D), all with weights or none
    most_cells : cells that may be held
    """
    held: tuple[NDArray[np.uint64], NDArray[Any], Totals] | None = None
    for block in blocks:
        rows, weights = block.rows, block.weights
        totals = Totals.ones(len(rows)) if weights is None else Totals.of(weights)
        hashes = hashes_of(rows, 0)
        if held is not None:
            hashes = np.concatenate([held[0], hashes])
            rows = np.concatenate([held[1], rows])
            totals = Totals.concatenated([held[2], totals])
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
        held = hashes[starts], rows[order[starts]], totals.take(order).summed(starts)
        if held[1].size > most_cells:
            return None
    assert held is not None
    return in_order(held[1], held[2].values())
