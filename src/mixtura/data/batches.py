"""Rows as they come: from files, folders, readers of Arrow batches, or what else yields some."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mixtura.data.clusters import partitions_of
from mixtura.data.damage import leave_out
from mixtura.data.delimited import layout_of
from mixtura.data.frames import is_frame
from mixtura.data.packages import PACKAGES
from mixtura.data.partitions import Partitions, Values, in_file, with_values
from mixtura.data.parts import Asked, Part, part_of
from mixtura.data.paths import files_of, format_of, is_spelled, said_of_unknown
from mixtura.data.plain import cluster_of
from mixtura.data.table import MISSING, checked_names, table_of
from mixtura.errors import DataError, ParameterError

__all__ = ["parts_of", "tables_of"]

# Rows that are read of a file at once.
BATCH_ROWS = 1 << 16
# What Arrow says of a cell that is not what its column began with.
OTHER_KIND = re.compile(
    r"CSV column #(\d+): Row #(\d+): CSV conversion error to (\w+)[^:]*: invalid value '(.*)'"
)
# Bytes of a text file that are read at once.
TEXT_BYTES = 1 << 22


def parts_of(source: Any, asked: Asked) -> Iterator[Part]:
    """Yield the rows of a source, once.

    Parameters
    ----------
    source : as `mixtura.dataset` takes it
    asked : which columns to read
    """
    files = files_of(source)
    if files is not None:
        partitions = Partitions.of(files)
        for file in files:
            yield from _parts_of_file(file, asked, partitions.beside(file, asked.names))
        return
    for number, part in enumerate(_some_of(source)):
        yield _part(part, asked, f"batch {number} (counted from 0)")


def _some_of(source: Any) -> Iterable[Any]:
    """Return parts of a source that is no file."""
    if cluster_of(source):
        return partitions_of(source)
    if hasattr(source, "to_batches") and not hasattr(source, "num_rows"):
        # A dataset of pyarrow, which reads files one after the other.
        return source.to_batches()
    if hasattr(source, "fetch_record_batch"):
        # A relation of DuckDB.
        return source.fetch_record_batch(BATCH_ROWS)
    if hasattr(source, "collect_batches"):
        # A lazy frame of polars.
        return source.collect_batches()
    if isinstance(source, np.ndarray) or is_frame(source) or _is_batch(source):
        return [source]
    if callable(source):
        source = source()
    if hasattr(source, "__iter__"):
        return source
    raise ParameterError(
        f"a dataset is made of files, folders, patterns, readers of Arrow batches or what yields "
        f"arrays or frames, not of {type(source).__name__}"
    )


def _part(part: Any, asked: Asked, place: str, file: Path | None = None) -> Part:
    return part_of(_table_of(part) if _is_batch(part) else part, asked, place, file)


def _is_batch(part: Any) -> bool:
    """Return whether it is a batch of Arrow's, which narwhals knows no frame of."""
    return type(part).__name__ == "RecordBatch"


def _table_of(batch: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch])


def _parts_of_file(file: Path, asked: Asked, beside: Values) -> Iterator[Part]:
    if format_of(file) == ".npy":
        yield from _parts_of_array(file, asked)
        return
    for place, part in tables_of(file, asked.names, asked.text, skips=asked.skips, beside=beside):
        yield _part(_cleaned(part, asked, place, file), asked, place, file)


def _cleaned(part: Any, asked: Asked, place: str, file: Path) -> Any:
    if not asked.cleaning:
        return part
    try:
        return asked.cleaning.of(table_of(file, part, spelled=is_spelled(file))).content
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


def tables_of(
    file: Path,
    columns: Sequence[str] | None,
    text: Sequence[str] = (),
    *,
    skips: bool = False,
    beside: Values | None = None,
) -> Iterator[tuple[str, Any]]:
    """Yield Arrow tables of some rows of a file, each after what an error calls its place.

    Parameters
    ----------
    file : Parquet, Arrow or CSV
    columns : names of those to read, all when None
    text : names of columns that stay text in a CSV file
    skips : whether row groups that are damaged are left out, with a warning
    beside : what the file's folders say of all its rows; see `Partitions`

    Raises
    ------
    DataError
        If the file is damaged, or its format is not known.
    """
    kind = format_of(file)
    if kind not in READERS:
        raise DataError(said_of_unknown(file, READERS))
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DataError(
            f"reading '{file}' needs pyarrow; install it: pip install 'mixtura[arrow]'"
        ) from error
    place = f"'{file}'"
    reader = partial(_parquet, skips=True) if skips and READERS[kind] is _parquet else READERS[kind]
    try:
        for place, part in reader(file, in_file(columns, beside or {}), text):
            table = _table_of(part) if isinstance(part, pa.RecordBatch) else part
            yield place, with_values(table, beside, columns) if beside else table
    except (DataError, ParameterError):
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, MemoryError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(
            f"{place} is damaged, cut short or not a {kind} file ({reason}); copy or export it "
            "again"
        ) from error


def _parquet(
    file: Path, columns: Sequence[str] | None, _: Sequence[str], *, skips: bool = False
) -> Iterator[tuple[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, page_checksum_verification=True) as source:
        asked = None if columns is None else tuple(columns)
        wanted = list(checked_names(file, source.schema_arrow.names, asked))
        for group in range(source.num_row_groups):
            place = f"'{file}', row group {group}"
            parts = source.iter_batches(BATCH_ROWS, row_groups=[group], columns=wanted)
            start = 0
            try:
                # What is damaged at its end is left out whole.
                for part in list(parts) if skips else parts:
                    yield f"{place}, from its row {start} (counted from 0) on", part
                    start += part.num_rows
            except (OSError, ValueError) as error:
                leave_out(source, file, group, wanted, error, skips=skips)


def _arrow(
    file: Path, columns: Sequence[str] | None, _: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa

    with pa.memory_map(os.fspath(file)) as source:
        try:
            reader = pa.ipc.open_file(source)
            parts = (reader.get_batch(i) for i in range(reader.num_record_batches))
        except pa.ArrowInvalid:
            source.seek(0)
            parts = iter(pa.ipc.open_stream(source))
        for number, part in enumerate(parts):
            part.validate(full=True)
            names = checked_names(
                file, part.schema.names, None if columns is None else tuple(columns)
            )
            yield f"'{file}', batch {number}", part.select(list(names))


def _csv(
    file: Path, columns: Sequence[str] | None, text: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa
    from pyarrow import csv

    layout = layout_of(file)
    names = checked_names(file, layout.header, None if columns is None else tuple(columns))

    def opened(types: dict[str, Any]) -> Any:
        return csv.open_csv(
            file,
            # One thread counts the rows, which an error is to name.
            read_options=csv.ReadOptions(use_threads=False, block_size=TEXT_BYTES),
            parse_options=csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                include_columns=names,
                null_values=MISSING,
                decimal_point=layout.decimal,
                column_types=types,
            ),
        )

    given = {name: pa.string() for name in text if name in names}
    with opened(given) as reader:
        # A column of whole numbers at first, or of none, may go on otherwise.
        kinds = {field.name: field.type for field in reader.schema}
    numbers = given | {
        name: pa.float64()
        for name, kind in kinds.items()
        if pa.types.is_integer(kind) or pa.types.is_null(kind)
    }
    start = 0
    try:
        with opened(numbers) as reader:
            for part in reader:
                yield f"'{file}', from its row {start} (counted from 0) on", part
                start += part.num_rows
    except pa.ArrowInvalid as error:
        found = OTHER_KIND.search(str(error))
        if found is None:
            raise
        kind = (
            "truth values" if found[3] == "bool" else "dates" if "date" in found[3] else "numbers"
        )
        raise DataError(
            f"column '{layout.header[int(found[1])]}' of '{file}' holds {found[4]!r} in row "
            f"{int(found[2]) - 1} (counted from 1), and {kind} before it; mend the cell, or leave "
            "the column out"
        ) from error


def _parts_of_array(file: Path, asked: Asked) -> Iterator[Part]:
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DataError(f"'{file}' cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        # NumPy's own words advise to run what a stranger's file says.
        raise DataError(
            f"'{file}' is no whole .npy file of numbers; write it anew with numpy.save"
        ) from error
    if array.ndim != 2:
        raise DataError(f"'{file}' is no table of rows and columns: its shape is {array.shape}")
    for start in range(0, len(array), BATCH_ROWS):
        yield _part(
            np.array(array[start : start + BATCH_ROWS]),
            asked,
            f"'{file}', from its row {start} (counted from 0) on",
        )


def _whole(
    file: Path, columns: Sequence[str] | None, _: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yield a file at once that other libraries read."""
    yield (
        f"'{file}'",
        PACKAGES[format_of(file) or ""](file, None if columns is None else tuple(columns)),
    )


Reader: TypeAlias = Callable[[Path, Sequence[str] | None, Sequence[str]], Iterator[tuple[str, Any]]]
READERS: dict[str, Reader] = {
    ".parquet": _parquet,
    ".pq": _parquet,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".csv": _csv,
    ".csv.gz": _csv,
    ".tsv": _csv,
    ".tsv.gz": _csv,
    **dict.fromkeys(PACKAGES, _whole),
}
