"""How finely a column is measured: the least step between values that repeat."""

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import RowSource

__all__ = ["JUDGED", "column_steps", "step_of"]

Float = NDArray[np.float64]

# Rows by whose values a column is judged; of more, a sample by contents.
JUDGED = 50_000
# Values that differ by less than so many last digits of the largest are one value.
ROUNDING = 64


def column_steps(source: RowSource) -> Float:
    """Return the least step between repeated values of each column (D,), 0 where there is none.

    A value repeats if two different rows have it; so neither the sum of the weights matters nor
    whether a row of weight two is written twice. In one column, where equal values are equal rows,
    it is if it has twice the weight of the lightest row. A column of which no two values repeat is
    as fine as its numbers; values that do not repeat, be they typed wrong or means of others, make
    no column finer.
    """
    if source.n_columns > 1:
        rows, _ = source.subsample(JUDGED, 0)
        return np.array([_step(column, None, 2.0) for column in np.asarray(rows).T])
    if source.n_rows <= JUDGED:
        block = source.block(0, source.n_rows)
        rows, weights = block.rows, block.weights
    else:
        rows, weights = source.subsample(JUDGED, 0)
    lightest = 1.0 if weights is None else float(weights.min())
    return np.array([_step(np.asarray(rows)[:, 0], weights, 2.0 * lightest)])


def step_of(cells: Float) -> float:
    """Return the least step between repeated cells (n,) of one column, 0 where there is none."""
    return _step(cells, None, 2.0)


def _step(column: NDArray[np.floating], weights: Float | None, repeated: float) -> float:
    """Return the least step of one column (n,), 0 where there is none; NaN is left out.

    Parameters
    ----------
    repeated : the weight from which on a value repeats
    """
    known = np.isfinite(column)
    values, places = np.unique(column[known].astype(np.float64), return_inverse=True)
    own = None if weights is None else weights[known]
    totals = np.bincount(places, weights=own, minlength=len(values))
    often = values[totals >= repeated * (1 - 1e-9)]
    if len(often) < 2:
        return 0.0
    gaps = np.diff(often)
    digits = np.finfo(column.dtype if column.dtype == np.float32 else np.float64).eps
    gaps = gaps[gaps > ROUNDING * digits * np.abs(often).max()]
    return float(gaps.min()) if len(gaps) else 0.0
