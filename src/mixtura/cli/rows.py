"""The rows that a mixture reads, from the columns of a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixtura.cli.codes import without_codes
from mixtura.data.batches import tables_of
from mixtura.data.checks import row_weights
from mixtura.data.encoding import encoded
from mixtura.data.files import Table, read_table, read_tables
from mixtura.data.logarithms import with_those_wanted
from mixtura.data.partitions import Partitions
from mixtura.data.paths import bytes_in_memory, files_of, is_spelled
from mixtura.data.table import table_of
from mixtura.errors import DataError
from mixtura.kinds import ColumnKind
from mixtura.mixture import Mixture
from mixtura.text import quoted_names, split_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["frame_of", "read_without", "rows_of", "tables_within", "text_columns", "weights_of"]


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


def text_columns(mixture: Mixture) -> list[str]:
    """Return the names of the columns whose categories are all text, numbers though they spell."""
    return [
        name
        for name, kind in zip(mixture.columns or (), mixture.kinds, strict=False)
        if kind.labels and all(isinstance(label, str) for label in kind.labels)
    ]


def rows_of(mixture: Mixture, table: Table, *, ignore: bool = False) -> NDArray[Any]:
    """Return the rows (N, D) of a file, its columns found by name whatever their order.

    A missing number is NaN, and left out of its row's density. A column "log(x)" that is not there
    is the logarithm of x.

    Parameters
    ----------
    ignore : count a category that the fit did not see as missing

    Raises
    ------
    DataError
        Naming a column that is missing, or the first cell that cannot be used.
    """
    table = with_those_wanted(table, mixture.columns or ())
    names = _columns(mixture, table)
    cells = [_cells(table, *one) for one in zip(names, mixture.kinds, strict=True)]
    return encoded(cells, mixture.kinds, names, ignore=ignore, gaps=True)


def weights_of(table: Table, column: str | None) -> NDArray[np.float64] | None:
    """Return the row weights (N,) that a column holds, or None where none is named."""
    if column is None:
        return None
    return row_weights(table.numeric([column], "error")[:, 0], table.n_rows)


def frame_of(mixture: Mixture, table: Table) -> "pa.Table":
    """Return the columns of a file that a mixture reads, as a frame that it reads by itself."""
    import pyarrow as pa

    table = with_those_wanted(table, mixture.columns or ())
    names = _columns(mixture, table)
    cells = [_cells(table, *one) for one in zip(names, mixture.kinds, strict=True)]
    return pa.table(dict(zip(names, cells, strict=True)))


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


def _cells(table: Table, name: str, kind: ColumnKind) -> Any:
    if kind.name == "category":
        return table.categories(name, kind.labels)
    return table.numeric([name], "nan" if kind.may_be_missing else "error")[:, 0]


def _columns(mixture: Mixture, table: Table) -> Sequence[str]:
    if mixture.columns is None:
        if len(table.names) != mixture.n_columns:
            raise DataError(
                f"'{table.path}' has {len(table.names)} columns, and the model, which has no "
                f"column names, was fitted on {mixture.n_columns}"
            )
        return table.names
    missing = [name for name in mixture.columns if name not in table.kinds]
    if missing:
        names = quoted_names(missing)
        raise DataError(
            f"'{table.path}' lacks {names}, on which the model was fitted; add what it lacks, or "
            "fit a model by --columns without it"
        )
    return mixture.columns
