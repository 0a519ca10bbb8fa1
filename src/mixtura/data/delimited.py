"""Text files of cells between commas, semicolons or tabs."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mixtura.data.table import MISSING, checked_names
from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Layout", "layout_of", "read_delimited"]

DELIMITERS = ",;\t"
SNIFFED_CHARACTERS = 65536
SNIFFED_LINES = 20
# A row must fit into a block.
BLOCK_BYTES = 2**22
# What Arrow says of one that does not.
OF_BLOCKS = ("straddling object", "Empty CSV file or block")
# Whole part, sign and digits behind it of a number with decimals.
DECIMALS = re.compile(r"\s*[-+]?(\d*)([.,])(\d+)(?:[eE][-+]?\d+)?\s*")
# Digits between signs that only make a number readable.
THOUSANDS = 3
NOT_UTF8 = "is not UTF-8 text; save the file again as CSV in UTF-8"


def read_delimited(
    path: Path, columns: tuple[str, ...] | None, text: tuple[str, ...] = ()
) -> "pa.Table":
    """Return the columns asked for, all when None, of a UTF-8 file with one header row.

    Types are told from what the cells look like, but for columns that are to stay text.
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    layout = layout_of(path)
    names = checked_names(path, layout.header, columns)
    faults: list[Any] = []

    def note(row: Any) -> str:
        faults.append(row)
        return "error"

    def read(use_threads: bool) -> pa.Table:
        reading = pacsv.ReadOptions(use_threads=use_threads, block_size=BLOCK_BYTES)
        parsing = pacsv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=note
        )
        converting = pacsv.ConvertOptions(
            include_columns=names,
            null_values=MISSING,
            decimal_point=layout.decimal,
            column_types={name: pa.string() for name in text if name in names},
        )
        with pa.input_stream(path, compression="gzip" if _is_gzip(path) else None) as stream:
            return pacsv.read_csv(stream, reading, parsing, converting)

    try:
        content = read(use_threads=True)
    except pa.ArrowInvalid as error:
        if not faults:
            _check_quotes(path, layout.delimiter)
            if any(words in str(error) for words in OF_BLOCKS):
                raise DataError(
                    f"{_longest(path)} of '{path}' has more than {BLOCK_BYTES:,} bytes; shorten "
                    "its cells, or save the file as Parquet"
                ) from error
            raise
        # Only one thread counts the rows.
        faults.clear()
        try:
            read(use_threads=False)
        except pa.ArrowInvalid:
            raise _ragged(path, faults[0], layout.delimiter) from error
        raise
    for column in content.schema:
        if pa.types.is_binary(column.type):
            raise DataError(f"column '{column.name}' of '{path}' {NOT_UTF8}")
    _check_quotes(path, layout.delimiter)
    return content


def _ragged(path: Path, row: Any, delimiter: str) -> DataError:
    # The header counts as the first row there.
    return DataError(
        f"row {row.number - 1} of '{path}' has {row.actual_columns} fields, and its header has "
        f"{row.expected_columns}; mend the row, name every column in the header, or put quotes "
        f"around text and numbers that contain {delimiter!r}"
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is written.

    Attributes
    ----------
    delimiter : between cells
    decimal : point or comma
    header : the columns' names
    """

    delimiter: str
    decimal: str
    header: list[str]


def layout_of(path: Path) -> Layout:
    """Return how a text file is written, as its first lines tell."""
    try:
        with _opened(path) as file:
            start = file.read(SNIFFED_CHARACTERS)
            delimiter = _delimiter(start)
            file.seek(0)
            records = csv.reader(file, delimiter=delimiter)
            header = next((record for record in records if record), None)
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' {NOT_UTF8}") from error
    except (csv.Error, zlib.error) as error:
        raise DataError(
            f"the header of '{path}' cannot be read ({error}); give the columns' names in its "
            f"first line"
        ) from error
    if header is None:
        raise DataError(f"'{path}' is empty; export it again, with a header and rows")
    return Layout(delimiter, _decimal(start, delimiter), header)


def _check_quotes(path: Path, delimiter: str) -> None:
    """Raise when a quote opens a cell and the file ends before another closes it.

    The rest of the file would pass for that one cell. As quotes come in pairs otherwise, or stand
    alone in the middle of a cell, only a file with an odd number of them is looked through.
    """
    with gzip.GzipFile(path) if _is_gzip(path) else path.open("rb") as raw:
        quotes = sum(part.count(b'"') for part in iter(lambda: raw.read(BLOCK_BYTES), b""))
    if quotes % 2 == 0:
        return
    row = 0
    with _opened(path) as file:
        try:
            for record in csv.reader(file, delimiter=delimiter, strict=True):
                row += bool(record)
        except csv.Error as error:
            if "end of data" in str(error) or "field limit" in str(error):
                raise DataError(
                    f"row {row} of '{path}' opens a quote that is never closed; close it, or "
                    f"write two quotes where one is meant"
                ) from error


def _longest(path: Path) -> str:
    """Return which row is the first that no block holds, in words."""
    row, size, is_quoted = 0, 0, False
    with _opened(path) as file:
        for line in file:
            size += len(line.encode())
            is_quoted ^= line.count('"') % 2 == 1
            if size > BLOCK_BYTES:
                break
            if not is_quoted:
                row, size = row + bool(line.strip()), 0
    return f"row {row}" if row else "the header"


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    opened = gzip.open if _is_gzip(path) else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        yield file


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _delimiter(start: str) -> str:
    """Return the delimiter that splits the first lines most evenly, the comma when none does."""
    lines = [line for line in re.sub(r'"[^"]*"', "", start).splitlines() if line][:SNIFFED_LINES]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        return (sum(count == counts[0] for count in counts) if any(counts[:1]) else 0, sum(counts))

    return max(DELIMITERS, key=evenness)


def _decimal(start: str, delimiter: str) -> str:
    """Return the sign before decimals: a comma where no cell of the first lines has a point.

    Three digits behind it may be thousands as well, and say nothing, unless a zero is in front.
    """
    found = set()
    # Where there is more, the last line is cut off.
    whole = None if len(start) < SNIFFED_CHARACTERS else -1
    with suppress(csv.Error):
        for record in csv.reader(start.splitlines()[1:whole], delimiter=delimiter):
            for cell in record:
                number = DECIMALS.fullmatch(cell)
                if number and (number[1] == "0" or len(number[3]) != THOUSANDS):
                    found.add(number[2])
    return "," if found == {","} else "."
