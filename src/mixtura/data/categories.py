"""The columns of a table, whatever it comes in, as those that hold categories are read."""

from collections.abc import Sequence
from typing import Any

from mixtura.data.checks import Names, column_label
from mixtura.data.dataset import Dataset
from mixtura.data.frames import columns_of_frame, is_frame
from mixtura.data.plain import columns_of_array, plain_table
from mixtura.data.sparse_checks import refuse_sparse
from mixtura.errors import DataError

__all__ = ["column_labels", "columns_of"]


def columns_of(data: Any, what: str = "X") -> tuple[list[Sequence[Any]], tuple[str, ...] | None]:
    """Return the columns of a frame, array or list of rows, and their names if there are any.

    Parameters
    ----------
    what : what errors call the data

    Raises
    ------
    DataError
        If the data are not rows of one length, or there are none.
    """
    refuse_sparse(data, what)
    data = plain_table(data, what)
    if isinstance(data, Dataset):
        columns, names = columns_of_array(data.array()), data.names
    elif is_frame(data):
        columns, names = columns_of_frame(data)
    else:
        columns, names = columns_of_array(data, what), None
    if not columns or not len(columns[0]):
        raise DataError(f"{what} has no rows or no columns; give at least one row")
    return columns, names


def column_labels(names: Names, n_columns: int) -> list[str]:
    """Return how errors call the columns."""
    return [column_label(names, column) for column in range(n_columns)]
