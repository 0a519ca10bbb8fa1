"""Groups and rows of what a user names, some at a time and as often as they are asked for."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import narwhals.stable.v2 as nw
import numpy as np

from mixtura.data.batches import parts_of
from mixtura.data.frames import in_memory_frame, is_frame, picked, without
from mixtura.data.parts import Asked
from mixtura.data.paths import files_of
from mixtura.errors import DataError, ParameterError

__all__ = ["Parts", "grouped_parts"]


class Parts(Protocol):
    """Reads all rows, once each time that it is called."""

    def __call__(self, *, rows: bool) -> Iterator[tuple[Any, Any, str]]:
        """Yield the groups of some rows, the rows or None where not wanted, and their place."""
        ...


def grouped_parts(data: Any, by: Any, columns: Sequence[str] | None) -> Parts:
    """Return what reads rows beside their groups, as `fit_by` takes them.

    Raises
    ------
    ParameterError
        If groups are not named so.
    """
    if columns is not None and (isinstance(by, str) and by in columns):
        raise ParameterError(
            f"columns names '{by}', which has one value in each group, as it is what by groups by; "
            "leave it out"
        )
    in_memory = is_frame(data) or isinstance(data, np.ndarray | list)
    if in_memory and files_of(data) is None:
        return _whole(data, by, columns)
    if not isinstance(by, str):
        raise ParameterError("by should be the name of a column, as groups of files are in them")
    names = None if columns is None else (*columns, by)

    def of_files(*, rows: bool) -> Iterator[tuple[Any, Any, str]]:
        asked = Asked(names if rows else (by,))
        for part in parts_of(data, asked):
            if not part.is_frame:
                raise ParameterError(f"by='{by}' names a column, and the rows have no names")
            frame = nw.from_native(part.cells)
            if by not in frame.columns:
                raise DataError(f"{part.place}: there is no column '{by}'")
            yield frame[by], without(part.cells, [by]) if rows else None, part.place

    return of_files


def _whole(data: Any, by: Any, columns: Sequence[str] | None) -> Parts:
    if is_frame(data):
        data = in_memory_frame(data)
    if isinstance(by, str):
        if not is_frame(data):
            raise ParameterError(
                f"by='{by}' names a column, and the rows have no names; give by a group for each "
                "row"
            )
        column: Any = nw.from_native(picked(data, [by]), eager_only=True)[by]
        cells = without(data, [by]) if columns is None else picked(data, list(columns))
    else:
        column, cells = by, data if columns is None else picked(data, list(columns))
        if not hasattr(by, "__len__") or len(by) != len(data):
            raise ParameterError(
                "by should be the name of a column, or a list of a group for each of the "
                f"{len(data):,} rows"
            )
    if not is_frame(cells):
        cells = np.asarray(cells)
        if cells.ndim != 2:
            raise DataError(f"rows should be (N, D), but are of shape {cells.shape}")
    return lambda *, rows: iter([(column, cells if rows else None, "")])
