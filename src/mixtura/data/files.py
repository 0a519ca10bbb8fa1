"""Tables read from CSV, Parquet and Arrow files, and those of statistics packages."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixtura.data.damage import leave_out
from mixtura.data.delimited import read_delimited
from mixtura.data.packages import PACKAGES
from mixtura.data.partitions import Partitions, Values, in_file, with_values
from mixtura.data.paths import is_spelled, said_of_unknown
from mixtura.data.table import Table, checked_names, table_of
from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Table", "read_table", "read_tables"]


def read_table(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    *,
    text: Sequence[str] = (),
    least_rows: int = 1,
    skips: bool = False,
    beside: Values | None = None,
) -> Table:
    """Read a file of rows, its format told by its extension.

    CSV files (.csv, .tsv, .txt, each also with .gz) are UTF-8 with one header row; commas,
    semicolons or tabs between cells are told apart by the first lines. Blank lines are skipped.

    Parameters
    ----------
    path : a CSV, Parquet (.parquet, .pq) or Arrow (.arrow, .feather) file; by other libraries, one
        of SPSS (.sav, .zsav, .por), Stata (.dta), SAS (.sas7bdat, .xpt), R (.rds, .rda),
        cytometers (.fcs), astronomers (.fits), or a workbook with one sheet (.xlsx, .xls, .xlsb,
        .ods)
    columns : names of the columns to read, all when None
    text : names of columns whose cells stay text in a CSV file, though they may look like numbers
    least_rows : 0 where the file is one of several
    skips : whether row groups of Parquet that are damaged are left out, with a warning
    beside : what the file's folders say of all its rows; see `Partitions`

    Raises
    ------
    DataError
        When the file or a column is missing, damaged, empty or not what its extension says.
    """
    path = Path(path)
    reader = _reader(path)
    spelled = is_spelled(path)
    if reader is read_delimited:
        reader = partial(read_delimited, text=tuple(text))
    if reader is _read_parquet:
        reader = partial(_read_parquet, skips=skips)
    _check_file(path)
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DataError(
            f"reading '{path}' needs pyarrow; install it: pip install 'mixtura[arrow]'"
        ) from error
    try:
        content = reader(path, in_file(columns, beside or {}))
        # Offsets and texts in a file are believed until here; wrong ones would fail much later.
        content.validate(full=True)
        if beside:
            content = with_values(content, beside, columns)
        table = table_of(path, content, spelled=spelled)
    except DataError:
        raise
    except PermissionError as error:
        raise DataError(
            f"'{path}' cannot be read ({error.strerror}); check who may read it"
        ) from error
    except (pa.ArrowException, OSError, EOFError, ValueError, OverflowError, MemoryError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(
            f"'{path}' is damaged, cut short or not a {path.suffix} file ({reason}); "
            f"copy or export it again"
        ) from error
    if table.n_rows < least_rows:
        raise DataError(f"'{path}' has columns but no rows; give a file with at least one row")
    return table


def read_tables(
    paths: Sequence[Path],
    called: Path,
    columns: Sequence[str] | None = None,
    *,
    skips: bool = False,
) -> Table:
    """Read files of the same columns as one table, one file after the other.

    Parameters
    ----------
    called : what an error calls them all
    columns : names of the columns to read, all when None
    skips : as in `read_table`

    Raises
    ------
    DataError
        As `read_table`, or where a file has other columns than the first.
    """
    partitions = Partitions.of(paths)
    if len(paths) == 1:
        beside = partitions.beside(paths[0], columns)
        return read_table(paths[0], columns, skips=skips, beside=beside)
    import pyarrow as pa

    tables = [
        read_table(
            path, columns, least_rows=0, skips=skips, beside=partitions.beside(path, columns)
        )
        for path in paths
    ]
    first = tables[0]
    for table in tables[1:]:
        if set(table.names) != set(first.names):
            differing = sorted(set(table.names) ^ set(first.names))
            raise DataError(
                f"'{first.path}' and '{table.path}' have not the same columns: only one has "
                f"'{differing[0]}'; name the columns to fit with --columns, or leave the file out"
            )
    # Those without rows say nothing of what columns hold.
    filled = [table for table in tables if table.n_rows]
    if not filled:
        raise DataError(f"'{called}' have columns but no rows; give a file with at least one row")
    try:
        content = pa.concat_tables(
            [table.content.select(first.names) for table in filled], promote_options="permissive"
        )
    except pa.ArrowException as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"the files of '{called}' do not go together ({reason}); let each column hold one kind "
            "of cells in all"
        ) from error
    return table_of(called, content, spelled=any(table.spelled for table in filled))


def _reader(path: Path) -> "Callable[[Path, tuple[str, ...] | None], pa.Table]":
    readers = {
        ".csv": read_delimited,
        ".tsv": read_delimited,
        ".txt": read_delimited,
        ".csv.gz": read_delimited,
        ".tsv.gz": read_delimited,
        ".txt.gz": read_delimited,
        ".parquet": _read_parquet,
        ".pq": _read_parquet,
        ".arrow": _read_arrow,
        ".feather": _read_arrow,
        **PACKAGES,
    }
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    extension = "".join(suffixes) if suffixes[-1:] == [".gz"] else "".join(suffixes[-1:])
    if extension not in readers:
        raise DataError(said_of_unknown(path, readers))
    return readers[extension]


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"'{path}' is a folder; name one file inside it")
    if not path.exists():
        raise DataError(f"'{path}' does not exist; check the path and the current folder")
    if not path.is_file():
        raise DataError(f"'{path}' is not an ordinary file; copy its contents to a file first")
    if path.stat().st_size == 0:
        raise DataError(f"'{path}' is empty; export it again, with a header and rows")


def _read_parquet(
    path: Path, columns: tuple[str, ...] | None, *, skips: bool = False
) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        names = list(checked_names(path, file.schema_arrow.names, columns))
        try:
            return file.read(columns=names).select(names)
        except (OSError, ValueError):
            groups = _whole_groups(file, path, names, skips=skips)
            return (
                pa.concat_tables(groups).select(names)
                if groups
                else file.schema_arrow.empty_table()
            )


def _whole_groups(file: Any, path: Path, names: Sequence[str], *, skips: bool) -> "list[pa.Table]":
    """Return the row groups that can be read; raise for another, or say that it is left out."""
    found = []
    for group in range(file.num_row_groups):
        try:
            found.append(file.read_row_group(group, columns=list(names)))
        except (OSError, ValueError) as error:
            leave_out(file, path, group, names, error, skips=skips)
    return found


def _read_arrow(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    import pyarrow as pa

    with pa.OSFile(os.fspath(path)) as source:
        try:
            content = pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            content = pa.ipc.open_stream(source).read_all()
    return content.select(checked_names(path, content.column_names, columns))
