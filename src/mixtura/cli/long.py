"""`--long`: files of one cell a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from mixtura.components.catalogue import ROWS
from mixtura.data.files import Table
from mixtura.data.long import widened
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT
from mixtura.text import split_names

__all__ = ["COUNTED", "WITHIN_MEMORY", "Long", "long_of", "long_option"]

# Families in whose cells lines add up, and what no line says is 0.
COUNTED = (
    "multinomial",
    "dirichlet_multinomial",
    *(name for name, row in ROWS.items() if row.is_columnwise and row.family.kind is COUNT),
)

# What is said of files of more than memory may hold.
WITHIN_MEMORY = "--long is for rows within --memory; give more memory, or write a row a line"


@dataclass(frozen=True, slots=True)
class Long:
    """What the columns of a long file are.

    Attributes
    ----------
    row, column, value : their names; without a value lines are counted
    sums : whether lines of one cell add up
    """

    row: str
    column: str
    value: str | None
    sums: bool

    def of(self, table: Table, kept: Sequence[str], wanted: Sequence[str] = ()) -> Table:
        """Return the rows, with columns that say something of each, and those that are wanted."""
        others = [name for name in dict.fromkeys(kept) if name != self.row]
        own = (self.row, self.column, self.value)
        return widened(table, *own, kept=others, wanted=wanted, sums=self.sums)


def long_option(function: Any) -> Any:
    """Add the option that files are long."""
    words = (
        "The file has one cell a line: the columns of its row, its column and its value, such as "
        "person,item,answer or basket,product,count. Counts add up, and are 0 where no line is; "
        "basket,product alone counts lines. Answers that no line has are missing."
    )
    return click.option("--long", "long_names", metavar="ROW,COLUMN,VALUE", help=words)(function)


def long_of(text: str | None, *, sums: bool) -> Long | None:
    """Return what an option says of the columns of a long file.

    Raises
    ------
    ParameterError
        If it does not name two or three columns.
    """
    if text is None:
        return None
    names = split_names(text)
    if len(set(names)) != len(names) or len(names) not in ((2, 3) if sums else (3,)):
        also = ", or row,column to count lines" if sums else ""
        raise ParameterError(
            f"--long {text} should name three columns of the file, row,column,value{also}"
        )
    return Long(names[0], names[1], names[2] if len(names) == 3 else None, sums)
