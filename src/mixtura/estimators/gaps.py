"""Rows of numbers that may have missing cells, NaN, where an estimator is told to take them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import order_by_pattern
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.data import RowSource
from mixtura.data.checks import Names, check_finite, check_observed
from mixtura.data.gaps import ADVICE, has_gaps, with_one_nan
from mixtura.data.stand_ins import extremes_of
from mixtura.estimators.inputs import checked_rows
from mixtura.estimators.settings import checked_choice

__all__ = ["check_gaps", "checked_gappy_rows", "family_for", "pattern_order"]


def check_gaps(rows: NDArray[Any], names: Names, missing: str) -> None:
    """Raise for infinity, and for NaN unless `missing` is "marginal"."""
    gaps = checked_choice("missing", missing, ("error", "marginal")) == "marginal"
    check_finite(rows, names, gaps=gaps, advice=ADVICE)


def checked_gappy_rows(
    data: Any, estimator: Any, missing: str
) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Return rows (N, D) to be fitted, NaN where a cell is missing, and their columns' names.

    Raises
    ------
    DataError
        Naming the first cell that cannot be used.
    """
    rows, names = checked_rows(data, estimator, least_rows=2, missing=True)
    check_gaps(rows, names, missing)
    return with_one_nan(rows) if has_gaps(rows) else rows, names


def pattern_order(
    rows: NDArray[Any], positions: NDArray[np.intp] | None
) -> NDArray[np.intp] | None:
    """Return positions in the order of their rows' patterns, if a cell is missing.

    Parameters
    ----------
    rows : (N, D)
    positions : of the rows to be fitted, None for all
    """
    if not has_gaps(rows):
        return positions
    if positions is None:
        return order_by_pattern(rows)
    return positions[order_by_pattern(rows[positions])]


def family_for(source: RowSource, names: Names) -> type[GaussianFamily]:
    """Return the Gaussian family for rows with or without missing cells.

    Raises
    ------
    DataError
        Naming a column of which every cell is missing.
    """
    rows = extremes_of(source)
    if not has_gaps(rows):
        return GaussianFamily
    check_observed(rows, names)
    return IncompleteGaussianFamily
