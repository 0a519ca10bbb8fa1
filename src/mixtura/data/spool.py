"""Rows that lie in a file of plain numbers, of which only what is worked on is in memory."""

import contextlib
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.blocks import Block
from mixtura.data.distinct import content_subsample, count_distinct, hashes_of
from mixtura.data.streamed_sample import streamed_sample
from mixtura.data.survey import Survey
from mixtura.errors import DataError

__all__ = ["Spool", "SpooledRows"]

Float = NDArray[np.float64]

# Cells that are read at once where all rows are gone through.
CHUNK_CELLS = 1 << 20
# By which the files of runs that were killed are known.
PREFIX = "mixtura-rows-"


@final
class SpooledRows:
    """A source over a file of cells, row after row, as the processor has them.

    Attributes
    ----------
    path : the file
    survey : what one pass found of the rows
    dtype : float64 or float32
    remove : takes the file away
    """

    lasting: ClassVar[bool] = True

    def __init__(self, path: Path, survey: Survey, dtype: np.dtype[Any]) -> None:
        self.path, self.survey, self.dtype = path, survey, dtype
        self.remove: Callable[[], object] = lambda: None
        self._samples: dict[tuple[int, int], tuple[NDArray[Any], Float | None]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave samples behind, which whoever gets the rows draws again."""
        return SpooledRows, (self.path, self.survey, self.dtype)

    def __len__(self) -> int:
        """Return N."""
        return self.n_rows

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
        return len(self.survey.lowest)

    @property
    def total_weight(self) -> float:
        """Return N: every row counts once."""
        return float(self.n_rows)

    def block(self, start: int, stop: int) -> Block:
        """Return some rows, read into memory of their own."""
        rows = np.empty((max(stop - start, 0), self.n_columns), self.dtype)
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(start * rows.strides[0])
                self._fill(file, rows)
        except OSError as error:
            raise DataError(
                f"'{self.path}', where rows were put to be read again, cannot be read "
                f"({error.strerror or error}); leave it in its place until the dataset is closed"
            ) from error
        return Block(rows, None)

    def _fill(self, file: BinaryIO, rows: NDArray[Any]) -> None:
        if not rows.size:
            return
        left = rows.view(np.uint8).reshape(-1).data
        while len(left):
            n_read = file.readinto(left)  # pyright: ignore[reportAttributeAccessIssue]
            if not n_read:
                raise OSError("it has become shorter")
            left = left[n_read:]

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield all rows, some at a time."""
        step = max(1, CHUNK_CELLS // self.n_columns)
        for start in range(0, self.n_rows, step):
            yield self.block(start, min(start + step, self.n_rows)).rows

    def subsample(self, size: int, seed: int) -> tuple[NDArray[Any], Float | None]:
        """Return the sample by contents that is drawn of the rows in memory."""
        if (size, seed) not in self._samples:
            if self.n_rows <= size:
                found = content_subsample(self.block(0, self.n_rows).rows, None, size, seed)
            else:
                found = streamed_sample(self.blocks, self.n_rows, self._taken, size, seed)
            self._samples[size, seed] = found
        return self._samples[size, seed]

    def _taken(self, positions: NDArray[np.intp]) -> NDArray[Any]:
        """Return the rows at positions that rise."""
        rows = np.empty((len(positions), self.n_columns), self.dtype)
        with open(self.path, "rb", buffering=0) as file:
            for row, position in zip(rows, positions.tolist(), strict=True):
                file.seek(position * rows.strides[0])
                self._fill(file, row)
        return rows

    def times(self, factor: float) -> "SpooledRows":
        """Return the rows as they are: only weights of less than one a row are multiplied."""
        assert factor == 1.0
        return self

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        seen = np.empty(0, dtype=np.uint64)
        for rows in self.blocks():
            if self.n_rows <= len(rows):
                return count_distinct(rows, at_least)
            seen = np.union1d(seen, hashes_of(rows, 0))
            if len(seen) >= at_least:
                return at_least
        return len(seen)


class Spool:
    """Takes rows in, in memory as long as they are few, and then to a file.

    Parameters
    ----------
    folder : for the file; None for the system's own for temporary files
    most_bytes : what may be in memory
    """

    def __init__(self, folder: Path | None, most_bytes: int) -> None:
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder
        self._most_bytes = most_bytes
        self._held: list[NDArray[Any]] = []
        self._n_bytes = 0
        self._survey: Survey | None = None
        self._dtype: np.dtype[Any] = np.dtype(np.float64)
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, and take it away unless its rows were asked for."""
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def add(self, rows: NDArray[Any]) -> None:
        """Take in rows (n, D) of one number of columns and one type."""
        own, self._dtype = Survey.of(rows), rows.dtype
        self._survey = own if self._survey is None else self._survey + own
        self._n_bytes += rows.nbytes
        if self._file is None and self._n_bytes <= self._most_bytes:
            self._held.append(rows)
            return
        for each in (*self._held, rows):
            self._write(each)
        self._held = []

    def _write(self, rows: NDArray[Any]) -> None:
        try:
            if self._file is None:
                _sweep(self._folder)
                self._path = self._folder / f"{PREFIX}{secrets.token_hex(8)}"
                self._file = self._path.open("xb")
                _is_locked(self._file)
            self._file.write(np.ascontiguousarray(rows).data)
        except OSError as error:
            free = shutil.disk_usage(self._folder).free if self._folder.is_dir() else 0
            raise DataError(
                f"rows that are more than memory may hold ({self._most_bytes:,} bytes) cannot be "
                f"put into '{self._folder}' ({error.strerror or error}; {free:,} bytes are free, "
                f"and {self._n_bytes:,} were needed so far); name a folder with more room by "
                "cache=, or let memory= be more"
            ) from error

    def ended(self) -> tuple[NDArray[Any] | SpooledRows, Survey]:
        """Return all rows, and what was found of them.

        Raises
        ------
        DataError
            If there were none.
        """
        if self._survey is None:
            raise DataError("there are no rows; give at least one")
        if self._file is None or self._path is None:
            return np.concatenate(self._held), self._survey
        self._file.flush()
        rows = SpooledRows(self._path, self._survey, self._dtype)
        # The file stays open, and so locked, as long as its rows are there.
        rows.remove = weakref.finalize(rows, _removed, self._path, os.getpid(), self._file)
        self._path = self._file = None
        return rows, self._survey


def _removed(path: Path, process: int, held: BinaryIO) -> None:
    """Remove the file, by the process that made it."""
    held.close()
    if os.getpid() == process:
        path.unlink(missing_ok=True)


def _is_locked(file: BinaryIO) -> bool:
    """Lock a file for this process if nobody has; return whether that could be done."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove what runs left that were killed: nobody has it locked."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if _is_locked(file):
                path.unlink()
