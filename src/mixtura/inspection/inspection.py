"""`inspect`: what the columns of a table are, and what a fit does with each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixtura.data.frames import frame_names, is_frame
from mixtura.data.resolution import step_of
from mixtura.errors import DataError
from mixtura.inspection.cells import Cells, cells_of
from mixtura.inspection.column import Column, Kind
from mixtura.inspection.missing_codes import CODES, codes_for_missing
from mixtura.inspection.numbers import kind_of_numbers, remarks_on_amounts
from mixtura.inspection.repetitions import repetitions
from mixtura.inspection.sentences import sentences
from mixtura.inspection.words import kind_of_text
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["Inspection", "inspect", "inspected", "those_with_codes"]

# Columns of these kinds say nothing that another could repeat.
SILENT: frozenset[Kind] = frozenset(
    (
        *("constant", "empty", "identifiers", "row numbers", "row times", "free text"),
        *("damaged numbers", "years", "dates", "numbers with units"),
    )
)
# Columns that an error tells of.
TOLD = 8


@dataclass(frozen=True, slots=True, repr=False)
class Inspection(Tabled):
    """What the columns of a table are.

    Attributes
    ----------
    columns : a `Column` for each, in the order of the table
    n_rows : N
    """

    columns: tuple[Column, ...]
    n_rows: int

    def __repr__(self) -> str:
        fitted = sum(column.block is not None for column in self.columns)
        return f"<Inspection of {len(self.columns)} columns, of which {fitted} would be fitted>"

    def __str__(self) -> str:
        return self.summary()

    def __getitem__(self, name: str) -> Column:
        """Return the column of a name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(f"there is no column '{name}' in this inspection")

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return self.summary()._repr_html_()

    def blocks(self) -> dict[str, list[str]]:
        """Return the columns that a fit takes, by the family of their block; maybe none."""
        found: dict[str, list[str]] = {}
        for column in self.columns:
            if column.block is not None:
                found.setdefault(column.block, []).append(column.name)
        # Amounts first, as they are what is drawn first.
        return {kind: found[kind] for kind in sorted(found, key=ORDER.index)}

    def blocks_in(self, X: Any) -> dict[str, list[Any]]:
        """Return `blocks()` as a fit to the table takes them: by number where it has no names.

        Parameters
        ----------
        X : (N, D) the table that was inspected
        """
        if is_frame(X) and frame_names(X) is not None:
            return dict(self.blocks())
        return {kind: [int(name[1:]) for name in own] for kind, own in self.blocks().items()}

    @property
    def objections(self) -> str:
        """Return why columns are left out, of many only the first."""
        left = [one for one in self.columns if one.objection is not None]
        told = "; ".join(f"'{one.name}': {one.objection}" for one in left[:TOLD])
        return told or "there is no column"

    def summary(self) -> Summary:
        """Return the columns as a table, and what else is to be said of them below it."""
        table = Table.of(HEADER, [_line(column) for column in self.columns])
        said = "\n".join(sentences(self.columns))
        passages = [Passage(tables=(table,)), *([Passage(said=said)] if said else [])]
        return Summary(passages, self.table())

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each column."""
        return [column.row() for column in self.columns]


HEADER = ("column", "kind", "levels", "missing", "step", "told from", "fitted as")
ORDER = ["gaussian", "negative_binomial", "categorical"]


def _line(column: Column) -> list[str]:
    return [
        column.name,
        column.kind,
        f"{column.levels:,}",
        f"{column.n_missing:,}",
        f"{column.step:.6g}" if column.step else "",
        column.why,
        column.block or "left out",
    ]


def inspect(X: Any, columns: Sequence[str] | None = None) -> Inspection:
    """Return what the columns of a table are, and what a fit does with each.

    `mixtura.fit` and the command go by it: what it leaves out, they leave out, and they say so.

    Parameters
    ----------
    X : data frame of any library, array or rows of Python values
    columns : names of those to fit whatever they are; all others are left aside. None are all,
        without those that say nothing of what a row is: dates, years, identifiers, row numbers,
        columns of one value, and such as copy or sum others

    Returns
    -------
    Inspection
        `columns`, `blocks()`, and as text, rows or a frame `summary()`, `table()`, `to_frame()`.

    Raises
    ------
    DataError
        If the table has no rows, or no column of a name that is given.

    Examples
    --------
    >>> import mixtura
    >>> rows = [[year, 1.5 * year % 7, "ab"[year % 2]] for year in range(1990, 2020)]
    >>> [column.kind for column in mixtura.inspect(rows).columns]
    ['row numbers', 'amounts', 'categories']
    """
    found = list(cells_of(X))
    if columns is None:
        return inspected(found)
    known = {cells.name: cells for cells in found}
    for name in columns:
        if name not in known:
            some = ", ".join(f"'{one}'" for one in list(known)[:TOLD])
            raise DataError(f"there is no column '{name}'; there are {some}")
    return inspected([known[name] for name in columns], asked=True)


def inspected(cells: Iterable[Cells], *, asked: bool = False) -> Inspection:
    """Return what columns are.

    Parameters
    ----------
    asked : whether the user named them, and they are fitted whatever they are
    """
    own = list(cells)
    found = [_column(one) for one in own]
    telling = [
        one.without([code for code, _ in column.codes])
        for one, column in zip(own, found, strict=True)
        if column.kind not in SILENT
    ]
    repeats = repetitions(telling)
    return Inspection(
        tuple(
            replace(column, asked=asked, repeats=repeats.get(column.name, ())) for column in found
        ),
        own[0].n_rows if own else 0,
    )


def those_with_codes(cells: Iterable[Cells]) -> list[Column]:
    """Return the columns that hold numbers which look like codes for missing cells."""
    # Most columns hold no such number, which is sooner told than what a column is.
    doubted = (one for one in cells if one.sort == "numbers" and np.isin(one.values, CODES).any())
    return [column for column in map(_column, doubted) if column.codes]


def _column(cells: Cells) -> Column:
    n_present, n_missing = len(cells.values), cells.n_rows - len(cells.values)
    if not n_present:
        return Column(cells.name, "empty", "no value", 0, 0, n_missing)
    if cells.sort in ("text", "dates"):
        kind, why = _words(cells)
        levels = len(set(cells.values.tolist()))
        if levels == 1 and kind != "empty":
            kind, why = "constant", "text, one value"
        return Column(cells.name, kind, why, levels, n_present, n_missing)
    levels, counts = np.unique(cells.values, return_counts=True)
    codes = () if cells.declared else _codes(levels, counts)
    plain = cells.without([code for code, _ in codes])
    if codes:
        levels, counts = np.unique(plain.values, return_counts=True)
    if len(levels) == 1:
        kind, why = "constant", "one number"
    elif cells.declared:
        kind, why = "categories", "the table says so"
    elif cells.sort == "truth values":
        kind, why = "yes/no", "truth values"
    else:
        kind, why = kind_of_numbers(cells.name, plain.values, levels, counts, cells.n_rows)
    remarks = remarks_on_amounts(plain.values, counts, levels) if kind == "amounts" else []
    # Where few values repeat, those say nothing of how finely all are measured.
    repeat = kind in ("amounts", "counts") and len(levels) <= len(plain.values) / 2
    step = step_of(plain.values) if repeat else 0.0
    return Column(
        cells.name, kind, why, len(levels), n_present, n_missing, codes, step, tuple(remarks)
    )


def _codes(levels: Any, counts: Any) -> tuple[tuple[float, int], ...]:
    found = codes_for_missing(levels, counts)
    return tuple((code, int(counts[np.searchsorted(levels, code)])) for code in found)


def _words(cells: Cells) -> tuple[Kind, str]:
    if cells.sort == "dates":
        return "dates", "dates"
    if cells.declared:
        return "categories", "text, the table says so"
    return kind_of_text(cells.values.tolist(), cells.rows.tolist())
