"""Files that appear whole: written beside their place, then moved onto it."""

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["TEMPORARY", "flush_folder", "replacing", "write_text"]

TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp(\.\w+)?")
# No file takes so long to be written.
STALE_SECONDS = 3600


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path, and move what was written there onto `path` at the end.

    When anything is raised meanwhile, the temporary goes and what stood at `path` stays as it was.
    A file that is replaced passes on its permissions; a link keeps pointing to where it points.

    Parameters
    ----------
    path : where the file should stand at the end

    Yields
    ------
    a path that nothing has yet, in the same folder and with the same suffix

    Raises
    ------
    OSError
        When the folder is missing, or when something that is not a file stands at `path`.
    """
    target = Path(os.path.realpath(path))
    permissions = _permissions(target)
    _sweep(target.parent)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp{target.suffix}")
    try:
        yield temporary
        if permissions is not None:
            temporary.chmod(permissions)
        _flush(temporary)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    flush_folder(target.parent)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text as UTF-8, its line ends as they are, in place of what stood at `path`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def _permissions(target: Path) -> int | None:
    """Return the permissions of the file at the target, or None when there is none yet."""
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"the folder '{target.parent}' does not exist, so '{target.name}' cannot be written "
            f"there; create the folder or choose another"
        )
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"'{target}' is a folder; name a file inside it")
    if not stat.S_ISREG(mode):
        # Moving a file onto a pipe or a device would take it away from everyone else.
        raise OSError(f"'{target}' is not an ordinary file; write to a file and copy it there")
    return stat.S_IMODE(mode)


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left long ago."""
    with contextlib.suppress(OSError):
        for path in folder.glob(".*.tmp*"):
            if (
                TEMPORARY.fullmatch(path.name)
                and time.time() - path.stat().st_mtime > STALE_SECONDS
            ):
                path.unlink()


def _flush(path: Path) -> None:
    # Windows flushes only through a handle that may write; elsewhere the file may be read-only.
    with path.open("rb+" if os.name == "nt" else "rb") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make the move last through a power cut, where folders can be flushed at all."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
