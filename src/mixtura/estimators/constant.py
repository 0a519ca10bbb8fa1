"""Columns of one value, in which no density has a width: refused, or left out with a warning."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.checks import LISTED, Names, column_label, row_weights
from mixtura.data.survey import Survey
from mixtura.errors import MixturaWarning
from mixtura.estimators.settings import checked_choice

__all__ = ["taken", "varying_columns", "varying_columns_beyond"]


def varying_columns(
    rows: NDArray[Any], names: Names, constant: str, sample_weight: ArrayLike | None = None
) -> tuple[int, ...] | None:
    """Return the columns to fit, and warn of those left out; None for all.

    Where no column varies all stay, for the error that names them.

    Parameters
    ----------
    rows : (N, D), NaN where a cell is missing
    names : of the columns, for the warning
    constant : "error" to leave none out, or "drop"
    sample_weight : rows of weight zero say nothing
    """
    if checked_choice("constant", constant, ("error", "drop")) == "error":
        return None
    weights = row_weights(sample_weight, len(rows))
    told = rows if weights is None else rows[weights > 0]
    # Comparisons with NaN are false, and a column without any value has no first.
    first = told[np.isfinite(told).argmax(axis=0), np.arange(told.shape[1])]
    return _varying(np.asarray(((told > first) | (told < first)).any(axis=0)), names)


def varying_columns_beyond(survey: Survey, names: Names, constant: str) -> tuple[int, ...] | None:
    """Return what `varying_columns` returns, of rows beyond memory by what one pass found."""
    if checked_choice("constant", constant, ("error", "drop")) == "error":
        return None
    return _varying(survey.spread > 0, names)


def taken(names: tuple[str, ...] | None, places: Sequence[int]) -> tuple[str, ...] | None:
    """Return the names of some columns, if there are names."""
    return None if names is None else tuple(names[place] for place in places)


def _varying(varies: NDArray[np.bool_], names: Names) -> tuple[int, ...] | None:
    """Return the columns that vary, and warn of the others; None for all."""
    if varies.all() or not varies.any():
        return None
    left = np.flatnonzero(~varies)
    listed = ", ".join(column_label(names, int(column)) for column in left[:LISTED])
    more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
    warnings.warn(
        f"{listed}{more}: all rows hold one value, or none, so no density has a width there; left "
        "out",
        MixturaWarning,
        stacklevel=6,
    )
    return tuple(np.flatnonzero(varies).tolist())
