"""What other libraries read: they may be missing, and fail in ways of their own."""

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mixtura.errors import DataError

__all__ = ["damaged", "library", "read_by_other", "require_library"]


def require_library(name: str, path: Path, extra: str) -> None:
    """Raise `DataError` that says how to install a library where it is not there."""
    if find_spec(name) is None:
        raise DataError(
            f"reading '{path}' needs {name}; install it: pip install 'mixtura[{extra}]'"
        )


def library(name: str, path: Path, extra: str) -> Any:
    """Return a library that reads a file, which a part of the installation brings.

    Raises
    ------
    DataError
        If it is not there.
    """
    require_library(name.partition(".")[0], path, extra)
    return import_module(name)


def read_by_other(path: Path, read: Callable[[], Any]) -> Any:
    """Return what another library reads; whatever it meets is what is wrong with the file.

    Raises
    ------
    DataError
        If it meets anything but the end of memory.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read()
    except (MemoryError, DataError):
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise damaged(path, reason) from error


def damaged(path: Path, reason: str) -> DataError:
    """Return the error of a file that cannot be read, for a reason in another library's words."""
    return DataError(
        f"'{path}' is damaged, cut short or not a {path.suffix} file ({reason}); copy or export it "
        "again"
    )
