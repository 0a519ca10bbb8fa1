"""From what a user passes to rows of numbers, for every estimator that takes numbers."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import check_array

from mixtura.data import RowSource
from mixtura.data.checks import check_finite, check_names
from mixtura.data.counts import canonical
from mixtura.data.dataset import Dataset
from mixtura.data.draws import Draws
from mixtura.data.encoding import check_cells
from mixtura.data.frames import frame_names, is_frame, numbers_of_frame, picked
from mixtura.data.plain import numbers_of_cells, plain_table
from mixtura.data.sparse_checks import checked_sparse, refuse_sparse
from mixtura.errors import DataError
from mixtura.kinds import ColumnKind

__all__ = [
    "ONE_ROW",
    "Kept",
    "Sourced",
    "as_fitted",
    "check_columns",
    "checked_cells",
    "checked_rows",
    "fitted_rows",
    "names_of",
    "own_columns",
]

ONE_ROW = "X has one row, and a mixture needs at least 2; give more rows"

FLOATS: Any = [np.float64, np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Which of the rows given are fitted, and in what order.

    Attributes
    ----------
    positions : (N',) among the rows given
    n_given : N
    """

    positions: NDArray[np.intp]
    n_given: int


@dataclass(frozen=True, slots=True, eq=False)
class Sourced:
    """What is to be fitted, from memory or beyond it.

    Attributes
    ----------
    rows : (N, D) those that have weight: an array, CSR, or rows beyond memory
    names : of the columns, or None
    kept : which of the rows given these are, None for all in their order or those beyond memory
    source : hands them out
    notes : what a summary should say of them
    """

    rows: Any
    names: tuple[str, ...] | None
    kept: Kept | None
    source: RowSource
    notes: tuple[str, ...] = ()


def checked_rows(
    data: Any,
    estimator: Any,
    *,
    least_rows: int = 1,
    missing: bool = False,
    sparse: bool = False,
) -> tuple[Any, tuple[str, ...] | None]:
    """Return rows (N, D) of float64 or float32, finite, and the column names if there are any.

    Parameters
    ----------
    missing : let NaN and infinity through
    sparse : let SciPy's sparse arrays and matrices through, as CSR

    Raises
    ------
    DataError
        Naming the column and row of the first cell that cannot be used.
    """
    names = None
    data = plain_table(data)
    if isinstance(data, Dataset):
        data, names = data.array(), data.names
    elif isinstance(data, Draws):
        data, names = data.counts, data.names
    if issparse(data):
        if not sparse:
            refuse_sparse(data)
        data = checked_sparse(data)
    elif is_frame(data):
        data, names = numbers_of_frame(data)
    else:
        data = numbers_of_cells(data)
    try:
        rows = check_array(
            data,
            dtype=FLOATS,
            accept_sparse=["csr"] if sparse else False,  # pyright: ignore[reportArgumentType]
            ensure_all_finite=False,
            ensure_min_samples=least_rows,
            estimator=estimator,
            input_name="X",
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(str(error)) from error
    if not missing:
        check_finite(rows.data[:, None] if issparse(rows) else rows, names)
    # Compiled code reads numbers where processors may read them.
    return rows if issparse(rows) else np.require(rows, requirements="A"), names


def checked_cells(
    data: Any, estimator: Any, kind: ColumnKind, *, least_rows: int = 1, gaps: bool = False
) -> tuple[Any, tuple[str, ...] | None]:
    """Return rows (N, D) of float64 or CSR whose cells are all of a kind, and columns' names.

    Raises
    ------
    DataError
        Naming the column and row of the first cell that is not.
    """
    rows, names = checked_rows(data, estimator, least_rows=least_rows, missing=True, sparse=True)
    rows = canonical(rows) if issparse(rows) else rows.astype(np.float64, copy=False)
    check_cells(rows, [kind] * rows.shape[1], names, gaps=gaps)
    return rows, names


def fitted_rows(data: Any, estimator: Any, *, missing: bool = False) -> NDArray[Any]:
    """Return rows whose columns are those that the estimator was fitted on.

    Parameters
    ----------
    missing : let NaN and infinity through
    """
    rows, names = checked_rows(data, estimator, missing=missing)
    check_columns(rows.shape[1], names, estimator)
    return rows


def as_fitted(data: Any, estimator: Any) -> Any:
    """Return a dataset without the column that a fit took for y, and anything else as it is."""
    return data.as_fitted(names_of(estimator)) if isinstance(data, Dataset) else data


def own_columns(data: Any, estimator: Any) -> Any:
    """Return a frame, or counts, that have other columns too as those fitted, by their names."""
    fitted = names_of(estimator)
    if fitted is not None and isinstance(data, Draws):
        return data.of_items(fitted)
    if fitted is None or isinstance(data, Dataset) or not is_frame(data):
        return data
    names = frame_names(data)
    more = names is not None and len(names) > len(fitted) and set(fitted) < set(names)
    return picked(data, fitted) if more else data


def check_columns(n_columns: int, names: tuple[str, ...] | None, estimator: Any) -> None:
    """Raise `DataError` if the columns are not those that the estimator was fitted on."""
    fitted = names_of(estimator)
    called = type(estimator).__name__
    if names is not None and fitted is None:
        warnings.warn(
            f"X has feature names, but {called} was fitted without feature names", stacklevel=4
        )
    elif names is None and fitted is not None:
        warnings.warn(
            f"X does not have valid feature names, but {called} was fitted with feature names",
            stacklevel=4,
        )
    check_names(names, fitted)
    if n_columns != estimator.n_features_in_:
        raise DataError(
            f"X has {n_columns} features, but {called} is expecting "
            f"{estimator.n_features_in_} features as input"
        )


def names_of(estimator: Any) -> tuple[str, ...] | None:
    """Return the column names that an estimator was fitted with, if any."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else tuple(names)
