"""Rows put side by side by their groups, in memory or in a file that goes with them."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.memory import bytes_of
from mixtura.data.parts import ReadAs
from mixtura.errors import DataError
from mixtura.grouped.makers import Maker
from mixtura.grouped.names import Names, Runs, in_order
from mixtura.grouped.parts import grouped_parts

__all__ = ["GroupedRows", "grouped_rows"]

Float = NDArray[np.float64]
Codes = NDArray[np.intp]

CHANGED = "there are other rows than when groups were counted; leave the data as they are meanwhile"


@dataclass(frozen=True, slots=True, eq=False)
class GroupedRows:
    """Rows of weight above zero sorted by group, those of a group in the order they came in.

    Attributes
    ----------
    by : what the groups are called
    groups : (G) their names, in order
    bounds : (G + 1) int64, where the rows of each begin
    cells : (N, D) float64
    columns : (D) names, or None
    weights : (N,) of the rows, or None where every row counts once
    read_as : what is known of columns with categories, or None where cells are numbers
    """

    by: str
    groups: tuple[Any, ...]
    bounds: NDArray[np.int64]
    cells: Float
    columns: tuple[str, ...] | None
    weights: Float | None = None
    read_as: ReadAs | None = None

    def of(self, number: int) -> Float:
        """Return the rows of a group."""
        first = self.bounds[0]
        return self.cells[self.bounds[number] - first : self.bounds[number + 1] - first]

    def weights_of(self, number: int) -> Float | None:
        """Return the weights of the rows of a group."""
        some = slice(*(self.bounds[number : number + 2] - self.bounds[0]).tolist())
        return None if self.weights is None else np.array(self.weights[some])

    @property
    def totals(self) -> Float:
        """Return the total weight (G,) of each group."""
        sizes = np.diff(self.bounds).astype(np.float64)
        if self.weights is None:
            return sizes
        spans = pairwise((self.bounds - self.bounds[0]).tolist())
        return np.array([float(self.weights[first:last].sum()) for first, last in spans])

    def some(self, first: int, last: int) -> "GroupedRows":
        """Return the groups from one to before another."""
        bounds = self.bounds[first : last + 1]
        own = slice(bounds[0], bounds[-1])
        weights = None if self.weights is None else np.array(self.weights[own])
        groups = self.groups[first:last]
        return GroupedRows(self.by, groups, bounds, self.cells[own], self.columns, weights)


def grouped_rows(
    data: Any,
    by: Any,
    columns: Sequence[str] | None = None,
    weights: Any = None,
    *,
    maker: Maker,
    memory: int | str | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> GroupedRows:
    """Return the rows of data by group.

    Parameters
    ----------
    data : a frame of any library, an array (N, D), or files as `mixtura.dataset` takes them, which
        are read twice: once for the groups, once for the rows
    by : the name of a column of groups, or a group for each row of an array or a frame
    columns : names of those to be fitted; all but that of groups when None
    memory : bytes that sorted rows may take in memory; more are in a file of N D 8 bytes
    cache : folder of that file
    weights : the name of a column of row weights, or one for each row of an array or a frame
    maker : makes numbers of cells

    Raises
    ------
    DataError
        Naming the column and row of a cell that is no number, or a group that is missing.
    ParameterError
        If groups are not named so.
    """
    if isinstance(data, Iterator):
        raise DataError(
            "rows are read twice, first for their groups, and this gives them once; let data be "
            "files, or a function that returns a new reader"
        )
    parts = grouped_parts(data, by, columns, weights)
    called = by if isinstance(by, str) else getattr(by, "name", None) or "group"
    names, counts, n_parts = Names(), np.zeros(0, dtype=np.int64), 0
    for part in parts(rows=False):
        runs = names.runs(part.groups, called)
        runs = runs if part.weights is None else runs.where(part.weights > 0)
        found = runs.counts(len(names.numbers))
        found[: len(counts)] += counts
        counts, n_parts = found, n_parts + 1
    if not counts.size:
        raise DataError("there are no rows")
    groups, places = in_order(list(names.numbers))
    numbers = np.empty(len(places), dtype=np.intp)
    numbers[places] = np.arange(len(places))
    bounds = np.concatenate([[0], np.cumsum(counts[places])]).astype(np.int64)

    def read() -> Iterator[tuple[Runs, Float, tuple[str, ...] | None]]:
        for part in parts(rows=True):
            cells, named = maker.cells(part.cells, part.place)
            runs = names.runs(part.groups, called)
            if part.weights is not None:
                kept = part.weights > 0
                runs = runs.where(kept)
                cells = np.column_stack([cells[kept], part.weights[kept]])
            # Rows lie side by side however they came, so that sums over them have the same bits.
            yield Runs(numbers[runs.numbers], runs.sizes), np.ascontiguousarray(cells), named

    if n_parts > 1:
        room = partial(_room, memory=bytes_of(memory), cache=cache)
        cells, named = _placed(read(), bounds, room)
    else:
        ((runs, cells, named),) = read()
        if not (runs.numbers[1:] >= runs.numbers[:-1]).all():
            cells = cells[np.argsort(runs.of_rows(), kind="stable")]
    counted = None
    if weights is not None:
        cells, counted = cells[:, :-1], cells[:, -1]
    return GroupedRows(called, groups, bounds, cells, named, counted, maker.ended(cells))


def _placed(
    parts: Iterable[tuple[Runs, Float, tuple[str, ...] | None]],
    bounds: NDArray[np.int64],
    room: Callable[[int, int], Float],
) -> tuple[Float, tuple[str, ...] | None]:
    """Return rows of parts, each where its group has the next place, and the columns' names."""
    free, cells, columns = bounds[:-1].copy(), None, None
    for runs, found, named in parts:
        if cells is None:
            cells, columns = room(int(bounds[-1]), found.shape[1]), named
        if found.shape[1] != cells.shape[1] or named != columns:
            raise DataError("the columns of some files are not those of the first")
        codes = runs.of_rows()
        order = np.argsort(codes, kind="stable")
        own = codes[order]
        first = np.flatnonzero(np.diff(own, prepend=-1))
        sizes = np.diff(first, append=len(own))
        if len(found) != len(codes) or (free[own[first]] + sizes > bounds[own[first] + 1]).any():
            raise DataError(CHANGED)
        within = np.arange(len(own)) - np.repeat(first, sizes)
        cells[free[own] + within] = found[order]
        free[own[first]] += sizes
    if cells is None or (free != bounds[1:]).any():
        raise DataError(CHANGED)
    return cells, columns


def _room(n_rows: int, n_columns: int, memory: int, cache: str | os.PathLike[str] | None) -> Float:
    if n_rows * n_columns * 8 <= memory:
        return np.empty((n_rows, n_columns))
    # The file has no name any more, so it goes with the rows.
    with tempfile.TemporaryFile(dir=None if cache is None else Path(cache)) as file:
        return np.memmap(file, dtype=np.float64, mode="w+", shape=(n_rows, n_columns))
