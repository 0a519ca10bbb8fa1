"""Rows from parts of a source in which categories are numbers: as they come, then in order."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.checks import Names, column_label
from mixtura.data.frames import columns_of_frame
from mixtura.data.levels import Codebook, Labels
from mixtura.data.numbering import Aligned, finite
from mixtura.data.parts import Coded, Part, Where
from mixtura.data.paths import is_spelled
from mixtura.data.plain import columns_of_array, numbers_of_column
from mixtura.data.table import Table, table_of
from mixtura.errors import DataError

__all__ = ["Coder", "Made"]

# Of a column beyond memory; one of more is an identifier.
MOST_LEVELS = 1 << 15
# Names of columns that an error lists.
LISTED = 20

REMEDY = "mend the cell, or let the column be a categorical one"


@final
class Made:
    """What the numbers of categories, as they came, are in the order of their levels.

    Attributes
    ----------
    labels : of each column, its levels, none where it holds numbers
    ranks : of each column, where its numbers stand in order, with -1 last, or None
    """

    def __init__(
        self, labels: tuple[Labels, ...], ranks: Sequence[NDArray[np.int32] | None]
    ) -> None:
        self.labels, self._ranks = labels, ranks
        whole = all(rank is not None for rank in ranks)
        # One byte where it is enough, as most categories are few.
        most = max(map(len, labels))
        self._kind = np.min_scalar_type(-most) if whole else np.dtype(np.float64)

    def rows(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return rows (n, D) as they are fitted."""
        made = np.empty(rows.shape, self._kind)
        for place, rank in enumerate(self._ranks):
            column = rows[:, place]
            made[:, place] = column if rank is None else rank[column.astype(np.intp)]
        return made


@final
class Coder(Aligned):
    """Makes rows in which categories are numbers, as they come; what they are in order, it ends by.

    Parameters
    ----------
    coded : which columns are taken, and which of them hold categories
    called : names of the columns of an array, or None
    """

    def __init__(self, coded: Coded, called: tuple[str, ...] | None = None) -> None:
        super().__init__()
        self._coded, self._called = coded, called
        self._places: list[int] = []
        self._books: list[Codebook | None] = []

    @property
    def places(self) -> tuple[int, ...]:
        """Return where the columns that are taken stand among all."""
        return tuple(self._places)

    @property
    def taken(self) -> tuple[str, ...] | None:
        """Return the names of the columns that are taken, if there are any."""
        names = self.names
        return None if names is None else tuple(names[place] for place in self._places)

    def rows(self, part: Part) -> NDArray[Any]:
        """Return the rows (n, D) of a part: int32 where all are categories, else float64.

        Raises
        ------
        DataError
            Naming the first cell that is no category, or no number where it should be one.
        """
        try:
            columns, names, table = _columns(part)
        except DataError as error:
            raise DataError(f"{part.place}: {error}") from error
        names = names or self._called
        order = self.order_of(part, names, len(columns)) or list(range(len(columns)))
        if not self._books:
            self._begin(len(columns), part)
        whole = all(book is not None for book in self._books)
        n_rows = len(columns[0]) if table is None else table.n_rows
        rows = np.empty((n_rows, len(self._places)), np.int32 if whole else np.float64)
        if not n_rows:
            return rows
        try:
            for at, (place, book) in enumerate(zip(self._places, self._books, strict=True)):
                label = column_label(self.names, place)
                column = columns[order[place]]
                if book is None:
                    rows[:, at] = numbers_of_column(_values(column), label, REMEDY)
                elif isinstance(column, _Stored):
                    rows[:, at] = column.codes(book, label)
                else:
                    rows[:, at] = book.codes(column, label)
        except DataError as error:
            raise DataError(f"{part.place}: {error}") from error
        return rows if whole else finite(rows, self.taken, part)

    def check_levels(self) -> None:
        """Raise `DataError` if a column has more levels than are kept of rows beyond memory."""
        for place, book in zip(self._places, self._books, strict=True):
            if book is not None and len(book) > MOST_LEVELS:
                raise DataError(
                    f"{column_label(self.names, place)} has more than {MOST_LEVELS:,} levels, more "
                    "than categories of rows beyond memory may have; leave it out if it is an "
                    "identifier, bin it if it is a number, or let memory= be more"
                )

    def ended(self) -> Made:
        """Return the levels, and what makes rows of the numbers of these.

        Raises
        ------
        DataError
            Naming a column of categories without a value.
        """
        labels: list[Labels] = []
        ranks: list[NDArray[np.int32] | None] = []
        for place, book in zip(self._places, self._books, strict=True):
            own, rank = ((), None) if book is None else book.ended(column_label(self.names, place))
            labels.append(own)
            ranks.append(rank)
        return Made(tuple(labels), ranks)

    def _begin(self, n_columns: int, part: Part) -> None:
        taken, categories = self._coded.columns, self._coded.categories
        places = range(n_columns) if taken is None else taken
        self._places = [self._place(one, n_columns, part) for one in places]
        coded = (True,) * len(self._places) if categories is None else categories
        self._books = [Codebook() if own else None for own in coded]

    def _place(self, column: Where, n_columns: int, part: Part) -> int:
        """Return where a column stands in the first part."""
        if isinstance(column, str):
            if self.names is None:
                raise DataError(
                    f"{part.place}: a column '{column}' is asked for, and the columns have no names"
                )
            if column not in self.names:
                some = ", ".join(f"'{name}'" for name in self.names[:LISTED])
                raise DataError(f"{part.place}: there is no column '{column}'; there are {some}")
            return self.names.index(column)
        if not -n_columns <= column < n_columns:
            raise DataError(
                f"{part.place}: column {column} is asked for, and there are {n_columns}"
            )
        return int(column) % n_columns


@final
class _Stored:
    """A column of a table of Arrow's, of which each value is looked at once."""

    def __init__(self, table: Table, name: str, *, is_file: bool) -> None:
        self._table, self._name, self._is_file = table, name, is_file

    def codes(self, book: Codebook, label: str) -> NDArray[np.int32]:
        """Return the numbers (n,) of its categories."""
        import pyarrow as pa

        cells = self._table.content.select([self._name])
        stored = cells.column(0).combine_chunks()
        if isinstance(stored, pa.ChunkedArray) or pa.types.is_nested(stored.type):
            return book.codes(self._categories(self._table), label)
        found = stored.dictionary_encode()
        distinct = pa.table([found.dictionary], schema=cells.schema)
        told = table_of(self._table.path, distinct, spelled=self._table.spelled)
        places = np.append(book.codes(self._categories(told), label), np.int32(-1))
        return places[found.indices.fill_null(len(places) - 1).to_numpy(zero_copy_only=False)]

    def values(self) -> Any:
        """Return its cells as a column of numbers has them."""
        return columns_of_frame(self._table.content.select([self._name]))[0][0]

    def _categories(self, table: Table) -> list[Any]:
        # In files dates are text, labels are what values are called, and blanks may be missing.
        return table.categories(self._name) if self._is_file else table.column(self._name)


def _columns(part: Part) -> tuple[list[Any], Names, Table | None]:
    """Return the columns of a part, their names, and the table they are of where it is Arrow's."""
    if not part.is_frame:
        columns = columns_of_array(part.cells)
        if not columns:
            raise DataError("there is no column")
        return columns, None, None
    if hasattr(part.cells, "combine_chunks"):
        is_file = part.file is not None
        path = part.file if part.file is not None else part.place
        spelled = part.file is not None and is_spelled(part.file)
        table = table_of(path, part.cells, spelled=spelled)  # pyright: ignore[reportArgumentType]
        stored: list[Any] = [_Stored(table, name, is_file=is_file) for name in table.names]
        return stored, table.names, table
    columns, names = columns_of_frame(part.cells)
    return columns, names, None


def _values(column: Any) -> Any:
    return column.values() if isinstance(column, _Stored) else column
