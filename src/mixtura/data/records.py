"""Files of plain numbers, row after row, that go when nobody needs them any more."""

import contextlib
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Self, final

import numpy as np
from numpy.typing import NDArray

from mixtura.errors import DataError

__all__ = ["PREFIX", "RecordWriter", "Records", "is_locked"]

# By which the files of runs that were killed are known.
PREFIX = "mixtura-rows-"
# Cells that are read at once where they become of a wider type.
WIDENED = 1 << 20


@final
class Records:
    """Rows (N, D) of one type in a file, as the processor has them.

    Attributes
    ----------
    path : the file
    dtype : of the numbers
    width : of a row in the file
    columns : which of these are the D columns
    remove : takes the file away
    """

    def __init__(
        self, path: Path, dtype: np.dtype[Any], width: int, columns: slice = slice(None)
    ) -> None:
        self.path, self.dtype, self.width, self.columns = path, dtype, width, columns
        self.remove: Callable[[], object] = lambda: None
        # Whose going takes the file away.
        self._whole: Records | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the file to whoever has it."""
        return Records, (self.path, self.dtype, self.width, self.columns)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return len(range(self.width)[self.columns])

    def of_columns(self, columns: slice) -> "Records":
        """Return some columns of all."""
        found = Records(self.path, self.dtype, self.width, columns)
        found.remove, found._whole = self.remove, self
        return found

    def leave(self) -> None:
        """Let the file stay where nobody here needs it any more, for others."""
        if isinstance(self.remove, weakref.finalize):
            found = self.remove.detach()
            assert found is not None
            held: BinaryIO = found[2][-1]
            held.close()

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return some rows, in memory of their own; numbers of categories as int32."""
        rows = np.empty((max(stop - start, 0), self.width), self.dtype)
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(start * rows.strides[0])
                _fill(file, rows)
        except OSError as error:
            raise DataError(
                f"'{self.path}', where rows were put to be read again, cannot be read "
                f"({error.strerror or error}); leave it in its place until the dataset is closed"
            ) from error
        return self._given(rows)

    def take(self, positions: NDArray[np.intp]) -> NDArray[Any]:
        """Return the rows at positions that rise."""
        rows = np.empty((len(positions), self.width), self.dtype)
        with open(self.path, "rb", buffering=0) as file:
            for row, position in zip(rows, positions.tolist(), strict=True):
                file.seek(position * rows.strides[0])
                _fill(file, row)
        return self._given(rows)

    def _given(self, rows: NDArray[Any]) -> NDArray[Any]:
        some = np.ascontiguousarray(rows[:, self.columns])
        return some.astype(np.int32) if some.dtype.kind == "i" else some


class RecordWriter:
    """Writes rows to a file, which is gone unless they are asked for.

    Parameters
    ----------
    folder : for the file; None for the system's own for temporary files
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._n_bytes = 0
        self._kind: tuple[np.dtype[Any], int] | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, and take it away unless its rows were asked for."""
        if self._file is not None:
            self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @property
    def is_begun(self) -> bool:
        """Return whether rows were written."""
        return self._file is not None

    def add(self, rows: NDArray[Any]) -> None:
        """Write rows (n, D) of one number of columns; those before become of a wider type."""
        if self._kind is not None and self._kind[0] != rows.dtype:
            self._widen(rows.dtype)
        self._write(rows)

    def _widen(self, dtype: np.dtype[Any]) -> None:
        """Write all rows so far anew, as numbers of another type."""
        before = self.ended()
        self._kind, n_rows = None, self._n_bytes // (before.dtype.itemsize * before.width)
        self._n_bytes = 0
        for start in range(0, n_rows, step := max(1, WIDENED // before.width)):
            self._write(before.read(start, min(start + step, n_rows)).astype(dtype))
        before.remove()

    def _write(self, rows: NDArray[Any]) -> None:
        self._kind = rows.dtype, rows.shape[1]
        self._n_bytes += rows.nbytes
        try:
            if self._file is None:
                _sweep(self._folder)
                self._path = self._folder / f"{PREFIX}{secrets.token_hex(8)}"
                self._file = self._path.open("xb")
                is_locked(self._file)
            self._file.write(np.ascontiguousarray(rows).data)
        except OSError as error:
            free = shutil.disk_usage(self._folder).free if self._folder.is_dir() else 0
            raise DataError(
                "rows that are more than memory may hold cannot be put into "
                f"'{self._folder}' ({error.strerror or error}; {free:,} bytes are free, and "
                f"{self._n_bytes:,} were needed so far); name a folder with more room by cache=, "
                "or let memory= be more"
            ) from error

    def ended(self) -> Records:
        """Return all rows, of which there are some."""
        assert self._file is not None
        assert self._path is not None
        assert self._kind is not None
        self._file.flush()
        found = Records(self._path, *self._kind)
        # The file stays open, and so locked, as long as its rows are there.
        found.remove = weakref.finalize(found, _removed, self._path, os.getpid(), self._file)
        self._path = self._file = None
        return found


def _fill(file: BinaryIO, rows: NDArray[Any]) -> None:
    if not rows.size:
        return
    left = rows.view(np.uint8).reshape(-1).data
    while len(left):
        n_read = file.readinto(left)  # pyright: ignore[reportAttributeAccessIssue]
        if not n_read:
            raise OSError("it has become shorter")
        left = left[n_read:]


def _removed(path: Path, process: int, held: BinaryIO) -> None:
    """Remove the file, by the process that made it."""
    held.close()
    if os.getpid() == process:
        path.unlink(missing_ok=True)


def is_locked(file: BinaryIO) -> bool:
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
            if is_locked(file):
                path.unlink()
