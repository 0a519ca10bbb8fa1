"""What is done to columns of files before they are fitted: codes of missing cells, functions."""

from collections.abc import Iterable
from dataclasses import dataclass

from mixtura.data.table import Table
from mixtura.data.transforms import Transform, with_transforms

__all__ = ["AS_IT_STANDS", "Cleaning"]


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What the cells of a table say that they do not say as they stand.

    Attributes
    ----------
    missing : codes of missing cells, as they are spelled
    kept : names of columns in which no cell is missing by these
    transforms : functions by which columns are read
    """

    missing: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    transforms: tuple[Transform, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is done."""
        return bool(self.missing or self.transforms)

    def columns(self, names: Iterable[str] | None) -> tuple[str, ...] | None:
        """Return the columns of the file that names stand for, all when None."""
        if names is None:
            return None
        own = {one.name: one.column for one in self.transforms}
        return tuple(own.get(name, name) for name in names)

    def of(self, table: Table) -> Table:
        """Return a table, or a part of it, as it is fitted.

        Raises
        ------
        DataError
            Naming the first cell that has no logarithm.
        """
        there = [one for one in self.transforms if one.column in table.kinds]
        return with_transforms(table.without(self.missing, self.kept), there)


AS_IT_STANDS = Cleaning()
