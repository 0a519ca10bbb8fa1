"""Which columns of a file are fitted."""

from collections.abc import Sequence
from itertools import islice

import click

from mixtura.data.files import Table
from mixtura.errors import DataError

__all__ = ["chosen_columns", "split_names"]

# A text column in which this share of cells are numbers is a damaged numeric one.
MOSTLY_NUMBERS = 0.5
LOOKED_AT = 1000


def split_names(text: str | None) -> list[str]:
    """Return names separated by commas."""
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


def chosen_columns(table: Table, wanted: Sequence[str], left_out: Sequence[str]) -> list[str]:
    """Return the columns to fit: those wanted, or all that hold numbers.

    Parameters
    ----------
    table : the file
    wanted : names given by the user, maybe none
    left_out : columns with another job (row weights, identifiers)

    Raises
    ------
    DataError
        If no column holds numbers, or one that should does not.
    """
    if wanted:
        return list(wanted)
    numeric, other = [], []
    for name in table.names:
        if name in left_out:
            continue
        if table.kinds[name] in ("number", "boolean"):
            numeric.append(name)
        elif table.kinds[name] == "text" and _mostly_numbers(table, name):
            # Reading it names the first cell that is not a number.
            table.numeric([name])
            numeric.append(name)
        else:
            other.append(name)
    if not numeric:
        raise DataError(f"'{table.path}' has no column of numbers; name some with --columns")
    if other:
        listed = ", ".join(f"'{name}'" for name in other)
        click.echo(f"columns left out, as they hold no numbers: {listed}", err=True)
    return numeric


def _mostly_numbers(table: Table, name: str) -> bool:
    cells = [cell for cell in islice(table.column(name), LOOKED_AT) if cell is not None]
    return sum(map(_is_number, cells)) > MOSTLY_NUMBERS * max(len(cells), 1)


def _is_number(cell: object) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True
