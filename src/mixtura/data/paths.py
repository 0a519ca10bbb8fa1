"""Which files a path, a folder or a pattern stands for, and how much their rows are."""

import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mixtura.data.packages import PACKAGES, SHEETS
from mixtura.errors import DataError

__all__ = [
    "MATRICES",
    "bytes_in_memory",
    "called",
    "called_together",
    "ending_of_matrix",
    "files_of",
    "format_of",
    "is_matrix",
    "is_spelled",
    "said_of_unknown",
]

TEXTS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
FORMATS = (".parquet", ".pq", ".arrow", ".feather", *TEXTS, ".npy", *PACKAGES)
MATRICES = (".svmlight", ".libsvm", ".mtx", ".npz")

# What text and compressed files take in memory, of what they take on disk.
UNFOLDED = {".gz": 8, ".csv": 2, ".tsv": 2, **dict.fromkeys(PACKAGES, 8)}


def called_together(names: Sequence[str]) -> Path:
    """Return how an error calls what several names stand for."""
    return Path(names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more")


def files_of(source: Any) -> list[Path] | None:
    """Return the files that a path, pattern, folder or list of such names, or None if none of it.

    Those of a pattern or a folder, and of folders in it, are in the order of their names.

    Raises
    ------
    DataError
        If there is no such file, or one is named twice.
    """
    if isinstance(source, str | os.PathLike):
        return _files_of_one(os.fspath(source))
    names = isinstance(source, list | tuple) and len(source) > 0
    if not names or not all(isinstance(one, str | os.PathLike) for one in source):
        return None
    found = [file for one in source for file in _files_of_one(os.fspath(one))]
    seen: set[Path] = set()
    for file in found:
        place = file.resolve()
        if place in seen:
            raise DataError(f"'{file}' is named twice, so its rows would count twice; name it once")
        seen.add(place)
    return found


def _files_of_one(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return _files_in(path)
    if path.exists():
        return [path]
    found: list[Path] = []
    for match in map(Path, sorted(glob.glob(name, recursive=True))):
        if match.is_file():
            found.append(match)
        elif match.is_dir() and "**" not in name and not _is_hidden(Path(match.name)):
            # As a shell gives it, which fills in patterns by itself.
            found += _files_in(match)
    if not found:
        what = "matches no file" if glob.has_magic(name) else "does not exist"
        raise DataError(f"'{name}' {what}; check the path and the current folder")
    return found


def _files_in(folder: Path) -> list[Path]:
    """Return the files of rows in a folder, and in folders in it, in the order of their names."""
    found = [
        file
        for file in folder.rglob("*")
        if file.is_file() and format_of(file) and not _is_hidden(file.relative_to(folder))
    ]
    if not found:
        raise DataError(
            f"'{folder}' holds no file of rows; there may be {', '.join(FORMATS)} in it, with "
            "names that begin with neither a point nor an underscore"
        )
    return sorted(found)


def _is_hidden(path: Path) -> bool:
    """Return whether a part of a path begins as those do that writers leave out of their data."""
    return any(part.startswith((".", "_")) for part in path.parts)


def format_of(file: Path) -> str | None:
    """Return which of the formats a file has by its name, None if none of them."""
    name = file.name.lower()
    return next((each for each in FORMATS if name.endswith(each)), None)


def is_spelled(file: Path) -> bool:
    """Return whether a file, of text or a sheet, holds cells as they are spelled."""
    return file.name.lower().endswith((*TEXTS, ".txt", ".txt.gz", *SHEETS))


def bytes_in_memory(files: Sequence[Path]) -> int:
    """Return about how many bytes the rows of some files take in memory."""
    return sum(map(_bytes_of, files))


def _bytes_of(file: Path) -> int:
    size = file.stat().st_size
    if file.suffix.lower() not in (".parquet", ".pq"):
        return size * UNFOLDED.get(file.suffix.lower(), 1)
    try:
        import pyarrow.parquet as pq

        facts = pq.read_metadata(file)
    except (ImportError, ValueError, OSError):
        # Whoever reads the file says what is wrong with it.
        return size
    return max(size, 8 * facts.num_rows * facts.num_columns)


def ending_of_matrix(path: Path) -> str:
    """Return the extension of a file, by which it may be one of `MATRICES`."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return "".join(suffixes[-1:])


def is_matrix(path: Path) -> bool:
    """Return whether a file is a matrix of counts, by its extension."""
    return ending_of_matrix(path) in MATRICES


def said_of_unknown(path: Path, known: Iterable[str]) -> str:
    """Return what an error says of a file whose extension is none of those known."""
    if is_matrix(path):
        return (
            f"'{path}' is a matrix of counts and no table of rows, as is asked for here; "
            "`mixtura fit` and `mixtura predict` take it, and in Python read_counts"
        )
    return (
        f"'{path}' has an extension that is not known here; rename it or convert it to one of "
        f"{', '.join(known)}"
    )


def called(source: Any) -> str:
    """Return how an error calls a source."""
    if isinstance(source, str | os.PathLike):
        return f"'{os.fspath(source)}'"
    return f"a {type(source).__name__}"
