"""From what a user passes to rows of counts or of zeros and ones, dense or sparse."""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from mixtura.data.counts import canonical, check_binary, check_counts
from mixtura.estimators.inputs import check_columns, checked_rows

__all__ = ["checked_binary", "checked_counts", "fitted_binary", "fitted_counts"]

Names = tuple[str, ...] | None


def checked_counts(data: Any, estimator: Any, *, least_rows: int = 1) -> tuple[Any, Names]:
    """Return rows of counts (N, D) as a float64 array or CSR, and column names if there are any.

    Raises
    ------
    DataError
        Naming the column and row of the first cell that is no count.
    """
    rows, names = _numbers(data, estimator, least_rows)
    check_counts(rows, names)
    return rows, names


def fitted_counts(data: Any, estimator: Any) -> Any:
    """Return rows of counts whose columns are those that the estimator was fitted on."""
    check_is_fitted(estimator, "mixture_")
    rows, names = checked_counts(data, estimator)
    check_columns(rows.shape[1], names, estimator)
    return rows


def checked_binary(data: Any, estimator: Any, *, least_rows: int = 1) -> tuple[Any, Names]:
    """Return rows of 0, 1 and, where a cell is missing, -1, as a float64 array or CSR.

    Raises
    ------
    DataError
        Naming the column and row of the first cell that is neither.
    """
    rows, names = _numbers(data, estimator, least_rows)
    check_binary(rows, names)
    if not issparse(rows):
        rows = np.where(np.isnan(rows), -1.0, rows)
    return rows, names


def fitted_binary(data: Any, estimator: Any) -> Any:
    """Return rows of 0, 1 and -1 whose columns are those that the estimator was fitted on."""
    check_is_fitted(estimator, "mixture_")
    rows, names = checked_binary(data, estimator)
    check_columns(rows.shape[1], names, estimator)
    return rows


def _numbers(data: Any, estimator: Any, least_rows: int) -> tuple[Any, Names]:
    rows, names = checked_rows(data, estimator, least_rows=least_rows, missing=True, sparse=True)
    return (canonical(rows) if issparse(rows) else rows.astype(np.float64, copy=False)), names
