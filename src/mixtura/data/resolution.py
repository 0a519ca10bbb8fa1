"""How finely a column is measured: the least step between values that repeat."""

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import RowSource

__all__ = ["column_steps"]

Float = NDArray[np.float64]

# Rows by whose values a column is judged; of more, a sample by contents.
JUDGED = 50_000
# Values that differ by less than so many last digits of the largest are one value.
ROUNDING = 64
# A value repeats from this many rows on.
REPEATED = 2.0


def column_steps(source: RowSource) -> Float:
    """Return the least step between repeated values of each column (D,), 0 where there is none.

    A column of which no two values repeat is as fine as its numbers; values that do not repeat, be
    they typed wrong or means of others, make no column finer. It depends on the distinct rows and
    their total weights alone.
    """
    if source.n_rows <= JUDGED:
        block = source.block(0, source.n_rows)
        rows, weights = block.rows, block.weights
    else:
        rows, weights = source.subsample(JUDGED, 0)
    return np.array([_step(column, weights) for column in np.asarray(rows).T])


def _step(column: NDArray[np.floating], weights: Float | None) -> float:
    """Return the least step of one column (n,), 0 where there is none; NaN is left out."""
    known = np.isfinite(column)
    values, places = np.unique(column[known].astype(np.float64), return_inverse=True)
    own = None if weights is None else weights[known]
    totals = np.bincount(places, weights=own, minlength=len(values))
    repeated = values[totals >= REPEATED - 1e-9]
    if len(repeated) < 2:
        return 0.0
    gaps = np.diff(repeated)
    digits = np.finfo(column.dtype if column.dtype == np.float32 else np.float64).eps
    gaps = gaps[gaps > ROUNDING * digits * np.abs(repeated).max()]
    return float(gaps.min()) if len(gaps) else 0.0
