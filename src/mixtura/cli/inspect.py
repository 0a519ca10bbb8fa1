"""`mixtura inspect FILES`: what the columns are, and what a fit does with each."""

import json

import click

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.codes import without_codes
from mixtura.cli.contradictions import check_excluded
from mixtura.cli.options import exclude_option, memory_option, missing_option
from mixtura.cli.standard_input import spooled_input
from mixtura.cli.voice import say
from mixtura.data.batches import tables_of
from mixtura.data.files import Table, read_tables
from mixtura.data.memory import bytes_of
from mixtura.data.partitions import Partitions
from mixtura.data.paths import bytes_in_memory, called_together, files_of, is_spelled
from mixtura.data.table import table_of
from mixtura.errors import DataError
from mixtura.inspection import cells_of_table, inspected
from mixtura.text import split_names

__all__ = ["inspect"]


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--columns", help="Columns to fit whatever they are, separated by commas; default all."
)
@exclude_option
@missing_option
@memory_option("Of more the first are looked at.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def inspect(
    files: tuple[str, ...],
    columns: str | None,
    exclude: str | None,
    missing: str | None,
    memory: int | None,
    as_json: bool,
) -> None:
    """Say what each column of FILES is, and what mixtura fit does with it and why.

    A fit leaves out what says nothing of a row: dates, years, identifiers, row numbers, columns of
    one value, and such as copy or sum others. --columns takes them all the same.
    """
    wanted, excluded = split_names(columns), split_names(exclude)
    check_excluded(wanted, excluded)
    with (
        spooled_input(files, None) as given,
        in_words_of_the_command(called_together(given)),
    ):
        table = without_codes(_read(given, bytes_of(memory)), split_names(missing))
        table.check_known(excluded)
        names = wanted or [name for name in table.names if name not in excluded]
        found = inspected(cells_of_table(table, names), asked=bool(wanted))
    if as_json:
        say(json.dumps({"rows": found.n_rows, "columns": found.table()}, indent=2))
    else:
        say(f"{found.n_rows:,} rows\n\n{found.summary()}")


def _read(names: tuple[str, ...], most: int) -> Table:
    """Return files as one table, or the first rows of what is more than memory may hold."""
    files = files_of(list(names)) or []
    if bytes_in_memory(files) <= most:
        return read_tables(files, called_together(names))
    partitions = Partitions.of(files)
    parts = (
        (file, part)
        for file in files
        for _, part in tables_of(file, None, beside=partitions.beside(file, None))
    )
    for file, part in parts:
        if part.num_rows:
            say(f"these are the first {part.num_rows:,} rows, as all are too many", err=True)
            return table_of(file, part, spelled=is_spelled(file))
    raise DataError("there are no rows; give at least one file that has some")
