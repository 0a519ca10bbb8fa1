"""Groups and rows of what a user names, some at a time and as often as they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from mixtura.data.batches import parts_of
from mixtura.data.checks import row_weights
from mixtura.data.frames import in_memory_frame, is_frame, numbers_of_frame, picked, without
from mixtura.data.parts import Asked
from mixtura.data.paths import files_of
from mixtura.data.reading import checked_weights
from mixtura.errors import DataError, ParameterError

__all__ = ["GroupedPart", "Parts", "grouped_parts"]


@dataclass(frozen=True, slots=True, eq=False)
class GroupedPart:
    """Some rows.

    Attributes
    ----------
    groups : (n) of the rows
    cells : a frame or an array of those to be fitted, or None
    weights : (n,) of the rows, or None where every row counts once
    place : what an error says of where they come from, or ""
    """

    groups: Any
    cells: Any
    weights: NDArray[np.float64] | None
    place: str


class Parts(Protocol):
    """Reads all rows, once each time that it is called."""

    def __call__(self, *, rows: bool) -> Iterator[GroupedPart]:
        """Yield some rows with their groups; without cells where these are not wanted."""
        ...


def grouped_parts(data: Any, by: Any, columns: Sequence[str] | None, weights: Any = None) -> Parts:
    """Return what reads rows beside their groups, as `fit_by` takes them.

    Raises
    ------
    ParameterError
        If groups or weights are not named so.
    """
    if columns is not None and isinstance(weights, str) and weights in columns:
        raise ParameterError(
            f"column '{weights}' is one of columns= and that of weights; leave one of them out"
        )
    if columns is not None and (isinstance(by, str) and by in columns):
        raise ParameterError(
            f"columns names '{by}', which has one value in each group, as it is what by groups by; "
            "leave it out"
        )
    in_memory = is_frame(data) or isinstance(data, np.ndarray | list)
    if in_memory and files_of(data) is None:
        return _whole(data, by, columns, weights)
    if weights is not None and not isinstance(weights, str):
        raise ParameterError("weights should be the name of a column, as those of files are there")
    if not isinstance(by, str):
        raise ParameterError("by should be the name of a column, as groups of files are in them")
    names = None if columns is None else (*columns, by)

    def of_files(*, rows: bool) -> Iterator[GroupedPart]:
        asked = Asked(names if rows else (by,), weights)
        for part in parts_of(data, asked):
            if not part.is_frame:
                raise ParameterError(f"by='{by}' names a column, and the rows have no names")
            frame = nw.from_native(part.cells)
            if by not in frame.columns:
                raise DataError(f"{part.place}: there is no column '{by}'")
            cells = without(part.cells, [by]) if rows else None
            yield GroupedPart(frame[by], cells, checked_weights(part, asked), part.place)

    return of_files


def _whole(data: Any, by: Any, columns: Sequence[str] | None, weights: Any) -> Parts:
    if is_frame(data):
        data = in_memory_frame(data)
    named = [name for name in (by, weights) if isinstance(name, str)]
    if named and not is_frame(data):
        called = "by" if isinstance(by, str) else "weights"
        raise ParameterError(
            f"{called}='{named[0]}' names a column, and the rows have no names; give one entry for "
            "each row"
        )
    column: Any = by
    if isinstance(by, str):
        column = nw.from_native(picked(data, [by]), eager_only=True)[by]
    elif not hasattr(by, "__len__") or len(by) != len(data):
        raise ParameterError(
            "by should be the name of a column, or a list of a group for each of the "
            f"{len(data):,} rows"
        )
    if isinstance(weights, str):
        weights = numbers_of_frame(picked(data, [weights]))[0][:, 0]
    counted = row_weights(weights, len(data))
    cells = without(data, named) if columns is None else picked(data, list(columns))
    if not is_frame(cells):
        cells = np.asarray(cells)
        if cells.ndim != 2:
            raise DataError(f"rows should be (N, D), but are of shape {cells.shape}")
    return lambda *, rows: iter([GroupedPart(column, cells if rows else None, counted, "")])
