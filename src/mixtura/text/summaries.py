"""`Summary`: what is told of a fit as text, and the same as a frame and as markup."""

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, Literal, Self, get_args

import numpy as np

from mixtura.errors import ParameterError
from mixtura.text.markup import as_html, as_latex, as_markdown
from mixtura.text.tables import SHOWN_ROWS, Passage, Rows

__all__ = ["Backend", "Summary", "Tabled", "frame_of", "frame_of_columns", "glance"]

Backend = Literal["pandas", "polars", "pyarrow"]

# Letters of what a notebook shows, and what is said of more.
MOST_SHOWN = 28_000
MORE = "There is more: print() the summary, or take its to_html()."


class Tabled:
    """What has `table()`, rows by name, has them as a data frame too."""

    __slots__ = ()

    def table(self) -> list[dict[str, Any]]:
        """Return rows by name."""
        raise NotImplementedError

    def to_frame(self, backend: Backend = "pandas") -> Any:
        """Return the rows of `table` as a data frame.

        Parameters
        ----------
        backend : the library that it is a frame of: "pandas", "polars" or "pyarrow"
        """
        return frame_of(self.table(), backend)


class Summary(Tabled, str):
    """Text for a terminal, which a notebook shows as tables.

    It is a `str`, so it can be printed, searched and written as any text. `passages` are its
    headings, tables and sentences, and `table()` has the numbers behind it.
    """

    passages: tuple[Passage, ...]
    records: tuple[Mapping[str, Any], ...]

    def __new__(
        cls, passages: Iterable[Passage], records: Iterable[Mapping[str, Any]] = ()
    ) -> Self:
        """Make the summary of passages, and of the rows of numbers that they tell of."""
        kept = tuple(passages)
        made = super().__new__(cls, "\n\n".join(map(str, kept)))
        made.passages, made.records = kept, tuple(records)
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.passages, self.records

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return the tables for a notebook, the first where they are many."""
        return glance(self.passages)

    def table(self) -> list[dict[str, Any]]:
        """Return the numbers behind the text, rows by name."""
        return [dict(record) for record in self.records]

    def to_html(self) -> str:
        """Return all tables as an element of HTML that needs nothing beside itself."""
        return as_html(self.passages)

    def to_latex(self) -> str:
        """Return all tables in LaTeX, by the rules of booktabs."""
        return as_latex(self.passages)

    def to_markdown(self) -> str:
        """Return all tables in Markdown."""
        return as_markdown(self.passages)


def glance(passages: Iterable[Passage]) -> str:
    """Return passages as HTML of a size that a notebook can keep, of many and long ones less."""
    shown, rows = list(passages), SHOWN_ROWS
    while len(page := as_html([one.cut(rows) for one in shown])) > MOST_SHOWN:
        if len(shown) > 2:
            shown = [*shown[:-2], Passage(said=MORE)]
        elif rows > 1:
            rows //= 2
        else:
            return as_html([Passage(said=MORE)])
    return page


def frame_of(records: Rows, backend: Backend = "pandas") -> Any:
    """Return rows by name as a data frame of a library.

    Where cells of a column differ in type, as levels may, all are text; numbers are all floats.

    Raises
    ------
    ParameterError
        If there is no such library here.
    """
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    return frame_of_columns(columns, backend)


def frame_of_columns(columns: Mapping[str, list[Any]], backend: Backend = "pandas") -> Any:
    """Return columns by name as a data frame of a library, as `frame_of` does rows."""
    if backend not in (known := get_args(Backend)):
        names = ", ".join(map(repr, known))
        raise ParameterError(f"backend should be one of {names}, but got {backend!r}")
    import narwhals.stable.v2 as nw

    alike = {name: _alike(cells) for name, cells in columns.items()}
    return nw.from_dict(alike, backend=backend).to_native()


def _alike(cells: list[Any]) -> list[Any]:
    kinds = {_kind_of(cell) for cell in cells if cell is not None}
    if len(kinds) < 2:
        return cells
    common = float if kinds == {int, float} else str
    return [None if cell is None else common(cell) for cell in cells]


def _kind_of(cell: Any) -> type:
    """Return the plain type of a cell, which numpy may have typed."""
    if isinstance(cell, (bool, np.bool_)):
        return bool
    plain = ((str, str), (Integral, int), (Real, float))
    return next((kind for known, kind in plain if isinstance(cell, known)), type(cell))
