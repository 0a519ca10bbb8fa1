"""What --missing does to a whole table, and what is said of a code that no cell holds."""

from collections.abc import Collection, Sequence

from mixtura.cli.voice import say
from mixtura.data.table import Table
from mixtura.text import quoted_names

__all__ = ["without_codes"]


def without_codes(table: Table, codes: Sequence[str], kept: Collection[str] = ()) -> Table:
    """Return a table in which codes are missing cells, and say of those that no cell holds."""
    if unheld := table.unheld(codes, kept):
        say(f"--missing: no cell of '{table.path}' holds {quoted_names(unheld)}", err=True)
    return table.without(codes, kept)
