"""Which columns of a file are fitted, and the frames that are made of them."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from mixtura.cli.voice import say
from mixtura.components.catalogue import ROWS
from mixtura.data.files import Table
from mixtura.errors import DataError
from mixtura.text import quoted_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "category_frame",
    "mixed_frame",
    "mostly_numbers",
    "number_columns",
    "number_frame",
    "related_frame",
    "say_columns",
    "split_names",
]

# A text column in which this share of cells are numbers is a damaged numeric one.
MOSTLY_NUMBERS = 0.5
LOOKED_AT = 1000


def split_names(text: str | None) -> list[str]:
    """Return names separated by commas."""
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


def number_columns(table: Table, wanted: Sequence[str], left_out: Sequence[str]) -> list[str]:
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
        elif table.kinds[name] == "text" and mostly_numbers(table, name):
            # Reading it names the first cell that is not a number.
            table.numeric([name], "nan")
            numeric.append(name)
        else:
            other.append(name)
    if not numeric:
        raise DataError(
            f"'{table.path}' has no column of numbers; --family auto or categorical takes text, or "
            "name some columns with --columns"
        )
    say_columns(other, "they hold no numbers")
    return numeric


def number_frame(
    table: Table, names: Sequence[str], missing: Literal["error", "nan"] = "error"
) -> "pa.Table":
    """Return columns of numbers as a frame, so that their names go along."""
    import pyarrow as pa

    rows = table.numeric(names, missing)
    return pa.table(dict(zip(names, rows.T, strict=True)))


def category_frame(table: Table, names: Sequence[str]) -> "pa.Table":
    """Return columns of categories as a frame."""
    import pyarrow as pa

    return pa.table({name: table.categories(name) for name in names})


def mixed_frame(table: Table, blocks: Mapping[str, Sequence[str]]) -> "pa.Table":
    """Return columns of several kinds as a frame; "categorical" ones are categories."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for kind, names in blocks.items():
        if kind == "categorical":
            frame = category_frame(table, names)
        else:
            frame = number_frame(table, names, "nan" if ROWS[kind].gaps != "never" else "error")
        columns |= dict(zip(names, frame.columns, strict=True))
    return pa.table(columns)


def related_frame(table: Table, names: Sequence[str]) -> "pa.Table":
    """Return covariates or outcomes as a frame: numbers with gaps, or categories by labels."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name in names:
        # A name that is not there is said to be so.
        cells = table.categories(name)
        # Where all values have labels, these are what they are.
        labelled = table.kinds[name] == "number" and any(isinstance(cell, str) for cell in cells)
        numeric = table.kinds[name] in ("number", "date") and not labelled
        if numeric or (table.kinds[name] == "text" and mostly_numbers(table, name)):
            cells = table.numeric([name], "nan")[:, 0]
        columns[name] = cells
    return pa.table(columns)


def mostly_numbers(table: Table, name: str) -> bool:
    """Return whether a column of text holds so many numbers that it was meant to hold no text."""
    cells = [cell for cell in islice(table.column(name), LOOKED_AT) if cell is not None]
    return sum(map(_is_number, cells)) > MOSTLY_NUMBERS * max(len(cells), 1)


def say_columns(names: Sequence[str], reason: str) -> None:
    """Say on standard error which columns are left out, and why."""
    if names:
        say(f"columns left out, as {reason}: {quoted_names(names)}", err=True)


def _is_number(cell: object) -> bool:
    try:
        # With commas too: a decimal one, or between thousands, which reading it then names.
        float(str(cell).replace(",", ""))
    except ValueError:
        return False
    return True
