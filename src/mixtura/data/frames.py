"""Data frames of any library as one array of numbers and its column names."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from mixtura.data.plain import NO_NUMBER, is_missing
from mixtura.errors import DataError

__all__ = [
    "columns_of_frame",
    "declared_categories",
    "declared_orders",
    "frame_names",
    "in_memory_frame",
    "is_frame",
    "numbers_of_frame",
    "picked",
    "values_of_series",
    "without",
]

# What libraries call a column of categories, whatever it holds.
CATEGORIES = nw.Categorical, nw.Enum


def is_frame(data: Any) -> bool:
    """Return whether `data` is a data frame or table (pandas, polars, Arrow and others)."""
    if isinstance(data, np.ndarray):
        return False
    return isinstance(_wrapped(data), (nw.DataFrame, nw.LazyFrame))


def numbers_of_frame(data: Any) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Return a frame's cells (N, D) and its column names; None if those are not all strings.

    float32 stays float32 where every column is; anything else becomes float64. A missing cell
    becomes NaN.

    Raises
    ------
    DataError
        Naming the column, row and value of a cell that is not a number, or a repeated column.
    """
    frame = _wrapped(data)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    names = _names(frame.to_native())
    columns: list[Any] = list(frame.iter_columns())
    single = bool(columns) and all(column.dtype == nw.Float32 for column in columns)
    values = np.empty((frame.shape[0], len(columns)), np.float32 if single else np.float64)
    for position, column in enumerate(columns):
        values[:, position] = _numbers(column, str(names[position]))
    text = all(isinstance(name, str) for name in names)
    return values, tuple(names) if text else None


def frame_names(data: Any) -> tuple[str, ...] | None:
    """Return a frame's column names; None if those are not all strings."""
    names = _wrapped(data).collect_schema().names()
    return tuple(names) if all(isinstance(name, str) for name in names) else None


def in_memory_frame(data: Any) -> Any:
    """Return a frame as it is, or what a lazy one comes to."""
    frame = _wrapped(data)
    return frame.collect().to_native() if isinstance(frame, nw.LazyFrame) else data


def picked(data: Any, columns: Sequence[str]) -> Any:
    """Return a frame of some columns, in the order of their names.

    Raises
    ------
    DataError
        If there is no such column.
    """
    frame = _wrapped(data)
    names = frame.collect_schema().names()
    for column in columns:
        if column not in names:
            some = ", ".join(f"'{name}'" for name in names[:20])
            raise DataError(f"there is no column '{column}'; there are {some}")
    return frame.select(list(columns)).to_native()


def without(data: Any, columns: Sequence[str]) -> Any:
    """Return a frame of all columns but some, which it has."""
    return _wrapped(data).drop(list(columns)).to_native() if columns else data


def _wrapped(data: Any) -> Any:
    try:
        return nw.from_native(data, pass_through=True)
    except nw.exceptions.DuplicateError:
        _names(data)
        raise


def _names(data: Any) -> list[Any]:
    """Return column names; raise `DataError` for one that stands twice."""
    given: Any = data.column_names if hasattr(data, "column_names") else data.columns
    names: list[Any] = list(cast(Any, given)() if callable(given) else given)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        others = "" if len(twice) == 1 else f", and {len(twice) - 1} more names stand twice"
        raise DataError(f"two columns are called '{twice[0]}'{others}; rename or drop one of them")
    return names


def _numbers(column: nw.Series[Any], name: str) -> NDArray[np.float64]:
    if column.dtype.is_numeric() or column.dtype == nw.Boolean:
        return column.cast(nw.Float64).to_numpy() if column.null_count() else column.to_numpy()
    values = np.empty(len(column))
    for row, value in enumerate(column.to_list()):
        try:
            if isinstance(value, str):
                raise TypeError
            values[row] = np.nan if is_missing(value) else float(value)
        except (TypeError, ValueError):
            raise DataError(
                f"column '{name}' holds {value!r} at row {row} (counted from 0), which is not a "
                f"number; {NO_NUMBER}"
            ) from None
    return values


def columns_of_frame(data: Any) -> tuple[list[Any], tuple[str, ...] | None]:
    """Return a frame's columns as they are, and their names; None if those are not all strings.

    A column is an array where it holds numbers or truth values without gaps, else a list of
    Python values with None where a cell is missing.

    Raises
    ------
    DataError
        Naming a repeated column.
    """
    frame = _wrapped(data)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    names = _names(frame.to_native())
    series: list[Any] = list(frame.iter_columns())
    columns = [_values(column) for column in series]
    text = all(isinstance(name, str) for name in names)
    return columns, tuple(names) if text else None


def declared_categories(data: Any) -> list[bool]:
    """Return which columns of a frame or a series are of a type of categories, none of an array."""
    wrapped = nw.from_native(data, allow_series=True, pass_through=True)
    if isinstance(wrapped, nw.Series):
        return [wrapped.dtype in CATEGORIES]
    if isinstance(wrapped, nw.LazyFrame | nw.DataFrame):
        return [dtype in CATEGORIES for dtype in wrapped.collect_schema().dtypes()]
    return []


def declared_orders(data: Any) -> dict[int, tuple[Any, ...]]:
    """Return the levels of columns of a frame whose type has them in an order, by number."""
    wrapped = nw.from_native(data, pass_through=True)
    if not isinstance(wrapped, nw.LazyFrame | nw.DataFrame):
        return {}
    types = enumerate(wrapped.collect_schema().dtypes())
    return {place: tuple(dtype.categories) for place, dtype in types if isinstance(dtype, nw.Enum)}


def values_of_series(data: Any) -> Any:
    """Return the values of a series of any library as a column, or None if `data` is none."""
    series = nw.from_native(data, allow_series=True, pass_through=True)
    return _values(series) if isinstance(series, nw.Series) else None


def _values(column: nw.Series[Any]) -> Any:
    plain = column.dtype.is_numeric() and column.dtype != nw.Decimal
    if (plain or column.dtype == nw.Boolean) and not column.null_count():
        return column.to_numpy()
    gaps = column.is_null().to_list()
    return [None if gap else value for gap, value in zip(gaps, column.to_list(), strict=True)]
