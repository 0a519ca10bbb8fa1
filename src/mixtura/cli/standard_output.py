"""Standard output, for tables."""

import sys
from typing import BinaryIO

from mixtura.errors import DataError

__all__ = ["binary_output"]


def binary_output() -> BinaryIO:
    """Return standard output for bytes; raise `DataError` where it is closed."""
    if sys.stdout is None:
        raise DataError("standard output is closed; name a file with -o")
    return sys.stdout.buffer
