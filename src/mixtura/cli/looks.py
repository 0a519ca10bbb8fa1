"""What the columns of a file look like, and which kind of component each asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mixtura.cli.columns import mostly_numbers, say_columns
from mixtura.cli.voice import say
from mixtura.data.files import Table
from mixtura.errors import DataError

__all__ = [
    "FEW_LEVELS",
    "Look",
    "blocks_of",
    "category_columns",
    "looks_of",
    "say_blocks",
    "say_left_out",
]

# Whole numbers with so many different values at the most are taken for categories.
FEW_LEVELS = 12

# Text with more different values than this, and in more than half of the rows, names the rows.
MANY_TEXTS = 20

# Columns listed of each kind.
LISTED = 8

Sort = Literal["decimals", "whole numbers", "truth values", "text", "dates", "nothing"]


@dataclass(frozen=True, slots=True)
class Look:
    """One column.

    Attributes
    ----------
    name : of the column
    sort : of what it holds
    levels : number of different values
    n_present : number of cells that are not missing
    counts_rows : whether it numbers the rows
    asked : whether the user named it
    """

    name: str
    sort: Sort
    levels: int
    n_present: int
    counts_rows: bool = False
    asked: bool = False

    @property
    def kind(self) -> Literal["gaussian", "categorical"] | None:
        """Return the family of its block, or None if it is to be left out."""
        if self.objection is not None:
            return None
        if self.sort == "decimals" or (self.sort == "whole numbers" and self.levels > FEW_LEVELS):
            return "gaussian"
        return "categorical"

    @property
    def objection(self) -> str | None:
        """Return why it should be left out, if it should."""
        if self.sort == "dates" and not self.asked:
            return "dates"
        if self.sort == "nothing":
            return "no value"
        if self.asked:
            return None
        if self.levels == 1:
            return "one value only"
        if self.counts_rows:
            return "row numbers"
        if self.sort == "text" and self.levels > max(MANY_TEXTS, self.n_present / 2):
            return f"text with {self.levels:,} different values in {self.n_present:,} rows"
        return None

    @property
    def words(self) -> str:
        """Return what it holds, for instance "text, 3 levels"."""
        if self.sort == "decimals":
            return self.sort
        return f"{self.sort}, {self.levels:,} level{'' if self.levels == 1 else 's'}"


def category_columns(table: Table, wanted: Sequence[str], left_out: Sequence[str]) -> list[str]:
    """Return the columns to fit: those wanted, or all that hold categories.

    Raises
    ------
    DataError
        If no column does.
    """
    if wanted:
        return list(wanted)
    looks = looks_of(table, wanted, left_out)
    say_left_out(looks)
    blocks = blocks_of(table, looks)
    if "categorical" not in blocks:
        raise DataError(
            f"'{table.path}' has no column of categories; name some with --columns, or take "
            "--family gaussian"
        )
    say_columns(blocks.get("gaussian", []), "they hold amounts; --family mixed takes them")
    return blocks["categorical"]


def looks_of(table: Table, wanted: Sequence[str], left_out: Sequence[str]) -> list[Look]:
    """Return the looks of the columns wanted, or of all but those with another job."""
    if wanted:
        return [_look(table, name, asked=True) for name in wanted]
    return [_look(table, name) for name in table.names if name not in left_out]


def blocks_of(table: Table, looks: Sequence[Look]) -> dict[str, list[str]]:
    """Return the columns of each kind of block.

    Raises
    ------
    DataError
        If every column is to be left out.
    """
    blocks: dict[str, list[str]] = {}
    for kind in ("gaussian", "categorical"):
        names = [look.name for look in looks if look.kind == kind]
        if names:
            blocks[kind] = names
    if not blocks:
        told = "; ".join(f"'{look.name}': {look.objection}" for look in looks[:LISTED])
        raise DataError(
            f"'{table.path}' has no column to fit ({told or 'no column'}); name some with --columns"
        )
    return blocks


def say_left_out(looks: Sequence[Look]) -> None:
    """Say on standard error which columns are left out, and why."""
    left = [look for look in looks if look.objection is not None]
    for look in left[:LISTED]:
        say(f"column '{look.name}' is left out: {look.objection}", err=True)
    if len(left) > LISTED:
        say(f"so are {len(left) - LISTED:,} more columns", err=True)


def say_blocks(looks: Sequence[Look]) -> None:
    """Say on standard error which columns are of which kind, and why."""
    for kind in ("gaussian", "categorical"):
        own = [f"'{look.name}' ({look.words})" for look in looks if look.kind == kind]
        if own:
            more = f" and {len(own) - LISTED} more" if len(own) > LISTED else ""
            say(f"{kind}: {', '.join(own[:LISTED])}{more}", err=True)


def _look(table: Table, name: str, *, asked: bool = False) -> Look:
    cells = [cell for cell in table.categories(name) if cell is not None]
    values = set(cells)
    sort = _sort(table, name, cells)
    counts = sort == "whole numbers" and len(values) == table.n_rows and _is_range(cells)
    return Look(name, sort, len(values), len(cells), counts, asked)


def _sort(table: Table, name: str, cells: list[Any]) -> Sort:
    if not cells:
        return "nothing"
    kind = table.kinds[name]
    if kind == "date":
        return "dates"
    if kind == "boolean":
        return "truth values"
    if kind == "text" and len(set(cells)) > FEW_LEVELS and mostly_numbers(table, name):
        # Reading it names the first cell that is not a number.
        table.numeric([name], missing="nan")
    # Numbers whose values have labels are called by these.
    if kind == "text" or any(isinstance(cell, str) for cell in cells):
        return "text"
    numbers = np.array(cells, dtype=np.float64)
    return "whole numbers" if (numbers == np.floor(numbers)).all() else "decimals"


def _is_range(cells: list[Any]) -> bool:
    return bool((np.diff(np.array(cells, dtype=np.float64)) == 1).all()) and len(cells) > 2
