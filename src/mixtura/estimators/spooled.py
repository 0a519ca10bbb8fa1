"""Rows beyond memory: what can be done with them, and part by part."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.dataset import Dataset
from mixtura.data.spool import SpooledRows
from mixtura.errors import DataError, ParameterError

__all__ = ["by_parts", "check_nothing_dropped", "check_spooled", "is_spooled"]


def is_spooled(data: Any) -> bool:
    """Return whether rows are a dataset that is not in memory."""
    return isinstance(data, Dataset) and not data.is_in_memory


def check_nothing_dropped(rows: SpooledRows, names: tuple[str, ...] | None, constant: str) -> None:
    """Raise `DataError` for a column of one value that is to be dropped."""
    alike = np.flatnonzero(rows.survey.spread == 0.0)
    if constant == "drop" and len(alike):
        raise DataError(
            f"{_called(names, int(alike[0]))} holds one value, and no column of rows beyond memory "
            "is dropped; name those to read when the dataset is made, by columns="
        )


def _called(names: tuple[str, ...] | None, column: int) -> str:
    return f"column {column}" if names is None else f"column '{names[column]}'"


def check_spooled(
    rows: SpooledRows, names: tuple[str, ...] | None, y: Any, sample_weight: ArrayLike | None
) -> None:
    """Raise for what rows beyond memory cannot be fitted with.

    Raises
    ------
    ParameterError
        If there are labels or weights.
    DataError
        If a cell is missing.
    """
    for given, called in ((y, "y"), (sample_weight, "sample_weight")):
        if given is not None:
            raise ParameterError(
                f"{called} is not taken with rows beyond memory; leave it out, or let the "
                "dataset's memory= be more than the rows take"
            )
    if rows.survey.has_gaps:
        column = int(np.flatnonzero(rows.survey.n_missing)[0])
        count = int(rows.survey.n_missing[column])
        raise DataError(
            f"{_called(names, column)} holds {count:,} missing cell{'s' if count > 1 else ''}, "
            "which rows beyond memory cannot have; leave the column or those rows out, or let the "
            "dataset's memory= be more than the rows take"
        )


def by_parts(data: Any, found: Callable[[Any], NDArray[Any]]) -> NDArray[Any]:
    """Return what is found of each row, part by part where rows are beyond memory."""
    if not is_spooled(data):
        return found(data)
    values, start = [], 0
    for part in data.parts():
        try:
            values.append(found(part))
        except DataError as error:
            raise DataError(f"of the part from row {start} on: {error}") from error
        start += part.n_rows
    return np.concatenate(values)
