"""Rows of several files, one after the other, in a folder that goes when nobody needs them."""

import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.data.records import PREFIX, Records, is_locked
from mixtura.errors import DataError

__all__ = ["ChainedRecords", "SharedFolder"]

# In each folder, held by whoever made it.
LOCK = "lock"


@final
class SharedFolder:
    """A folder for files that others write; it goes with `remove`, or when nobody has it.

    Parameters
    ----------
    where : the folder it is in; None for the system's own for temporary files
    """

    def __init__(self, where: Path | None) -> None:
        where = Path(tempfile.gettempdir()) if where is None else where
        _sweep(where)
        try:
            # As others see it, and for those that the system lets in.
            self.path = where.resolve() / f"{PREFIX}{secrets.token_hex(8)}"
            self.path.mkdir()
            held = (self.path / LOCK).open("wb")
        except OSError as error:
            raise DataError(
                f"rows cannot be put into '{where}' ({error.strerror or error}); name a folder "
                "that can be written to by cache="
            ) from error
        is_locked(held)
        self.remove = weakref.finalize(self, _removed, self.path, os.getpid(), held)


@final
class ChainedRecords:
    """Rows (N, D) of several files, as `Records` are those of one, of the widest of their types.

    Attributes
    ----------
    pieces : of one width
    lengths : rows of each
    folder : with which the files go, or None for who reads them only
    """

    def __init__(
        self, pieces: Sequence[Records], lengths: Sequence[int], folder: SharedFolder | None = None
    ) -> None:
        self.pieces, self.lengths, self.folder = tuple(pieces), tuple(lengths), folder
        self.dtype = np.result_type(*(piece.dtype for piece in pieces))
        self._ends = list(accumulate(lengths))

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the files to whoever has them."""
        return ChainedRecords, (self.pieces, self.lengths)

    @property
    def path(self) -> Path:
        """Return the folder of the files."""
        return self.pieces[0].path.parent if self.folder is None else self.folder.path

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.pieces[0].n_columns

    def remove(self) -> None:
        """Take the files away."""
        if self.folder is not None:
            self.folder.remove()

    def of_columns(self, columns: slice) -> "ChainedRecords":
        """Return some columns of all."""
        own = [piece.of_columns(columns) for piece in self.pieces]
        return ChainedRecords(own, self.lengths, self.folder)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return some rows, in memory of their own."""
        found = np.empty((max(stop - start, 0), self.n_columns), self.dtype)
        for piece, first, begin, end in self._of(start, stop):
            found[begin - start : end - start] = piece.read(begin - first, end - first)
        return found

    def take(self, positions: NDArray[np.intp]) -> NDArray[Any]:
        """Return the rows at positions that rise."""
        found = np.empty((len(positions), self.n_columns), self.dtype)
        for piece, first, begin, end in self._of(0, self._ends[-1]):
            own = slice(*np.searchsorted(positions, [begin, end]))
            if own.start < own.stop:
                found[own] = piece.take(positions[own] - first)
        return found

    def _of(self, start: int, stop: int) -> Iterator[tuple[Records, int, int, int]]:
        """Yield the files that have some of the rows, where each begins, and which these are."""
        place = int(np.searchsorted(self._ends, start, side="right"))
        while place < len(self.pieces) and start < stop:
            first = self._ends[place] - self.lengths[place]
            end = min(stop, self._ends[place])
            yield self.pieces[place], first, start, end
            start, place = end, place + 1


def _removed(path: Path, process: int, held: Any) -> None:
    """Remove the folder, by the process that made it."""
    held.close()
    if os.getpid() == process:
        shutil.rmtree(path, ignore_errors=True)


def _sweep(where: Path) -> None:
    """Remove folders of runs that were killed: nobody has them locked."""
    for lock in where.glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError), lock.open("rb") as file:
            if is_locked(file):
                shutil.rmtree(lock.parent, ignore_errors=True)
