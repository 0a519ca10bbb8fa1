"""Standard output, for tables."""

import io
import os
import sys
from contextlib import suppress
from typing import Any, BinaryIO, cast

from mixtura.cli.voice import without_controls
from mixtura.errors import DataError

__all__ = ["binary_output", "forget_output", "unwritten"]


def binary_output() -> BinaryIO:
    """Return standard output for bytes; raise `DataError` where it is closed.

    A terminal is given no control characters, another reader all that there is.
    """
    if sys.stdout is None:
        raise DataError("standard output is closed; name a file with -o")
    return cast("BinaryIO", _Output(sys.stdout.buffer, is_shown=sys.stdout.isatty()))


def forget_output() -> None:
    """Drop what waits to be printed, which would fail once more at the end."""
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unwritten(error: OSError) -> str:
    """Return what is to be said where standard output cannot be written."""
    return f"standard output cannot be written ({error.strerror})"


class _Output(io.RawIOBase):
    """Bytes for standard output, which says so where it takes none.

    Parameters
    ----------
    sink : what takes them
    is_shown : whether it is a terminal
    """

    def __init__(self, sink: BinaryIO, *, is_shown: bool) -> None:
        super().__init__()
        self._sink, self._is_shown = sink, is_shown

    def writable(self) -> bool:
        return True

    def write(self, given: Any, /) -> int:
        told = bytes(given)
        try:
            self._sink.write(_escaped(told) if self._is_shown else told)
            self._sink.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            forget_output()
            raise DataError(f"{unwritten(error)}; name a file with -o") from error
        return len(told)


def _escaped(told: bytes) -> bytes:
    return without_controls(told.decode("utf-8", "backslashreplace")).encode()
