"""Which columns of a file are fitted, and the frames that are made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from mixtura.cli.voice import say
from mixtura.components.catalogue import ROWS
from mixtura.data.files import Table
from mixtura.errors import DataError
from mixtura.inspection import (
    Column,
    Inspection,
    cells_of_table,
    inspected,
    mostly_numbers,
    sentences_of_codes,
    sentences_of_remarks,
    sentences_on_left_out,
    those_with_codes,
)
from mixtura.text import quoted_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "category_columns",
    "category_frame",
    "fitted_blocks",
    "looked_at",
    "mixed_frame",
    "number_columns",
    "number_frame",
    "related_frame",
    "say_codes",
]

# Cells by which a column of text is taken for a damaged one of numbers.
LOOKED_AT = 1000
# Columns and notes that are listed.
LISTED = 8


def looked_at(table: Table, wanted: Sequence[str], left_out: Sequence[str]) -> Inspection:
    """Return what the columns wanted are, or all but those with another job.

    Raises
    ------
    DataError
        Naming a column that is not there, or the first cell that is no number of one of numbers.
    """
    names = list(wanted) or [name for name in table.names if name not in left_out]
    found = inspected(cells_of_table(table, names), asked=bool(wanted))
    for column in found.columns:
        if column.kind == "damaged numbers":
            # Reading it names the first cell that is not a number.
            table.numeric([column.name], "nan")
    return found


def fitted_blocks(table: Table, found: Inspection) -> dict[str, list[str]]:
    """Return the columns of each kind of block, once what is left out is said and why.

    Raises
    ------
    DataError
        If every column is to be left out.
    """
    blocks = found.blocks()
    if not blocks:
        raise DataError(
            f"'{table.path}' has no column to fit ({found.objections}); name some with --columns"
        )
    say_left_out(found.columns)
    for kind, names in blocks.items():
        own = [f"'{name}' ({found[name].words})" for name in names[:LISTED]]
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        say(f"{kind}: {', '.join(own)}{more}", err=True)
    say_notes(found.columns)
    return blocks


def say_left_out(columns: Sequence[Column]) -> None:
    """Say on standard error which columns are left out, and why."""
    left = sentences_on_left_out(columns)
    for sentence in left[:LISTED]:
        say(sentence, err=True)
    if len(left) > LISTED:
        say(f"so are {len(left) - LISTED:,} more columns", err=True)


def say_notes(columns: Sequence[Column]) -> None:
    """Say on standard error what else is to be known of columns that are fitted."""
    fitted = [column for column in columns if column.block]
    _say_listed([*sentences_of_codes(fitted), *sentences_of_remarks(fitted)])


def say_codes(table: Table, names: Sequence[str]) -> None:
    """Say on standard error which numbers of columns look like codes for missing cells."""
    _say_listed(sentences_of_codes(those_with_codes(cells_of_table(table, names))))


def _say_listed(notes: Sequence[str]) -> None:
    for note in notes[:LISTED]:
        say(note, err=True)
    if len(notes) > LISTED:
        say(f"and {len(notes) - LISTED:,} more notes; mixtura inspect has them all", err=True)


def category_columns(table: Table, wanted: Sequence[str], left_out: Sequence[str]) -> list[str]:
    """Return the columns to fit: those wanted, or all that hold categories.

    Raises
    ------
    DataError
        If no column does.
    """
    if wanted:
        say_codes(table, wanted)
        return list(wanted)
    found = looked_at(table, wanted, left_out)
    say_left_out(found.columns)
    blocks = found.blocks()
    few = [one.name for one in found.columns if one.block == "negative_binomial" and one.is_few]
    names = [name for name in table.names if name in (*blocks.get("categorical", []), *few)]
    if not names:
        raise DataError(
            f"'{table.path}' has no column of categories; name some with --columns, or take "
            "--family gaussian"
        )
    rest = [name for own in blocks.values() for name in own if name not in names]
    say_columns(rest, "they hold amounts; --family mixed takes them")
    say_notes([found[name] for name in names])
    return names


def number_columns(
    table: Table, wanted: Sequence[str], left_out: Sequence[str], *, amounts: bool = True
) -> list[str]:
    """Return the columns to fit: those wanted, or all of numbers that say something of a row.

    Parameters
    ----------
    table : the file
    wanted : names given by the user, maybe none
    left_out : columns with another job (row weights, identifiers)
    amounts : whether a column of 0 and 1, or one that repeats others, has no density as an amount

    Raises
    ------
    DataError
        If no column holds numbers, or one that should does not.
    """
    if wanted:
        say_codes(table, wanted)
        return list(wanted)
    others = [name for name in table.names if name not in left_out]
    numbers = [name for name in others if _holds_numbers(table, name)]
    found = looked_at(table, (), [name for name in table.names if name not in numbers]).columns
    if not amounts:
        found = tuple(replace(column, repeats=()) for column in found)
    # A column of one value is said to be so by what is fitted.
    kept = [column for column in found if column.objection is None or column.kind == "constant"]
    steps = [column for column in kept if amounts and column.kind == "yes/no"]
    names = [column.name for column in kept if column not in steps]
    if not names:
        why = "; ".join(f"'{one.name}': {one.objection or one.why}" for one in found[:LISTED])
        raise DataError(
            f"'{table.path}' has no column of numbers to fit{f' ({why})' if why else ''}; --family "
            "auto or categorical takes text, or name some columns with --columns"
        )
    say_columns([name for name in others if name not in numbers], "they hold no numbers")
    say_left_out([column for column in found if column not in kept])
    say_columns([one.name for one in steps], "they are yes or no; --family auto takes them")
    say_notes(kept)
    return names


def _holds_numbers(table: Table, name: str) -> bool:
    if table.kinds[name] in ("number", "boolean"):
        return True
    cells = islice(table.column(name), LOOKED_AT) if table.kinds[name] == "text" else ()
    return mostly_numbers([str(cell) for cell in cells if cell is not None])


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
        if numeric or (table.kinds[name] == "text" and _holds_numbers(table, name)):
            cells = table.numeric([name], "nan")[:, 0]
        columns[name] = cells
    return pa.table(columns)


def say_columns(names: Sequence[str], reason: str) -> None:
    """Say on standard error which columns are left out, and why."""
    if names:
        say(f"columns left out, as {reason}: {quoted_names(names)}", err=True)
