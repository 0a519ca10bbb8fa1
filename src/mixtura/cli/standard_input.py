"""Rows from standard input, `-`, in a file as long as they are needed: they are read again."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mixtura.errors import DataError, MixturaError

__all__ = ["STANDARD_INPUT", "spooled_input"]

STANDARD_INPUT = "-"
# What files begin with, and the extension that says so; else it is text.
BEGINNINGS = {b"PAR1": ".parquet", b"ARROW1": ".arrow", b"\xff\xff\xff\xff": ".arrow"}
BEGINNINGS |= {b"\x1f\x8b": ".csv.gz"}
LONGEST = 6


@contextmanager
def spooled_input(names: Sequence[str], cache: Path | None) -> Iterator[tuple[str, ...]]:
    """Yield names of files, with a file of what comes from standard input in the place of `-`.

    Parameters
    ----------
    cache : folder for that file, or None for the system's own

    Raises
    ------
    DataError
        If `-` is named twice, or nothing comes.
    """
    if STANDARD_INPUT not in names:
        yield tuple(names)
        return
    if list(names).count(STANDARD_INPUT) > 1:
        raise DataError("standard input, -, is named twice, and comes once; leave one out")
    if sys.stdin is None:
        raise DataError("standard input is closed; name a file, or send one there")
    with TemporaryDirectory(prefix="mixtura-", dir=cache, ignore_cleanup_errors=True) as folder:
        source = sys.stdin.buffer
        begins = source.read(LONGEST)
        if not begins:
            raise DataError("nothing came from standard input; send it CSV, Parquet or Arrow")
        known = (kind for start, kind in BEGINNINGS.items() if begins.startswith(start))
        file = Path(folder) / f"standard-input{next(known, '.csv')}"
        with file.open("wb") as target:
            target.write(begins)
            shutil.copyfileobj(source, target)
        try:
            yield tuple(str(file) if name == STANDARD_INPUT else name for name in names)
        except MixturaError as error:
            text = str(error).replace(f"'{file}'", "standard input")
            error.args = (text.replace(str(file), "standard input"),)
            raise
