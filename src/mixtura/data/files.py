"""Tables read from CSV, Parquet and Arrow files."""

import csv
import gzip
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixtura.data.table import MISSING, Table, check_known, table_of
from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Table", "read_table"]

DELIMITERS = ",;\t"
SNIFFED_CHARACTERS = 65536
SNIFFED_LINES = 20


def read_table(path: str | os.PathLike[str], columns: Sequence[str] | None = None) -> Table:
    """Read a file of rows, its format told by its extension.

    CSV files (.csv, .tsv, .txt, each also with .gz) are UTF-8 with one header row; commas,
    semicolons or tabs between cells are told apart by the first lines. Blank lines are skipped.

    Parameters
    ----------
    path : a CSV, Parquet (.parquet, .pq) or Arrow (.arrow, .feather) file
    columns : names of the columns to read, all when None

    Raises
    ------
    DataError
        When the file or a column is missing, damaged, empty or not what its extension says.
    """
    path = Path(path)
    reader = _reader(path)
    _check_file(path)
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DataError(
            f"reading '{path}' needs pyarrow; install it: pip install 'mixtura[arrow]'"
        ) from error
    try:
        content = reader(path, None if columns is None else tuple(columns))
    except DataError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, OverflowError, MemoryError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(
            f"'{path}' is damaged, cut short or not a {path.suffix} file ({reason}); "
            f"copy or export it again"
        ) from error
    if content.num_rows == 0:
        raise DataError(f"'{path}' has columns but no rows; give a file with at least one row")
    return table_of(path, content)


def _reader(path: Path) -> "Callable[[Path, tuple[str, ...] | None], pa.Table]":
    readers = {
        ".csv": _read_delimited,
        ".tsv": _read_delimited,
        ".txt": _read_delimited,
        ".csv.gz": _read_delimited,
        ".tsv.gz": _read_delimited,
        ".txt.gz": _read_delimited,
        ".parquet": _read_parquet,
        ".pq": _read_parquet,
        ".arrow": _read_arrow,
        ".feather": _read_arrow,
    }
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    extension = "".join(suffixes) if suffixes[-1:] == [".gz"] else "".join(suffixes[-1:])
    if extension not in readers:
        raise DataError(
            f"'{path}' has an extension that is not known; rename it or convert it to one of "
            f"{', '.join(readers)}"
        )
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


def _read_parquet(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = _checked(path, file.schema_arrow.names, columns)
        return file.read(columns=list(names)).select(names)


def _read_arrow(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    import pyarrow as pa

    with pa.OSFile(os.fspath(path)) as source:
        try:
            content = pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            content = pa.ipc.open_stream(source).read_all()
    # Offsets in the file are believed until here, and a wrong one would read foreign memory.
    content.validate(full=True)
    return content.select(_checked(path, content.column_names, columns))


def _read_delimited(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.csv as pacsv

    delimiter, header = _header(path)
    names = _checked(path, header, columns)
    faults: list[Any] = []

    def read(use_threads: bool) -> pa.Table:
        return pacsv.read_csv(
            path,
            pacsv.ReadOptions(use_threads=use_threads, block_size=2**22),
            pacsv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                invalid_row_handler=lambda row: faults.append(row) or "error",
            ),
            pacsv.ConvertOptions(include_columns=names, null_values=MISSING),
        )

    try:
        content = read(use_threads=True)
    except pa.ArrowInvalid as error:
        if not faults:
            raise
        # Only one thread counts the rows.
        faults.clear()
        try:
            read(use_threads=False)
        except pa.ArrowInvalid:
            raise _ragged(path, faults[0], delimiter) from error
        raise
    for column in content.schema:
        if pa.types.is_binary(column.type):
            raise DataError(f"column '{column.name}' of '{path}' {NOT_UTF8}")
    return content


NOT_UTF8 = "is not UTF-8 text; save the file again as CSV in UTF-8"


def _ragged(path: Path, row: Any, delimiter: str) -> DataError:
    # The header counts as the first row there.
    return DataError(
        f"row {row.number - 1} of '{path}' has {row.actual_columns} fields, and its header has "
        f"{row.expected_columns}; mend the row, name every column in the header, or put quotes "
        f"around text and numbers that contain {delimiter!r}"
    )


def _header(path: Path) -> tuple[str, list[str]]:
    """Return the delimiter and the column names of a text file."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.read(SNIFFED_CHARACTERS))
            file.seek(0)
            records = csv.reader(file, delimiter=delimiter)
            header = next((record for record in records if record), None)
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' {NOT_UTF8}") from error
    except csv.Error as error:
        raise DataError(
            f"the header of '{path}' cannot be read ({error}); give the columns' names in its "
            f"first line"
        ) from error
    if header is None:
        raise DataError(f"'{path}' is empty; export it again, with a header and rows")
    return delimiter, header


def _delimiter(start: str) -> str:
    """Return the delimiter that splits the first lines most evenly, the comma when none does."""
    lines = [line for line in re.sub(r'"[^"]*"', "", start).splitlines() if line][:SNIFFED_LINES]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        return (sum(count == counts[0] for count in counts) if any(counts[:1]) else 0, sum(counts))

    return max(DELIMITERS, key=evenness)


def _checked(path: Path, names: Sequence[str], columns: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names to read, once each is known and none is twice in the file."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"'{path}' has more than one column named '{twice[0]}'; rename one of them")
    if columns is None:
        return tuple(names)
    check_known(path, names, columns)
    return tuple(dict.fromkeys(columns))
