"""Two folders change places in one step, where the system can do it."""

import ctypes
import os
import sys
from pathlib import Path

__all__ = ["exchanged"]

# From Linux' fcntl.h and fs.h, and from macOS' stdio.h.
HERE = -100
EXCHANGE = 2
SWAP = 2


def exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places; return whether the system could, else nothing has changed."""
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            return library.renameat2(HERE, first, HERE, second, EXCHANGE) == 0
        if sys.platform == "darwin":
            return library.renamex_np(first, second, SWAP) == 0
    except (AttributeError, OSError, TypeError):
        pass
    return False
