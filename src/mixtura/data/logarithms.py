"""Columns of a table by their logarithms, which are called so: "log(income)"."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from mixtura.data.table import Table
from mixtura.errors import DataError

__all__ = ["log_name", "with_logs", "with_those_wanted"]

NAMED = re.compile(r"log\((.+)\)", re.DOTALL)


def log_name(column: str) -> str:
    """Return what the logarithm of a column is called.

    Examples
    --------
    >>> log_name("income")
    'log(income)'
    """
    return f"log({column})"


def with_logs(table: Table, columns: Sequence[str]) -> Table:
    """Return the table with natural logarithms in place of some columns.

    Raises
    ------
    DataError
        Naming a column that is not there or already has its logarithm beside it, or the first
        cell that has none.
    """
    import pyarrow as pa

    table.check_known(columns)
    names, content = list(table.names), table.content
    for column in columns:
        name, place = log_name(column), names.index(column)
        if name in table.kinds:
            raise DataError(f"'{table.path}' has a column '{name}' already; leave one of them out")
        content = content.set_column(place, name, pa.chunked_array([_logarithms(table, column)]))
        names[place] = name
    kinds = {name: table.kinds.get(name, "number") for name in names}
    return replace(table, names=tuple(names), kinds=kinds, content=content)


def with_those_wanted(table: Table, wanted: Iterable[str]) -> Table:
    """Return the table with the logarithms beside it that are wanted, of columns that it has."""
    import pyarrow as pa

    names, content = list(table.names), table.content
    for name in wanted:
        found = NAMED.fullmatch(name)
        if found is not None and name not in table.kinds and found[1] in table.kinds:
            content = content.append_column(name, pa.array(_logarithms(table, found[1])))
            names.append(name)
    kinds = {name: table.kinds.get(name, "number") for name in names}
    return replace(table, names=tuple(names), kinds=kinds, content=content)


def _logarithms(table: Table, column: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    cells = table.numeric([column], "nan")[:, 0]
    bad = np.flatnonzero(cells <= 0)
    if len(bad):
        raise DataError(
            f"column '{column}' of '{table.path}' holds {cells[bad[0]]:g} in row {bad[0] + 1}, "
            f"which has no logarithm; {len(bad):,} cell(s) have none in all: fit the column as it "
            "is, or drop such rows"
        )
    return np.log(cells)
