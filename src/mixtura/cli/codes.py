"""What --missing does to a whole table, and what is said of a code that no cell holds."""

from collections.abc import Collection, Sequence

from mixtura.cli.voice import say
from mixtura.data.codes import spelling
from mixtura.data.table import Table
from mixtura.text import quoted_names

__all__ = ["without_codes"]


def without_codes(table: Table, codes: Sequence[str], kept: Collection[str] = ()) -> Table:
    """Return a table in which codes are missing cells, and say of those that no cell holds."""
    values = table.coded(codes, kept)
    held = {spelling(value) for own in values.values() for value in own}
    unheld = [code for code in codes if spelling(code) not in held]
    if unheld:
        say(f"--missing: no cell of '{table.path}' holds {quoted_names(unheld)}", err=True)
    return table.emptied(values)
