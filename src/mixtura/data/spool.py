"""Rows that lie in a file of plain numbers, of which only what is worked on is in memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from mixtura.arrays import order_by_pattern
from mixtura.data.blocks import Block
from mixtura.data.distinct import content_subsample, count_distinct, hashes_of, subsample_of_cells
from mixtura.data.row_files import BlockWriter, RowFiles
from mixtura.data.streamed_sample import streamed_sample
from mixtura.data.survey import Survey
from mixtura.data.totals import total_of_parts
from mixtura.errors import DataError

__all__ = ["Spool", "SpooledRows"]

Float = NDArray[np.float64]
# Numbers (n,) of some rows.
Tags: TypeAlias = Callable[[int, int], NDArray[np.intp]]

# Cells, or weights, that are read at once where all rows are gone through.
CHUNK_CELLS = 1 << 20


@final
class SpooledRows:
    """A source over files of rows.

    Attributes
    ----------
    files : of cells, float64 or float32 or numbers of categories, and what stands beside them
    survey : what one pass found of the rows
    factor : by which weights are multiplied
    by_cells : whether samples are those of `CountRows`
    """

    lasting: ClassVar[bool] = True

    def __init__(
        self,
        files: RowFiles,
        survey: Survey,
        factor: float = 1.0,
        *,
        by_cells: bool = False,
    ) -> None:
        self.files, self.survey, self.factor = files, survey, factor
        self.by_cells = by_cells
        self._total: float | None = None
        self._samples: dict[tuple[int, int], tuple[NDArray[Any], Float | None]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave samples behind, which whoever gets the rows draws again."""
        own = self.files, self.survey, self.factor
        return partial(SpooledRows, by_cells=self.by_cells), own

    def __len__(self) -> int:
        """Return N."""
        return self.n_rows

    @property
    def path(self) -> Path:
        """Return the file of cells, or the folder of several."""
        return self.files.cells.path

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of cells."""
        return self.files.cells.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """Return N and D."""
        return self.n_rows, self.n_columns

    @property
    def n_rows(self) -> int:
        """Return N."""
        return self.survey.n_rows

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.files.cells.n_columns

    @property
    def has_labels(self) -> bool:
        """Return whether a column says something of the rows' components."""
        return self.files.labels is not None

    @property
    def total_weight(self) -> float:
        """Return Σ w, which a first question adds up."""
        if self._total is None and self.files.weights is None:
            self._total = float(self.n_rows)
        elif self._total is None:
            parts = (self.row_weights(*bound) for bound in self._bounds(CHUNK_CELLS))
            self._total = total_of_parts(part for part in parts if part is not None)
        return self._total

    @property
    def _heaviest(self) -> float:
        return self.survey.heaviest * self.factor

    def remove(self) -> None:
        """Take the files away."""
        self.files.remove()

    def row_weights(self, start: int, stop: int) -> Float | None:
        """Return the weights (n,) of some rows, or None where every row counts once."""
        if self.files.weights is None:
            return None
        return self._scaled(self.files.weights.read(start, stop)[:, 0])

    def row_labels(self, start: int, stop: int) -> Float:
        """Return what a column says of the components of some rows (n,), where there is one."""
        assert self.files.labels is not None
        return self.files.labels.read(start, stop)[:, 0]

    def block(self, start: int, stop: int) -> Block:
        """Return some rows, read into memory of their own."""
        found = self.files.block(start, stop)
        if found.weights is None:
            return found
        return Block(found.rows, self._scaled(found.weights), labels=found.labels)

    def _scaled(self, weights: Float) -> Float:
        return weights if self.factor == 1.0 else weights * self.factor

    def blocks(self) -> Iterator[Block]:
        """Yield all rows, some at a time."""
        for bound in self._bounds(max(1, CHUNK_CELLS // self.n_columns)):
            yield self.block(*bound)

    def _bounds(self, step: int) -> Iterator[tuple[int, int]]:
        for start in range(0, self.n_rows, step):
            yield start, min(start + step, self.n_rows)

    def subsample(self, size: int, seed: int) -> tuple[NDArray[Any], Float | None]:
        """Return the sample by contents that is drawn of the rows in memory."""
        if (size, seed) not in self._samples:
            if self.n_rows <= size:
                whole = self.block(0, self.n_rows)
                drawn = subsample_of_cells if self.by_cells else content_subsample
                found = drawn(whole.rows, whole.weights, size, seed)
            else:
                found = self._streamed(size, seed)
            self._samples[size, seed] = found
        return self._samples[size, seed]

    def _streamed(self, size: int, seed: int) -> tuple[NDArray[Any], Float]:
        passes, take = self._passes, self.files.cells.take
        is_filled = self.survey.has_gaps and not self.by_cells
        if is_filled:
            # Infinity stands for NaN meanwhile, as in memory.
            passes = self._filled_passes
            take = lambda places: _filled(self.files.cells.take(places))  # noqa: E731
        rows, weights = streamed_sample(
            passes,
            self.total_weight,
            take,
            size,
            seed,
            heaviest=self._heaviest,
            by_cells=self.by_cells,
        )
        if not is_filled:
            return rows, weights
        rows = np.where(np.isinf(rows), rows.dtype.type(np.nan), rows)
        order = order_by_pattern(rows)
        return rows[order], weights[order]

    def _passes(self) -> Iterator[tuple[NDArray[Any], Float | None]]:
        return ((block.rows, block.weights) for block in self.blocks())

    def _filled_passes(self) -> Iterator[tuple[NDArray[Any], Float | None]]:
        return ((_filled(rows), weights) for rows, weights in self._passes())

    def times(self, factor: float) -> "SpooledRows":
        """Return the rows with every weight multiplied."""
        if factor == 1.0:
            return self
        # Rows that count once each have a mean weight of one, and stay as they are.
        assert self.files.weights is not None
        factor *= self.factor
        return SpooledRows(self.files, self.survey, factor, by_cells=self.by_cells)

    def of_columns(self, columns: slice) -> "SpooledRows":
        """Return some columns of the rows."""
        files, survey = self.files.of_columns(columns), self.survey.of_columns(columns)
        return SpooledRows(files, survey, self.factor, by_cells=self.by_cells)

    def tagged(self, tags: Tags) -> "SpooledRows":
        """Return the rows with a column more, of whole numbers, as a source of samples by both."""
        files = replace(self.files, cells=cast("Any", _Tagged(self.files.cells, tags)))
        return SpooledRows(files, self.survey, self.factor)

    def as_counts(self) -> "SpooledRows":
        """Return the rows as `CountRows` are in memory."""
        return SpooledRows(self.files, self.survey, self.factor, by_cells=True)

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        seen = np.empty(0, dtype=np.uint64)
        for rows, _ in self._passes():
            if self.n_rows <= len(rows):
                return count_distinct(rows, at_least)
            seen = np.union1d(seen, hashes_of(rows, 0))
            if len(seen) >= at_least:
                return at_least
        return len(seen)


def _filled(rows: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.isnan(rows), rows.dtype.type(np.inf), rows)


@final
class _Tagged:
    """Cells with a column more."""

    def __init__(self, cells: Any, tags: Tags) -> None:
        self._cells, self._tags = cells, tags
        self.path, self.dtype, self.n_columns = cells.path, cells.dtype, cells.n_columns + 1

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return some rows."""
        rows = self._cells.read(start, stop)
        return np.column_stack([rows, self._tags(start, stop).astype(rows.dtype)])

    def take(self, positions: NDArray[np.intp]) -> NDArray[Any]:
        """Return the rows at positions that rise."""
        rows = self._cells.take(positions)
        tags = [self._tags(place, place + 1)[0] for place in positions.tolist()]
        return np.column_stack([rows, np.array(tags, dtype=rows.dtype)])


class Spool:
    """Takes rows in, in memory as long as they are few, and then to files.

    Parameters
    ----------
    folder : for the files; None for the system's own for temporary files
    most_bytes : what may be in memory
    """

    def __init__(self, folder: Path | None, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: list[Block] = []
        self._n_bytes = 0
        self._survey: Survey | None = None
        self._writer = BlockWriter(folder)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files, and take them away unless their rows were asked for."""
        self._writer.__exit__()

    @property
    def is_begun(self) -> bool:
        """Return whether rows went to files."""
        return self._writer.is_begun

    def add(self, block: Block) -> None:
        """Take in rows (n, D) of one number of columns, all with what stands beside them or none.

        Where float64 follows on float32, all become float64.
        """
        own = Survey.of(block.rows, block.weights)
        self._survey = own if self._survey is None else self._survey + own
        beside = [each for each in (block.weights, block.labels) if each is not None]
        self._n_bytes += block.rows.nbytes + sum(each.nbytes for each in beside)
        self._held.append(block)
        if not self.is_begun and self._n_bytes <= self._most_bytes:
            return
        for each in self._held:
            self._writer.add(each)
        self._held = []

    def ended(self, called: Path | None = None) -> tuple[Block | SpooledRows, Survey]:
        """Return all rows, and what was found of them.

        Parameters
        ----------
        called : the files that they came from

        Raises
        ------
        DataError
            If there were none.
        """
        if self._survey is None:
            place = "" if called is None else f" in '{called}'"
            raise DataError(f"there are no rows{place}; give at least one")
        if self.is_begun:
            return SpooledRows(self._writer.ended(), self._survey), self._survey
        return Block.joined(self._held), self._survey
