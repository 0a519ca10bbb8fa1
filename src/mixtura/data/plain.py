"""What a user passes for rows, before anything else is done with it: refused, or a plain table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.errors import DataError

__all__ = [
    "NO_NUMBER",
    "cluster_of",
    "columns_of_array",
    "is_missing",
    "numbers_of_cells",
    "numbers_of_column",
    "plain_table",
]

# What to try where cells are no numbers.
NO_NUMBER = (
    "drop the column, or turn it into numbers; CategoricalMixture takes categories, and "
    "MixedMixture both"
)
# Names of the types of pandas' missing values, which this package does not import.
MISSING_TYPES = ("NAType", "NaTType")
# What xarray's and AnnData's data sets, which are no frames, have instead.
TO_FRAMES = ("to_dataframe", "to_df")

Float = NDArray[np.float64]


def is_missing(value: Any) -> bool:
    """Return whether a cell holds None, no date, or pandas' own missing values."""
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return value is None or type(value).__name__ in MISSING_TYPES


def cluster_of(data: Any) -> str | None:
    """Return what the cluster is called that a frame lives on, or None if it lives on none."""
    kind = type(data)
    if kind.__module__.startswith("dask.dataframe") and hasattr(data, "to_delayed"):
        return "Dask"
    if kind.__module__.startswith("pyspark.sql") and hasattr(data, "mapInArrow"):
        return "Spark"
    return None


class _NoNumberError(DataError, TypeError):
    """A cell is no number: a TypeError too, which scikit-learn's conventions ask for."""


def plain_table(data: Any, what: str = "X") -> Any:
    """Return data as they are, but for masked cells, which are missing, and `np.matrix`.

    Parameters
    ----------
    what : what errors call the data

    Raises
    ------
    DataError
        For text, what has a table in it, a mapping, an iterator, records, dates, times and complex
        numbers, and for frames whose rows live on a cluster.
    """
    if cluster := cluster_of(data):
        raise DataError(
            f"{what} is a frame whose rows live with the workers of {cluster}, and would all have "
            f"to come here; fit mixtura.dataset({what}), which workers read by themselves"
        )
    if isinstance(data, (str, bytes)):
        raise DataError(
            f"{what} is text ({data[:60]!r}), not a table of rows and columns; if that names a "
            "file, read it with mixtura.dataset"
        )
    for method in TO_FRAMES:
        if hasattr(data, method) and not hasattr(data, "__arrow_c_stream__"):
            raise DataError(f"{what} has a table in it; pass {what}.{method}()")
    # Of SciPy's sparse formats one is a dict.
    if isinstance(data, Mapping) and not issparse(data):
        raise DataError(
            f"{what} is a mapping, not a table; pass pandas.DataFrame({what}) for its columns"
        )
    if isinstance(data, Iterator) and hasattr(data, "__arrow_c_stream__"):
        raise DataError(
            f"{what} is a stream, which can be read once only; pass {what}.read_all(), or "
            f"mixtura.dataset({what}) for rows beyond memory"
        )
    if isinstance(data, Iterator):
        raise DataError(
            f"{what} is an iterator, which can be read once only; pass list({what}) or an array"
        )
    if not isinstance(data, np.ndarray):
        return data
    if data.dtype.names:
        raise DataError(
            f"{what} is an array of records ({', '.join(data.dtype.names[:5])}); pass "
            f"pandas.DataFrame({what}), which has its columns by name"
        )
    if data.dtype.kind in "mM":
        raise DataError(
            f"column 0 holds dates or times ({data.dtype}), as all of {what} does; leave them "
            "out, or turn them into numbers such as days since the first"
        )
    if data.dtype.kind == "c":
        raise DataError(
            f"Complex data not supported: column 0 holds {data.dtype}, as all of {what} does; give "
            "real and imaginary parts as columns of their own"
        )
    if isinstance(data, np.ma.MaskedArray):
        return _unmasked(data)
    return np.asarray(data)


def numbers_of_cells(data: Any) -> Any:
    """Return a table of any cells as numbers (N, D), NaN where one is missing.

    Numbers of any shape are returned as they are.

    Raises
    ------
    DataError
        Naming the column and row of the first cell that is not a number; text is none. Where what
        is no number is no table.
    """
    try:
        array = np.asarray(data)
    except ValueError:
        raise DataError(
            "X is no table: its rows are of unlike lengths; give each as many cells"
        ) from None
    if array.dtype.kind not in "USO":
        return data
    if array.ndim != 2:
        raise _NoNumberError(
            f"X is a {type(data).__name__} of {array.ndim} dimension(s) that does not hold numbers "
            "only; give a table of rows and columns. Reshape your data with X.reshape(-1, 1) where "
            "they are one column"
        )
    # A list of 1 and "1" must not become an array of text.
    cells = np.array(data, dtype=object)
    found = np.empty(cells.shape)
    for place, value in np.ndenumerate(cells):
        found[place] = _number(value, *place)
    return found


def columns_of_array(data: Any, what: str = "X") -> list[Sequence[Any]]:
    """Return the columns of an array or a list of rows, numbers as arrays, others as lists.

    Raises
    ------
    DataError
        If it is no table.
    """
    try:
        # A list of 1 and "1" must not become an array of text.
        array = data if isinstance(data, np.ndarray) else np.array(data, dtype=object)
    except ValueError as error:
        raise DataError(f"{what} is no table: {error}; give rows of one length") from error
    if array.ndim != 2:
        raise DataError(
            f"{what} should be a table of rows and columns, but has {array.ndim} dimension(s); "
            f"reshape a single column with {what}.reshape(-1, 1)"
        )
    if array.dtype.kind in "biuf":
        return list(array.T)
    return [column.tolist() for column in array.T]


def numbers_of_column(column: Any, label: str, remedy: str) -> Float:
    """Return the cells of a column as numbers (N,), NaN where one is missing.

    Parameters
    ----------
    column : N cells
    label : what the column is called in an error
    remedy : what is to be done about a cell that is no number

    Raises
    ------
    DataError
        Naming the row of the first cell that is not a number; text is none.
    """
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        return column.astype(np.float64)
    values = np.empty(len(column))
    for row, value in enumerate(column):
        try:
            values[row] = _as_number(value)
        except (TypeError, ValueError, OverflowError):
            raise DataError(
                f"{label} holds {value!r} at row {row} (counted from 0), which is not a number; "
                f"{remedy}"
            ) from None
    return values


def _as_number(value: Any) -> float:
    if is_missing(value):
        return np.nan
    if isinstance(value, (str, bytes)):
        raise TypeError("text is no number")
    return float(value)


def _number(value: Any, row: int, column: int) -> float:
    try:
        return _as_number(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _NoNumberError(
            f"column {column} holds {value!r} at row {row} (counted from 0), which is not a "
            f"number ({error}); {NO_NUMBER}"
        ) from error


def _unmasked(data: Any) -> NDArray[Any]:
    """Return a masked array with NaN, or None among cells that are no numbers, where it is."""
    mask = np.ma.getmaskarray(data)
    plain = np.asarray(data.data)
    if not mask.any():
        return plain
    if plain.dtype.kind in "biuf":
        kept = plain if plain.dtype.kind == "f" else plain.astype(np.float64)
        return np.where(mask, np.asarray(np.nan, kept.dtype), kept)
    cells = plain.astype(object)
    cells[mask] = None
    return cells
