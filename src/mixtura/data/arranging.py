"""Rows beyond memory as a fit takes them: those that weigh something, sorted by what they lack.

They are put into files once more, in the order that rows in memory get. Sorting is by runs that fit
into memory, which are then merged, some rows of each at a time; equal patterns stay in their order.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import pattern_words
from mixtura.data.blocks import Block
from mixtura.data.gaps import NOTHING_TOLD, lack_all
from mixtura.data.row_files import BlockWriter
from mixtura.data.spool import SpooledRows
from mixtura.data.survey import Survey
from mixtura.errors import DataError

__all__ = ["arranged", "rewritten"]

Float = NDArray[np.float64]
# Words of patterns (n,), as bytes that compare.
Words: TypeAlias = NDArray[np.bytes_]

# Cells of a run, and of all runs together while they are merged.
RUN_CELLS = 1 << 22
MERGED_CELLS = 1 << 21


def arranged(
    rows: SpooledRows,
    made: Callable[[NDArray[Any]], NDArray[Any]],
    by_pattern: slice | None,
    silent: Callable[[NDArray[Any]], NDArray[np.bool_]] = lack_all,
) -> SpooledRows:
    """Return rows of weight above zero with a cell, in the order of the patterns of some columns.

    Parameters
    ----------
    rows : as they were read
    made : makes of rows (n, D) those that are fitted (n, D')
    by_pattern : of the columns made, those by whose missing cells rows are sorted; None leaves
        rows in their order
    silent : which of the rows made (n,) have no cell
    """
    folder = rows.path.parent
    blocks = _telling(rows, made, silent)
    if by_pattern is None:
        return _written(blocks, folder)
    with ExitStack() as stack:
        runs = _sorted_runs(blocks, by_pattern, folder)
        for run in runs:
            stack.callback(run.rows.remove)
        return _written(_merged(runs), folder)


def rewritten(rows: SpooledRows, made: Callable[[NDArray[Any]], NDArray[Any]]) -> SpooledRows:
    """Return what is made of rows, all in their order, in files that take the place of theirs."""
    found = _written((own.made(made(own.rows)) for own in rows.blocks()), rows.path.parent)
    rows.remove()
    return found


def _telling(
    rows: SpooledRows,
    made: Callable[[NDArray[Any]], NDArray[Any]],
    silent: Callable[[NDArray[Any]], NDArray[np.bool_]],
) -> Iterator[Block]:
    for block in rows.blocks():
        own = block.made(made(block.rows))
        left_out = silent(own.rows)
        if own.labels is not None:
            # A row of which only its component is known still counts.
            left_out &= own.labels < 0
        if own.weights is not None:
            left_out |= own.weights == 0
        if left_out.any():
            own = own.of(~left_out)
        if len(own.rows):
            yield own


def _written(blocks: Iterable[Block], folder: Path) -> SpooledRows:
    """Return rows that are put into files of a folder."""
    survey: Survey | None = None
    with BlockWriter(folder) as writer:
        for block in blocks:
            own = Survey.of(block.rows, block.weights)
            survey = own if survey is None else survey + own
            writer.add(block)
        if survey is None:
            raise DataError(NOTHING_TOLD)
        return SpooledRows(writer.ended(), survey)


@dataclass(slots=True)
class _Run:
    """Sorted rows in a file, of which the next ones are in memory.

    Attributes
    ----------
    rows : of all runs
    start, stop : those that are not read yet
    by_pattern : the columns they are sorted by
    block, words : those that are in memory
    """

    rows: SpooledRows
    start: int
    stop: int
    by_pattern: slice
    block: Block | None = None
    words: Words = field(default_factory=lambda: np.empty(0, dtype="S1"))

    @property
    def is_read(self) -> bool:
        """Return whether all rows that are left are in memory."""
        return self.start >= self.stop

    def read(self, n_rows: int) -> None:
        """Read some rows if there are none in memory."""
        if len(self.words) or self.is_read:
            return
        stop = min(self.start + n_rows, self.stop)
        self.block = self.rows.block(self.start, stop)
        self.words = _words(self.block.rows[:, self.by_pattern])
        self.start = stop

    def taken(self, count: int) -> tuple[Block, Words]:
        """Return the first rows in memory, which it has no longer."""
        assert self.block is not None
        taken, words = self.block.of(slice(0, count)), self.words[:count]
        self.block, self.words = self.block.of(slice(count, None)), self.words[count:]
        return taken, words


def _sorted_runs(blocks: Iterable[Block], by_pattern: slice, folder: Path) -> list[_Run]:
    ends = [0]

    def sorted_blocks() -> Iterator[Block]:
        held: list[Block] = []
        for block in blocks:
            held.append(block)
            if sum(one.rows.size for one in held) >= RUN_CELLS:
                yield run_of(held)
                held = []
        if held:
            yield run_of(held)

    def run_of(held: list[Block]) -> Block:
        block = Block.joined(held)
        ends.append(ends[-1] + len(block.rows))
        return block.of(np.argsort(_words(block.rows[:, by_pattern]), kind="stable"))

    rows = _written(sorted_blocks(), folder)
    return [_Run(rows, start, stop, by_pattern) for start, stop in pairwise(ends)]


def _merged(runs: list[_Run]) -> Iterator[Block]:
    """Yield the rows of all runs, sorted; of equal ones those of earlier runs first."""
    width = runs[0].rows.n_columns
    at_once = max(1, MERGED_CELLS // (width * len(runs)))
    while True:
        for run in runs:
            run.read(at_once)
        runs = [run for run in runs if len(run.words)]
        if not runs:
            return
        parts, words = zip(*_next(runs), strict=True)
        order = np.argsort(np.concatenate(words), kind="stable")
        yield Block.joined(list(parts)).of(order)


def _next(runs: list[_Run]) -> Iterator[tuple[Block, Words]]:
    """Yield of each run the rows that no row can come before which is not in memory."""
    last = [(run.words[-1], place) for place, run in enumerate(runs) if not run.is_read]
    if not last:
        yield from (run.taken(len(run.words)) for run in runs)
        return
    word, owner = min(last)
    for place, run in enumerate(runs):
        # Equal rows of later runs wait for those of the one whose next rows are not read.
        side = "right" if place <= owner else "left"
        yield run.taken(int(np.searchsorted(run.words, word, side)))


def _words(rows: NDArray[Any]) -> Words:
    packed = np.ascontiguousarray(pattern_words(rows))
    return packed.view(f"S{packed.shape[1]}")[:, 0]
