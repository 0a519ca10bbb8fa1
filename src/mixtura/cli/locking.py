"""A lock that ends with the process that holds it, however that ends."""

import contextlib
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from mixtura.errors import ParameterError

__all__ = ["locked"]

# Windows lets nobody read what is locked, so a byte beyond the text is.
BEYOND = 1 << 20


@contextlib.contextmanager
def locked(file: Path, place: Path) -> Iterator[str]:
    """Hold the lock of a place, and yield who held it last and never gave it back, or nothing.

    The system lets go of the lock of a process that was killed; the file of it stays, and is taken
    away by the next that holds it.

    Parameters
    ----------
    file : of the lock, made and taken away here
    place : what is locked, for an error

    Raises
    ------
    ParameterError
        Naming the process that holds it.
    """
    descriptor = _held(file, place)
    try:
        before = _text(descriptor)
        _write(descriptor, f"process {os.getpid()} on {platform.node() or 'this machine'}\n")
        yield before
    finally:
        _let_go(file, descriptor)


def _held(file: Path, place: Path) -> int:
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _lock(descriptor):
                who = _text(descriptor) or "another process"
                raise ParameterError(
                    f"{who} is writing to '{place}'; wait until it is done, or name another folder"
                )
            if _stands(file, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # Who held it has taken the file away meanwhile.
        os.close(descriptor)


def _stands(file: Path, descriptor: int) -> bool:
    """Return whether the file that is locked is the one that others will find."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> bool:
    """Return whether the lock could be had at once."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, BEYOND, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _let_go(file: Path, descriptor: int) -> None:
    if sys.platform == "win32":
        # A file that is open cannot be taken away there.
        os.close(descriptor)
        descriptor = -1
    with contextlib.suppress(OSError):
        file.unlink()
    if descriptor >= 0:
        os.close(descriptor)


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 500).decode(errors="replace").strip()


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.encode())
