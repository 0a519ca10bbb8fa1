"""Named columns of a file, as numbers or as they are, with errors that name the cell at fault."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixtura.data.codes import coded, emptied, spelling
from mixtura.data.readstat import LABELS
from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BLANK", "MISSING", "NUMBER", "Kind", "Table", "checked_names", "table_of"]

Kind = Literal["number", "text", "boolean", "date"]


# What a cell of a text file may say instead of a number.
MISSING = (
    "",
    ".",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "-nan",
    "NULL",
    "null",
    "None",
    "<NA>",
)
# What a cell of categories may say where it has none; "None" may be an answer.
BLANK = frozenset(MISSING) - {"None"}
NUMBER = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
# How pandas calls row labels that have no name.
ROW_LABELS = re.compile(r"__index_level_[0-9]+__")
DECIMAL_COMMA = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Named columns of a file.

    Attributes
    ----------
    path : the file they come from
    names : of the columns, in order
    kinds : by name; dates are also times, and text is also everything else
    spelled : whether the file holds text, and types were told from how its cells are spelled
    content : the columns as Arrow has them, without dictionaries
    """

    path: Path
    names: tuple[str, ...]
    kinds: dict[str, Kind]
    spelled: bool
    content: "pa.Table" = field(repr=False)

    @property
    def n_rows(self) -> int:
        """The number of rows, without the header."""
        return self.content.num_rows

    def check_known(self, names: Sequence[str]) -> None:
        """Raise `DataError` for the first name that is no column, with the nearest that is."""
        _check_known(self.path, self.kinds, names)

    def column(self, name: str) -> list[Any]:
        """Return the N values of a column as Python values, None where a cell is missing."""
        self.check_known((name,))
        return self.content[name].to_pylist()

    def categories(self, name: str, labels: Sequence[Any] = ()) -> list[Any]:
        """Return the N values of a column as categories, None where a cell is missing.

        In a file of text a cell that says "NA" or the like is missing. Dates become text. Where a
        file has labels for all values of a column, categories are called by these.

        Parameters
        ----------
        labels : the categories that are known; in a file of text, a cell that is none of them is
            read as the one that is spelled like it

        Raises
        ------
        DataError
            For an unknown column, or one that holds neither text nor numbers nor truth values.
        """
        cells = self.column(name)
        if self.kinds[name] == "date":
            cells = [None if cell is None else str(cell) for cell in cells]
        elif any(isinstance(cell, (bytes, list, dict)) for cell in cells[:1]):
            raise DataError(
                f"column '{name}' of '{self.path}' holds {self.content[name].type}, which are no "
                "categories; leave it out"
            )
        if not self.spelled:
            return self._called(name, cells)
        if self.kinds[name] == "text":
            cells = [None if cell is None or cell.strip() in BLANK else cell for cell in cells]
        alike = {spelling(label): label for label in labels}
        known = {(type(label), label) for label in labels}
        return [
            cell if cell is None or (type(cell), cell) in known else alike.get(spelling(cell), cell)
            for cell in cells
        ]

    def _called(self, name: str, cells: list[Any]) -> list[Any]:
        """Return cells by the labels of their values, or as they are where one has none."""
        labels = self._labels(name)
        if not {cell for cell in cells if cell is not None} <= labels.keys():
            return cells
        return [None if cell is None else labels[cell] for cell in cells]

    def _labels(self, name: str) -> dict[Any, str]:
        """Return what the file calls values of a column, if anything."""
        kept = (self.content.schema.field(name).metadata or {}).get(LABELS.encode())
        pairs: list[tuple[Any, str]] = [] if kept is None else json.loads(kept)
        said = Counter(label for _, label in pairs)
        # Two values of one label stay two.
        return {
            value: label if said[label] == 1 else f"{label} ({spelling(value)})"
            for value, label in pairs
        }

    def order(self, name: str) -> list[str] | None:
        """Return the labels of a column by its values, where categories are called by them."""
        self.check_known((name,))
        labels, values = self._labels(name), set(self.column(name)) - {None}
        if self.spelled or not values or not values <= labels.keys():
            return None
        return [label for _, label in sorted(labels.items())]

    def has_labels(self, name: str) -> bool:
        """Return whether the file has labels for values of a column."""
        return LABELS.encode() in (self.content.schema.field(name).metadata or {})

    def without(self, codes: Sequence[str], kept: Collection[str] = ()) -> "Table":
        """Return the table in which cells that hold one of some codes are missing.

        Parameters
        ----------
        codes : as they are spelled; numbers are compared as such
        kept : names of columns that stay as they are
        """
        return self.emptied(self.coded(codes, kept))

    def coded(self, codes: Sequence[str], kept: Collection[str] = ()) -> dict[str, list[Any]]:
        """Return the values that are some codes of missing cells, by the columns that hold them."""
        if not codes:
            return {}
        names = [name for name in self.names if self.kinds[name] in ("number", "text")]
        found = {name: coded(self.content[name], codes) for name in names if name not in kept}
        return {name: values for name, values in found.items() if values}

    def emptied(self, values: Mapping[str, list[Any]]) -> "Table":
        """Return the table in which cells that hold one of some values of a column are missing."""
        content = self.content
        for name, own in values.items():
            place = content.schema.get_field_index(name)
            cells = emptied(content[name], own)
            content = content.set_column(place, content.schema.field(name), cells)
        return replace(self, content=content)

    def numeric(
        self, columns: Sequence[str] | None = None, missing: Literal["error", "nan"] = "error"
    ) -> NDArray[np.float64]:
        """Return columns as numbers; false and true become 0 and 1.

        Parameters
        ----------
        columns : names, all when None
        missing : whether a missing cell is an error or becomes NaN

        Returns
        -------
        (N, len(columns)) float64

        Raises
        ------
        DataError
            For an unknown column, a text or date among the cells, or a missing cell.
        """
        columns = self.names if columns is None else tuple(columns)
        self.check_known(columns)
        result = np.empty((self.n_rows, len(columns)))
        for j, name in enumerate(columns):
            result[:, j] = self._numbers(name)
        if missing == "error":
            for j, name in enumerate(columns):
                self._check_complete(name, np.isnan(result[:, j]))
        return result

    def _numbers(self, name: str) -> NDArray[np.float64]:
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = self.content[name]
        if self.kinds[name] == "date":
            raise DataError(
                f"column '{name}' of '{self.path}' holds dates or times ({cells.type}); leave it "
                f"out, or turn it into a number such as days since the first"
            )
        if self.kinds[name] == "text":
            cells = self._parsed(name)
        if pa.types.is_boolean(cells.type):
            cells = cells.cast(pa.uint8())
        # Unsafe: integers beyond 2**53 and decimals are rounded, not refused.
        return pc.cast(cells, pa.float64(), safe=False).to_numpy()

    def _parsed(self, name: str) -> "pa.ChunkedArray":
        """Return the numbers that a column of text spells, or raise for the first that is none."""
        import pyarrow as pa
        from pyarrow import compute

        # Its functions are made when it is imported, unseen by type checkers.
        pc: Any = compute
        cells = self.content[name]
        if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
            raise DataError(
                f"column '{name}' of '{self.path}' holds {cells.type} and not numbers; leave it out"
            )
        gap = pc.is_in(pc.utf8_trim_whitespace(cells), pa.array(MISSING, cells.type))
        row = pc.index(pc.or_(gap, pc.match_substring_regex(cells, f"^{NUMBER}$")), False).as_py()
        if row < 0:
            spelled = pc.utf8_ltrim(pc.utf8_trim_whitespace(cells), "+")
            return pc.cast(pc.if_else(gap, pa.scalar(None, cells.type), spelled), pa.float64())
        value = cells[row].as_py()
        advice = "leave the column out, or mend the cell"
        if DECIMAL_COMMA.fullmatch(value):
            advice = (
                "write decimals with a point and not with a comma, and nothing between thousands"
            )
        shown = value if len(value) <= 40 else value[:40] + "..."
        raise DataError(
            f"column '{name}' of '{self.path}' is not numeric: row {row + 1} holds {shown!r}; "
            f"{advice}"
        )

    def _check_complete(self, name: str, gaps: NDArray[np.bool_]) -> None:
        count = int(gaps.sum())
        if count:
            raise DataError(
                f"column '{name}' of '{self.path}' has {count:,} missing "
                f"cell{'s' if count > 1 else ''}, the first in row {int(gaps.argmax()) + 1}; "
                f"fill or drop such rows, or leave the column out"
            )


def table_of(path: Path, content: "pa.Table", *, spelled: bool = False) -> Table:
    """Return the table of what was read from a file, its names all different."""
    plain = _without_dictionaries(content)
    kinds: dict[str, Kind] = {column.name: _kind(column.type) for column in plain.schema}
    return Table(path, tuple(plain.column_names), kinds, spelled, plain)


def checked_names(
    path: Path, names: Sequence[str], columns: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Return the names to read, once each is known and none is twice in the file.

    Row labels without a name, which pandas writes as columns, are none unless they are asked for.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        more = f", and {len(twice) - 1} further name(s) stand twice" if len(twice) > 1 else ""
        raise DataError(
            f"'{path}' has more than one column named '{twice[0]}'{more}; rename one of them"
        )
    if columns is None:
        return tuple(name for name in names if not ROW_LABELS.fullmatch(name))
    _check_known(path, names, columns)
    return tuple(dict.fromkeys(columns))


def _check_known(path: Path, known: Collection[str], columns: Sequence[str]) -> None:
    """Raise for the first of `columns` that is not among the names, with the nearest that is."""
    # Looked up in a tuple, each of very many names would be held against all others.
    found = known if isinstance(known, (dict, set)) else set(known)
    for name in columns:
        if name not in found:
            names = list(known)
            spellings = {known.casefold().strip(): known for known in names}
            near = difflib.get_close_matches(name.casefold().strip(), spellings, n=1)
            some = ", ".join(f"'{known}'" for known in names[:10]) + ", ..." * (len(names) > 10)
            advice = f"did you mean '{spellings[near[0]]}'?" if near else f"it has {some}"
            raise DataError(f"'{path}' has no column '{name}'; {advice}")


def _without_dictionaries(content: "pa.Table") -> "pa.Table":
    import pyarrow as pa

    fields = [
        column.with_type(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in content.schema
    ]
    return content.cast(pa.schema(fields))


def _kind(stored: "pa.DataType") -> Kind:
    from pyarrow import types

    if types.is_boolean(stored):
        return "boolean"
    if types.is_temporal(stored):
        return "date"
    numeric = (types.is_integer, types.is_floating, types.is_decimal, types.is_null)
    return "number" if any(holds(stored) for holds in numeric) else "text"
