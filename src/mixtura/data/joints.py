"""Two items that are one, of which each pair of answers is an answer, called "A & B".

Answers to items are independent within a class; those to such a pair may go together (local
dependence), in each class in its own way.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals.stable.v2 as nw

from mixtura.data.frames import in_memory_frame, is_frame
from mixtura.data.plain import plain_table
from mixtura.data.table import Table
from mixtura.errors import DataError, ParameterError

__all__ = ["Joint", "joint_items", "joint_names", "joints_of", "with_joints"]

BETWEEN = " & "


@dataclass(frozen=True, slots=True)
class Joint:
    """Two items.

    Attributes
    ----------
    first, second : names of their columns
    """

    first: str
    second: str

    @classmethod
    def named(cls, name: str, known: Container[str]) -> "Joint | None":
        """Return the items that a name is of among columns that are known, or None."""
        place = name.find(BETWEEN)
        while place >= 0:
            found = cls(name[:place], name[place + len(BETWEEN) :])
            if found.first in known and found.second in known:
                return found
            place = name.find(BETWEEN, place + 1)
        return None

    @property
    def name(self) -> str:
        """Return what both are called together.

        Examples
        --------
        >>> Joint("D", "F").name
        'D & F'
        """
        return f"{self.first}{BETWEEN}{self.second}"

    def cells(self, table: Table) -> list[str | None]:
        """Return the pairs of answers (N,), None where one is missing."""
        columns = (table.categories(self.first), table.categories(self.second))
        return [
            None if one is None or other is None else f"{one}{BETWEEN}{other}"
            for one, other in zip(*columns, strict=True)
        ]


def joints_of(pairs: Sequence[Sequence[str]]) -> tuple[Joint, ...]:
    """Return pairs of items that a user names, each item once.

    Raises
    ------
    ParameterError
        If something is no pair of names, or an item stands twice.
    """
    found, seen = [], set()
    for pair in pairs:
        names = () if isinstance(pair, str) else tuple(pair)
        if len(names) != 2 or not all(isinstance(name, str) for name in names):
            raise ParameterError(f"a pair should be two names of items, but got {pair!r}")
        for name in names:
            if name in seen:
                raise ParameterError(
                    f"item '{name}' stands twice among the pairs; an item goes together with one "
                    "other, so leave a pair out"
                )
            seen.add(name)
        found.append(Joint(*names))
    return tuple(found)


def joint_names(names: Sequence[str], joints: Sequence[Joint]) -> tuple[str, ...]:
    """Return names of columns with those of pairs in their place.

    Raises
    ------
    ParameterError
        If only one of a pair is among them.
    """
    found = list(names)
    for one in joints if names else ():
        alone = [name for name in (one.first, one.second) if name not in found]
        if alone:
            raise ParameterError(
                f"items '{one.first}' and '{one.second}' go together, and '{alone[0]}' is not "
                "among the columns that are named; name both"
            )
        found[found.index(one.first)] = one.name
        found.remove(one.second)
    return tuple(found)


def with_joints(table: Table, joints: Sequence[Joint]) -> Table:
    """Return the table with pairs of items, each in the place of its first.

    Raises
    ------
    DataError
        Naming a column that is not there.
    """
    import pyarrow as pa

    table.check_known([name for one in joints for name in (one.first, one.second)])
    names, content = list(table.names), table.content
    for one in joints:
        if one.name in table.kinds:
            raise DataError(f"'{table.path}' has a column '{one.name}' already; rename it")
        cells = pa.chunked_array([pa.array(one.cells(table), pa.string())])
        content = content.set_column(names.index(one.first), one.name, cells)
        names[names.index(one.first)] = one.name
        content = content.remove_column(names.index(one.second))
        names.remove(one.second)
    kinds = {name: table.kinds.get(name, "text") for name in names}
    return replace(table, names=tuple(names), kinds=kinds, content=content)


def joint_items(X: Any, pairs: Sequence[Sequence[str]]) -> Any:
    """Return a frame in which pairs of items are one item each, called "A & B".

    So the answers to both may depend on one another within a class (local dependence), in each
    class in its own way; a pair of which one answer is missing is missing.

    Parameters
    ----------
    X : (N, D) frame of any library
    pairs : names of two columns each; a column is in one pair at the most

    Returns
    -------
    frame of the same library
        Each pair stands where its first column did.

    Raises
    ------
    DataError
        If X is no frame, or has not such columns.
    ParameterError
        If something is no pair, or a column is in several.

    Examples
    --------
    >>> import pandas as pd
    >>> from mixtura import joint_items
    >>> answers = pd.DataFrame({"a": ["x", "y"], "b": ["u", "v"], "c": [1, 2]})
    >>> joint_items(answers, [("a", "b")])
       a & b  c
    0  x & u  1
    1  y & v  2
    """
    table = plain_table(X)
    if not is_frame(table):
        raise DataError("items are joined by their names, which rows of an array have not")
    frame = nw.from_native(in_memory_frame(table), eager_only=True)
    for one in joints_of(pairs):
        missing = [name for name in (one.first, one.second) if name not in frame.columns]
        if missing:
            raise DataError(f"there is no column '{missing[0]}'")
        if one.name in frame.columns:
            raise DataError(f"there is a column '{one.name}' already; rename it")
        both = nw.concat_str(
            nw.col(one.first).cast(nw.String), nw.col(one.second).cast(nw.String), separator=BETWEEN
        )
        names = [one.name if name == one.first else name for name in frame.columns]
        names.remove(one.second)
        frame = frame.with_columns(both.alias(one.name)).select(names)
    return frame.to_native()
