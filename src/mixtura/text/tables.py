"""`Table`: cells that are ready to print, and `Passage`: a heading, tables and sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

__all__ = ["SHOWN_ROWS", "Passage", "Rows", "Table"]

Rows = Sequence[Mapping[str, Any]]

# Wider and longer tables than this are cut where they are looked at, and say so.
SHOWN_COLUMNS, SHOWN_ROWS = 12, 40

# Longer cells are cut there.
LONGEST_CELL = 60


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, the first of each row its name.

    Attributes
    ----------
    header : the headings
    rows : the cells
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, header: Iterable[str], rows: Iterable[Iterable[str]]) -> Self:
        """Return the table of any sequences of text."""
        return cls(tuple(header), tuple(map(tuple, rows)))

    @classmethod
    def of_records(cls, records: Rows) -> Self:
        """Return the table of rows by name, numbers to four digits; they have the same names."""
        names = tuple(records[0]) if records else ()
        return cls.of(names, ([_cell(record[name]) for name in names] for record in records))

    def __str__(self) -> str:
        """Return the table for a terminal, columns set right but the first."""
        shown = self.cut(len(self.rows))
        cells = [shown.header, *shown.rows]
        widths = [max(len(row[j]) for row in cells) for j in range(len(shown.header))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if j == 0 else cell.rjust(width)
                for j, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        )

    def cut(self, n_rows: int) -> Self:
        """Return so many rows at most, few columns, and cells that are not long."""
        header, rows = self.header, self.rows[:n_rows]
        left_out, more = len(header) - SHOWN_COLUMNS, len(self.rows) - n_rows
        if left_out > 0:
            header = (*header[:SHOWN_COLUMNS], f"({left_out} more)")
            rows = tuple((*row[:SHOWN_COLUMNS], "") for row in rows)
        if more > 0:
            rows = (*rows, (f"({more} more)", *("" for _ in header[1:])))
        return type(self).of(map(_short, header), (map(_short, row) for row in rows))

    def is_number(self, column: int) -> bool:
        """Return whether a column has numbers only, or nothing."""
        return all(map(_is_number, (row[column] for row in self.rows)))


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading, tables below it, and sentences.

    Attributes
    ----------
    heading : one line, or nothing
    tables : Table
    said : lines, or nothing
    """

    heading: str = ""
    tables: tuple[Table, ...] = ()
    said: str = ""

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.heading, *map(str, self.tables), self.said]))

    def cut(self, n_rows: int) -> Self:
        """Return it with so many rows of each table at most, and cells and columns cut too."""
        return replace(self, tables=tuple(table.cut(n_rows) for table in self.tables))


def _short(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else f"{cell[: LONGEST_CELL - 3]}..."


def _is_number(cell: str) -> bool:
    if not cell:
        return True
    try:
        float(cell.removeprefix("<").replace(",", ""))
    except ValueError:
        return False
    return True


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) >= 100.0 else f"{value:.4g}"
    return " ".join(str(value).split())
