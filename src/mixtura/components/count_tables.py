"""Negative binomials as compiled runs know them: tables of counts, and two numbers of each."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixtura.components.segments import SegmentKind, Segments
from mixtura.components.stacked import Stacked

__all__ = ["LEAST_KEYS", "Overdispersed", "table_segments"]

Float = NDArray[np.float64]

# Counts of each column that have features, whatever rows hold: its two numbers take their places.
LEAST_KEYS = 2
# The largest count that C sums up to.
MOST_COUNTS = 1000


@dataclass(frozen=True, slots=True)
class Overdispersed(Stacked):
    """Means m and sizes r (K, D): variances are m + m²/r, and r is infinite for a Poisson."""

    means: Float
    sizes: Float


def table_segments(
    counts: Float, columns: NDArray[np.intp], n_columns: int, n_opening: int
) -> Segments | None:
    """Return tables of counts, or None where these are large.

    Parameters
    ----------
    counts, columns : (C,) rising in each column, and which column that is
    n_columns, n_opening : D and O
    """
    starts = np.searchsorted(columns, np.arange(n_columns + 1)).astype(np.int64)
    if (np.diff(starts) < LEAST_KEYS).any() or counts.max() > MOST_COUNTS:
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
