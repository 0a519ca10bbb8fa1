"""Tables of one cell a line (row, column, value), turned into rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mixtura.data.codes import spelling
from mixtura.data.draws import Draws
from mixtura.data.table import Table, table_of
from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MOST_CELLS", "check_constant", "coded_cells", "sparse_counts", "widened"]

# Cells of a table that holds all of them, also those that no line is of.
MOST_CELLS = 200_000_000

Codes = NDArray[np.intp]


def widened(
    table: Table,
    row: str,
    column: str,
    value: str | None,
    *,
    kept: Sequence[str] = (),
    wanted: Sequence[str] = (),
    sums: bool = False,
) -> Table:
    """Return a table of a row for each value of `row`, with a column for each value of `column`.

    Rows and columns are in the order in which they first come. What no line says is missing, or 0
    where cells are sums.

    Parameters
    ----------
    row, column, value : names of columns of the long table; without a value lines are counted
    kept : names of columns that say something of the whole row, and become columns of the result
    wanted : names of columns that the result has even if no line is of them
    sums : whether lines of the same row and column add up; else there is one at the most

    Raises
    ------
    DataError
        If a column is not there, a line names no row or no column, two lines say one cell, or a
        kept column differs within a row.
    """
    named = [name for name in (row, column, value) if name is not None]
    table.check_known([*named, *kept])
    rows, row_names = coded_cells(table, row)
    columns, column_names = coded_cells(table, column)
    taken = [name for name in column_names if name in (row, *kept)]
    if taken:
        raise DataError(
            f"column '{column}' of '{table.path}' holds '{taken[0]}', which is the name of another "
            "column of the rows; rename one of them"
        )
    _check_size(table, len(row_names), len(column_names))
    first = np.unique(rows, return_index=True)[1]
    content = {row: table.content[row].take(first)}
    content |= {name: check_constant(table, name, rows, first, row) for name in kept if name != row}
    if sums:
        content |= _sums(table, value, rows, columns, column_names)
    else:
        if value is None:
            raise DataError(
                "lines of answers have a row, a column and a value; name all three with --long"
            )
        content |= _cells(table, value, (rows, row_names), (columns, column_names))
    import pyarrow as pa

    n_rows = len(row_names)
    nothing = np.zeros(n_rows) if sums else pa.nulls(n_rows, table.content[value].type)
    content |= {name: nothing for name in wanted if name not in content}
    return table_of(table.path, pa.table(content), spelled=table.spelled)


def sparse_counts(
    table: Table, row: str, column: str, value: str | None, *, kept: Sequence[str] = ()
) -> tuple[Draws, Table]:
    """Return counts by row and column, of which only those that are there are kept.

    Rows and columns are in the order in which they first come; lines of the same add up.

    Parameters
    ----------
    row, column, value : names of columns of the long table; without a value lines are counted
    kept : names of columns that say something of the whole row

    Returns
    -------
    draws, and a table with a row for each of theirs that has the columns kept

    Raises
    ------
    DataError
        If a column is not there, a line names no row or no column, a value is no number, or a kept
        column differs within a row.
    """
    import pyarrow as pa

    table.check_known([*(name for name in (row, column, value) if name is not None), *kept])
    (rows, row_names), (columns, column_names) = coded_cells(table, row), coded_cells(table, column)
    shape = (len(row_names), len(column_names))
    found = sparse.coo_array((_values(table, value), (rows, columns)), shape=shape).tocsr()
    first = np.unique(rows, return_index=True)[1]
    content = {row: table.content[row].take(first)}
    content |= {name: check_constant(table, name, rows, first, row) for name in kept}
    beside = table_of(table.path, pa.table(content), spelled=table.spelled)
    return Draws(found, tuple(column_names), tuple(row_names)), beside


def coded_cells(table: Table, name: str) -> tuple[Codes, list[Any]]:
    """Return the number (L,) of each line's value, by when it first came, and the values."""
    import pyarrow as pa

    cells = pa.array([None if cell is None else spelling(cell) for cell in table.categories(name)])
    if cells.null_count:
        line = int(np.flatnonzero(cells.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(
            f"column '{name}' of '{table.path}' is missing in row {line + 1}, which then says "
            "nothing of any row; leave that line out"
        )
    coded = cells.dictionary_encode()
    return coded.indices.to_numpy().astype(np.intp), coded.dictionary.to_pylist()


def _check_size(table: Table, n_rows: int, n_columns: int) -> None:
    if n_rows * n_columns > MOST_CELLS:
        raise DataError(
            f"'{table.path}' has {n_rows:,} rows of {n_columns:,} columns, too many cells to hold "
            "all of them; of counts mixtura fit --family multinomial keeps what is there only"
        )


def _values(table: Table, value: str | None) -> NDArray[np.float64]:
    return np.ones(table.n_rows) if value is None else table.numeric([value])[:, 0]


def _sums(
    table: Table, value: str | None, rows: Codes, columns: Codes, names: Sequence[str]
) -> dict[str, Any]:
    cells = np.zeros((int(rows.max()) + 1, len(names)))
    np.add.at(cells, (rows, columns), _values(table, value))
    return dict(zip(names, cells.T, strict=True))


def _cells(
    table: Table,
    value: str,
    rows: tuple[Codes, Sequence[str]],
    columns: tuple[Codes, Sequence[str]],
) -> "dict[str, pa.ChunkedArray]":
    import pyarrow as pa

    lines = np.full((len(rows[1]), len(columns[1])), -1, dtype=np.int64)
    places = rows[0] * len(columns[1]) + columns[0]
    found, first = np.unique(places, return_index=True)
    if len(found) < len(places):
        again = int(np.setdiff1d(np.arange(len(places)), first)[0])
        raise DataError(
            f"'{table.path}' has two values of '{columns[1][columns[0][again]]}' for "
            f"'{rows[1][rows[0][again]]}', the second in row {again + 1}; keep one of them"
        )
    lines.ravel()[places] = np.arange(len(places))
    content = table.content[value]
    return {
        name: content.take(pa.array(own, mask=own < 0))
        for name, own in zip(columns[1], lines.T, strict=True)
    }


def check_constant(
    table: Table, name: str, rows: Codes, first: Codes, row: str
) -> "pa.ChunkedArray":
    """Return what a column says of each row, once all its lines say the same.

    Parameters
    ----------
    rows : (L,) the number of each line's row
    first : of each row, its first line
    row : name of the column that tells rows apart
    """
    codes = np.array(
        [-1 if code is None else code for code in _dictionary(table.content[name])], dtype=np.intp
    )
    differs = codes != codes[first][rows]
    if differs.any():
        line = int(differs.argmax())
        raise DataError(
            f"column '{name}' of '{table.path}' is to be the same in all lines of one '{row}', and "
            f"differs within one in row {line + 1}; mend it, or leave it out"
        )
    return table.content[name].take(first)


def _dictionary(cells: "pa.ChunkedArray") -> list[int | None]:
    return cells.combine_chunks().dictionary_encode().indices.to_pylist()
