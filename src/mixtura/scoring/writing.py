"""Tables that are written as they come: to Parquet, or to CSV for readers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mixtura.errors import DataError
from mixtura.writing import replacing

__all__ = ["PARQUET", "Part", "in_form", "write_parts"]

PARQUET = (".parquet", ".pq")


class Part(Protocol):
    """Some rows of a table, as Parquet has them and as readers do."""

    def table(self) -> pa.Table:
        """Return it to the last digit."""
        ...

    def for_readers(self) -> "Part":
        """Return the same with the digits that a CSV file has."""
        ...


def write_parts(parts: Iterable[Part], target: Path | BinaryIO) -> None:
    """Write a table part by part: to a CSV or Parquet file, by its name, or as CSV to a stream.

    A file appears whole or not at all.

    Raises
    ------
    DataError
        If a column of a Parquet file holds one kind in the first rows and another in others.
    """
    if not isinstance(target, Path):
        _write_tables((part.for_readers().table() for part in parts), target, _csv)
        return
    with replacing(target) as temporary:
        if target.suffix.lower() in PARQUET:
            _write_tables((part.table() for part in parts), temporary, _parquet)
        else:
            _write_tables((part.for_readers().table() for part in parts), temporary, _csv)


def _csv(sink: Any, form: pa.Schema) -> Any:
    return pyarrow.csv.CSVWriter(sink, form)


def _parquet(sink: Any, form: pa.Schema) -> Any:
    """Return what writes Parquet; numbers that hardly repeat take a third of the time as such."""
    repeated: Any = [each.name for each in form if not pa.types.is_floating(each.type)]
    return pq.ParquetWriter(sink, form, use_dictionary=repeated)


def _write_tables(tables: Iterable[pa.Table], sink: Any, make: Any) -> None:
    writer: Any = None
    try:
        for table in tables:
            writer = writer or make(sink, table.schema)
            kept = isinstance(writer, pq.ParquetWriter)
            writer.write_table(in_form(table, writer.schema) if kept else table)
    finally:
        if writer is not None:
            writer.close()


def in_form(table: pa.Table, form: pa.Schema) -> pa.Table:
    """Return a table as a part of one whose columns have some types.

    Raises
    ------
    DataError
        If a column holds another kind.
    """
    if table.schema == form:
        return table
    for own, other in zip(table.schema, form, strict=True):
        both = (own.type, other.type)
        if not pa.types.is_null(own.type) and not (own.type == other.type or _are_texts(*both)):
            raise DataError(
                f"column '{own.name}' holds {other.type} in the first rows and {own.type} in "
                "others, which a Parquet file does not take; let identifiers be a column of one "
                "kind, or write a CSV file"
            )
    return table.cast(form)


def _are_texts(*types: pa.DataType) -> bool:
    """Return whether all are text, however long it may be."""
    return all(pa.types.is_string(each) or pa.types.is_large_string(each) for each in types)
