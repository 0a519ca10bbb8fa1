"""Missing cells, NaN, of rows of numbers: found, counted and sorted by the pattern they make."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ADVICE", "gap_words", "has_gaps", "with_one_nan"]

# What else may be done about a cell that is refused.
ADVICE = ", or set missing='marginal', which takes each row by its other cells"


def has_gaps(rows: NDArray[Any]) -> bool:
    """Return whether a cell is NaN."""
    # One sum decides for complete rows; that of finite rows may be NaN if it overflows.
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = np.isnan(rows.sum(dtype=np.float64))
    return bool(suspect and np.isnan(rows).any())


def with_one_nan(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows (N, D) in which all NaN have the same bits, so that they can be compared."""
    return np.where(np.isnan(rows), rows.dtype.type(np.nan), rows)


def gap_words(rows: NDArray[Any], block: str = "") -> str:
    """Return what a summary says of the missing cells of rows (N, D).

    Parameters
    ----------
    block : what kind of cells they are, where rows have others beside them
    """
    called = f"{block} cell" if block else "cell"
    missing = np.isnan(rows)
    n_patterns = len(np.unique(np.packbits(missing, axis=1), axis=0))
    cells, gappy = int(missing.sum()), int(missing.any(axis=1).sum())
    words = (
        f"{cells:,} of {missing.size:,} {called}s are missing, in {gappy:,} of {len(rows):,} rows "
        f"and {n_patterns:,} patterns of columns; each row counts by its other cells, right where "
        "cells are missing at random"
    )
    empty = int(missing.all(axis=1).sum())
    if empty:
        left = "only their other cells count" if block else "their posterior is the mixing weights"
        words += f"\n{empty:,} row(s) have no {called} at all; {left}"
    return words
