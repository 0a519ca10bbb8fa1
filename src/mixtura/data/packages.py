"""Files that other libraries read as Arrow tables: of statistics packages and spreadsheets here.

Values that a file has labels for are kept as they are, and the labels beside them: numbers stay
numbers for who asks for numbers, and categories are called as their labels say.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixtura.data import readstat
from mixtura.data.foreign import damaged, library, read_by_other, require_library
from mixtura.data.instruments import INSTRUMENTS
from mixtura.data.readstat import cells_of
from mixtura.data.table import MISSING, checked_names
from mixtura.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PACKAGES", "SHEETS"]

EXTRA = "formats"
STATISTICS = {
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".dta": "read_dta",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}
SHEETS = (".xlsx", ".xls", ".xlsb", ".ods")


def _read_statistics(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    """Return a file of SPSS, Stata or SAS; what it says is missing is, user-missing values too."""
    import pyarrow as pa

    require_library("pyreadstat", path, EXTRA)
    # Who cannot open the file is told so by this process.
    with open(path, "rb"):
        pass
    with tempfile.TemporaryDirectory(prefix="mixtura-") as folder:
        target = os.path.join(folder, "table.arrow")
        function, asked = STATISTICS[path.suffix.lower()], json.dumps(columns)
        done = subprocess.run(
            [sys.executable, "-P", readstat.__file__, function, str(path), asked, target],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
        if done.returncode or not os.path.exists(target):
            raise _ended(path, done.returncode, done.stderr.decode(errors="replace"))
        with pa.OSFile(target, "rb") as file:
            table = pa.ipc.open_file(file).read_all()
    names = json.loads(table.schema.metadata[readstat.NAMES])
    return table.select(list(checked_names(path, names, columns))).replace_schema_metadata()


def _ended(path: Path, code: int, said: str) -> Exception:
    """Return the error of a reader that did not end well."""
    if code == readstat.NO_MEMORY:
        return MemoryError(f"'{path}' takes more memory than there is")
    reason = f"pyreadstat, which reads it, ended with code {code}"
    if code == readstat.FAILED:
        reason = said.strip().split("\n")[-1]
    return damaged(path, reason)


def _read_sheet(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    """Return the one sheet of a workbook that holds rows; its first row has the names."""
    import pyarrow as pa

    calamine = library("python_calamine", path, EXTRA)
    book = read_by_other(path, lambda: calamine.CalamineWorkbook.from_path(path))
    sheets = {
        name: read_by_other(path, lambda name=name: book.get_sheet_by_name(name).to_python())
        for name in book.sheet_names
    }
    filled = {name: rows for name, rows in sheets.items() if any(map(any, rows))}
    if not filled:
        raise DataError(f"'{path}' holds no sheet with rows; save one with a header and rows")
    if len(filled) > 1:
        listed = ", ".join(f"'{name}'" for name in filled)
        raise DataError(
            f"'{path}' has several sheets with rows ({listed}); save the one to be read as a file "
            "of its own"
        )
    header, *rows = next(iter(filled.values()))
    for place, name in enumerate(header):
        if not isinstance(name, str) or not name.strip():
            raise DataError(
                f"column {place + 1} (counted from 1) of '{path}' has no name in the first row "
                f"but {name!r}; write one there"
            )
    kept = checked_names(path, header, columns)
    places = [header.index(name) for name in kept]
    # Rows of nothing at all are what is left of a sheet's formats.
    rows = [row for row in rows if any(cell != "" for cell in row)]
    return pa.table(
        {name: _column([row[at] for row in rows]) for name, at in zip(kept, places, strict=True)}
    )


def _column(cells: Sequence[Any]) -> "pa.Array":
    """Return a column of a sheet, None where a cell is missing."""
    found = [None if isinstance(cell, str) and cell in MISSING else cell for cell in cells]
    kinds = {type(cell) for cell in found if cell is not None}
    if kinds <= {int, float}:
        return cells_of(np.array([np.nan if cell is None else float(cell) for cell in found]))
    return cells_of(found)


def _read_r(path: Path, columns: tuple[str, ...] | None) -> "pa.Table":
    """Return the data frame of a file of R; factors are their levels."""
    import pyarrow as pa

    rdata = library("rdata", path, EXTRA)
    read = rdata.read_rds if path.suffix.lower() == ".rds" else rdata.read_rda
    found = read_by_other(path, lambda: read(path))
    frames = {"": found} if path.suffix.lower() == ".rds" else found
    frames = {name: one for name, one in frames.items() if hasattr(one, "columns")}
    if len(frames) != 1:
        raise DataError(
            f"'{path}' holds {len(frames)} data frames; save one by itself: saveRDS(frame, file)"
        )
    frame = next(iter(frames.values()))
    frame.columns = [str(name) for name in frame.columns]
    kept = checked_names(path, list(frame.columns), columns)
    return pa.Table.from_pandas(frame[list(kept)], preserve_index=False)


PACKAGES: dict[str, "Callable[[Path, tuple[str, ...] | None], pa.Table]"] = {
    **dict.fromkeys(STATISTICS, _read_statistics),
    **dict.fromkeys(SHEETS, _read_sheet),
    **dict.fromkeys((".rds", ".rda", ".rdata"), _read_r),
    **INSTRUMENTS,
}
