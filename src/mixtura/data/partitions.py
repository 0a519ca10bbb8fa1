"""Columns that stand in the names of folders: those of files under `year=2024/shop=north`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Partitions", "Values", "in_file", "with_values"]

# By name: a number where the values of all files are whole numbers, or None where there is none.
Values = Mapping[str, int | str | None]

NOTHING = "__HIVE_DEFAULT_PARTITION__"
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Partitions:
    """What the folders of some files say of all rows in each.

    Attributes
    ----------
    files : by file, the values of names that stand in the folders of every one of them
    differing : those names of which files have several values
    """

    files: Mapping[Path, Values]
    differing: tuple[str, ...]

    @classmethod
    def of(cls, files: Sequence[Path]) -> "Partitions":
        """Return what stands in the folders of files."""
        spelled = {file: _spelled(file) for file in files}
        shared = [
            name
            for name in next(iter(spelled.values()), {})
            if all(name in own for own in spelled.values())
        ]
        whole = {
            name
            for name in shared
            if all(
                own[name] is None or WHOLE.fullmatch(own[name] or "") for own in spelled.values()
            )
        }
        values = {
            file: {
                name: int(cell) if cell is not None and name in whole else cell
                for name, cell in own.items()
                if name in shared
            }
            for file, own in spelled.items()
        }
        several = [name for name in shared if len({own[name] for own in values.values()}) > 1]
        return cls(values, tuple(several))

    def beside(self, file: Path, columns: Sequence[str] | None) -> Values:
        """Return the values beside the rows of a file: those asked for, or that tell files apart.

        Parameters
        ----------
        columns : names of those that are read, all when None
        """
        own = self.files[file]
        names = self.differing if columns is None else columns
        return {name: own[name] for name in names if name in own}


def in_file(columns: Sequence[str] | None, beside: Values) -> tuple[str, ...] | None:
    """Return the columns to read of a file itself, None for all it has.

    Where nothing else is asked for all is read, as rows are counted by it.
    """
    return tuple(name for name in columns or () if name not in beside) or None


def with_values(content: "pa.Table", beside: Values, columns: Sequence[str] | None) -> "pa.Table":
    """Return rows with columns of one value each, in place of those of the same names.

    Parameters
    ----------
    columns : names of all, in their order, or None for that of the rows and what is beside
    """
    import pyarrow as pa

    for name, value in beside.items():
        if name in content.column_names:
            content = content.drop_columns([name])
        content = content.append_column(name, pa.repeat(pa.scalar(value), len(content)))
    return content if columns is None else content.select(list(dict.fromkeys(columns)))


def _spelled(file: Path) -> dict[str, str | None]:
    """Return the values in the folders of a file as they are spelled, None where there is none.

    Raises
    ------
    DataError
        If a name stands in two of its folders.
    """
    found: dict[str, str | None] = {}
    for folder in file.parts[:-1]:
        name, equals, value = folder.partition("=")
        if not (name and equals):
            continue
        name = unquote(name)
        if name in found:
            raise DataError(f"'{file}' is in two folders that say what '{name}' is; rename one")
        found[name] = None if value == NOTHING else unquote(value)
    return found
