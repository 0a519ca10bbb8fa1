"""Negative binomials as compiled runs know them: tables of counts, and two numbers of each."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.stacked import Stacked

__all__ = ["LEAST_KEYS", "Overdispersed", "codes_of", "table_segments"]

Float = NDArray[np.float64]

# Counts of each column that have features, whatever rows hold: its two numbers take their places.
LEAST_KEYS = 2


@dataclass(frozen=True, slots=True)
class Overdispersed(Stacked):
    """Means m and sizes r (K, D): variances are m + m²/r, and r is infinite for a Poisson."""

    means: Float
    sizes: Float


def codes_of(cells: Float, keys: NDArray[np.int64], unit: int) -> NDArray[np.int32]:
    """Return where counts above 0 stand among keys, -1 for other cells (D, n).

    Parameters
    ----------
    cells : (D, n) counts, NaN where one is missing
    keys : (C,) all counts above 0, as column x unit + count
    """
    above = cells > 0
    own = np.where(above, cells, 0.0).astype(np.int64)
    own += unit * np.arange(len(cells))[:, None]
    return np.where(above, np.searchsorted(keys, own), -1).astype(np.int32)


def table_segments(counts: Float, starts: NDArray[np.int64], n_opening: int) -> Segments | None:
    """Return tables of counts, or None where a column has none.

    Parameters
    ----------
    counts : (C,) rising in each column
    starts : (D + 1,) where those of a column begin, and C
    n_opening : O
    """
    if (np.diff(starts) < LEAST_KEYS).any():
        return None
    firsts, size = starts[:-1], len(counts)
    return Segments(
        ((SegmentKind.TABLES, size, n_opening),),
        partial(_of_values, firsts),
        tables=(starts, counts),
        values=partial(_values_of, firsts, size),
    )


def _of_values(firsts: NDArray[np.int64], values: Float) -> Overdispersed:
    """Return the means and sizes among values (K, C)."""
    with np.errstate(divide="ignore"):
        # As a file gives them back: sums of another layout have other last digits.
        return Overdispersed(np.take(values, firsts, axis=1), 1.0 / np.take(values, firsts + 1, 1))


def _values_of(firsts: NDArray[np.int64], size: int, parameters: Overdispersed) -> Float:
    """Return values (K, C) of means and sizes."""
    found = np.zeros((parameters.n_components, size))
    found[:, firsts], found[:, firsts + 1] = parameters.means, 1.0 / parameters.sizes
    return found
