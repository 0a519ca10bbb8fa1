"""`mixtura sample MODEL`: rows drawn from a model file."""

from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.csv

from mixtura.cli.contradictions import check_target
from mixtura.cli.formulas import keep_formulas_option
from mixtura.cli.standard_output import binary_output
from mixtura.scoring.answers import said_labels
from mixtura.store import load_with_facts
from mixtura.text.digits import beside_spread
from mixtura.text.formulas import cells_written
from mixtura.writing import replacing

__all__ = ["sample"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "-n", "--rows", "n_rows", type=click.IntRange(1), required=True, help="How many rows to draw."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 2),
    default=0,
    show_default=True,
    help="Seed of the draws.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file to write; default standard output.",
)
@keep_formulas_option
def sample(model: Path, n_rows: int, seed: int, output: Path | None, keep_formulas: bool) -> None:
    """Draw rows from MODEL, as CSV with the component of each.

    Numbers have six digits of the spread of their column.
    """
    check_target(output, [model])
    mixture, _ = load_with_facts(model)
    rows, components = mixture.coded.sample(n_rows, seed)
    names = mixture.column_names
    label = "component" if "component" not in names else "mixture component"
    safe = cells_written(keep_formulas=keep_formulas)
    columns = [safe(_written(column)) for column in mixture.decode(rows)]
    names = safe(names)
    said = said_labels(mixture)[components]
    said = said if said.dtype.kind == "i" else pa.array(safe(said.tolist()))
    table = pa.table({**dict(zip(names, columns, strict=True)), label: said})
    if output is None:
        pyarrow.csv.write_csv(table, binary_output())
    else:
        with replacing(output) as temporary:
            pyarrow.csv.write_csv(table, temporary)


def _written(column: Any) -> Any:
    """Return a column that one type can hold: text where there are several; numbers for readers."""
    if isinstance(column, list) and len({type(value) for value in column}) > 1:
        return [str(value) for value in column]
    values = np.asarray(column)
    return beside_spread(values) if values.dtype.kind == "f" else column
