"""What is done to columns of files before they are fitted: codes of missing cells, logarithms."""

from collections.abc import Iterable
from dataclasses import dataclass

from mixtura.data.logarithms import log_name, with_logs
from mixtura.data.table import Table

__all__ = ["AS_IT_STANDS", "Cleaning"]


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What the cells of a table say that they do not say as they stand.

    Attributes
    ----------
    missing : codes of missing cells, as they are spelled
    kept : names of columns in which no cell is missing by these
    logs : columns that are read by their logarithms
    """

    missing: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is done."""
        return bool(self.missing or self.logs)

    def columns(self, names: Iterable[str] | None) -> tuple[str, ...] | None:
        """Return the columns of the file that names stand for, all when None."""
        if names is None:
            return None
        own = {log_name(column): column for column in self.logs}
        return tuple(own.get(name, name) for name in names)

    def of(self, table: Table) -> Table:
        """Return a table, or a part of it, as it is fitted.

        Raises
        ------
        DataError
            Naming the first cell that has no logarithm.
        """
        logs = [name for name in self.logs if name in table.kinds]
        return with_logs(table.without(self.missing, self.kept), logs)


AS_IT_STANDS = Cleaning()
