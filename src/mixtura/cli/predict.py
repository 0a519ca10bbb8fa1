"""`mixtura predict MODEL FILE`: the component of each row of another file."""

from pathlib import Path

import click

from mixtura.cli.advice import in_words_of_the_command
from mixtura.cli.assignments import assignments_of
from mixtura.cli.rows import rows_of, text_columns
from mixtura.cli.voice import binary_output, keep_formulas_option, say
from mixtura.data.files import read_table
from mixtura.data.gaps import gap_words, has_gaps
from mixtura.store import load_with_facts

__all__ = ["predict"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file to write; default standard output.",
)
@click.option("--id", "id_column", help="Column that identifies a row.")
@click.option(
    "--unknown",
    type=click.Choice(["error", "ignore"]),
    default="error",
    show_default=True,
    help="What a category that the fit did not see is: an error, or a missing cell.",
)
@keep_formulas_option
def predict(
    model: Path,
    file: Path,
    output: Path | None,
    id_column: str | None,
    unknown: str,
    keep_formulas: bool,
) -> None:
    """Say for each row of FILE which component of MODEL it belongs to, as CSV."""
    mixture, _ = load_with_facts(model)
    table = read_table(file, text=text_columns(mixture))
    identifiers = None if id_column is None else table.column(id_column)
    with in_words_of_the_command(file):
        rows = rows_of(mixture, table, ignore=unknown == "ignore")
    if has_gaps(rows):
        say(gap_words(rows), err=True)
    assignments = assignments_of(mixture, rows, identifiers, id_column, keep_formulas)
    if output is None:
        assignments.write_to(binary_output())
    else:
        assignments.write(output)
