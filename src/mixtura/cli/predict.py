"""`mixtura predict MODEL FILE`: the component of each row of another file."""

import sys
from pathlib import Path

import click

from mixtura.cli.assignments import assignments_of
from mixtura.data.files import read_table
from mixtura.errors import DataError
from mixtura.mixture import Mixture
from mixtura.store import load

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
def predict(model: Path, file: Path, output: Path | None, id_column: str | None) -> None:
    """Say for each row of FILE which component of MODEL it belongs to, as CSV."""
    mixture = load(model)
    table = read_table(file)
    names = _columns(mixture, table.names, file)
    identifiers = None if id_column is None else table.column(id_column)
    assignments = assignments_of(mixture, table.numeric(names), identifiers, id_column)
    if output is None:
        assignments.write_to(sys.stdout.buffer)
    else:
        assignments.write(output)


def _columns(mixture: Mixture, names: tuple[str, ...], file: Path) -> tuple[str, ...]:
    """Return the columns that the model was fitted on, found by name whatever their order."""
    if mixture.columns is None:
        if len(names) != mixture.n_columns:
            raise DataError(
                f"'{file}' has {len(names)} columns, and the model, which has no column names, "
                f"was fitted on {mixture.n_columns}"
            )
        return names
    missing = [name for name in mixture.columns if name not in names]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise DataError(f"'{file}' lacks {listed}, on which the model was fitted")
    return mixture.columns
