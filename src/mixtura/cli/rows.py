"""Tables of the files that a command is given."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.codes import without_codes
from mixtura.data.batches import tables_of
from mixtura.data.checks import row_weights
from mixtura.data.files import Table, read_table, read_tables
from mixtura.data.partitions import Partitions
from mixtura.data.paths import bytes_in_memory, files_of, is_spelled
from mixtura.data.table import table_of
from mixtura.errors import DataError
from mixtura.text import split_names

__all__ = ["read_without", "tables_within", "weights_of"]


def read_without(
    files: Sequence[str], called: Path, missing: str | None, kept: Sequence[str | None]
) -> Table:
    """Return files as one table, in which codes of missing cells are missing.

    Parameters
    ----------
    files : as they were given
    called : what they are called together
    missing : the codes, separated by commas
    kept : names of columns in which they are none
    """
    table = read_tables(files_of(list(files)) or [], called)
    return without_codes(table, split_names(missing), [one for one in kept if one is not None])


def weights_of(table: Table, column: str | None) -> NDArray[np.float64] | None:
    """Return the row weights (N,) that a column holds, or None where none is named."""
    if column is None:
        return None
    return row_weights(table.numeric([column], "error")[:, 0], table.n_rows)


def tables_within(
    files: Sequence[Path], text: Sequence[str], most: int, asked: Sequence[str] = ()
) -> Iterator[Table]:
    """Yield files as tables: each whole, or part by part where one is more than memory may hold.

    One of several may be without rows, and is left out.

    Parameters
    ----------
    text : names of columns whose cells stay text in a CSV file
    most : bytes that rows may take
    asked : names of columns that are wanted where they stand in the names of folders

    Raises
    ------
    DataError
        If none of them has rows.
    """
    is_empty, partitions = True, Partitions.of(files)
    for file in files:
        beside = partitions.beside(file, asked)
        if bytes_in_memory([file]) <= most:
            table = read_table(file, text=text, least_rows=len(files) == 1, beside=beside)
            if table.n_rows:
                is_empty = False
                yield table
            continue
        for _, part in tables_of(file, None, text, beside=beside):
            is_empty = False
            yield table_of(file, part, spelled=is_spelled(file))
    if is_empty:
        raise DataError("none of the files holds rows; give one that does")
