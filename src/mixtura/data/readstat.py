"""Files of SPSS, Stata and SAS as Arrow tables, by a process of its own.

The library that reads them is C, which a damaged file may bring down: then it is this process that
ends. It is run as a script, `python -P readstat.py FUNCTION FILE COLUMNS TARGET`, and imports no
more than it needs, so that a healthy file takes a third of a second longer.
"""

import json
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FAILED", "LABELS", "NAMES", "NO_MEMORY", "cells_of"]

# The keys under which Arrow keeps what values of a column are called, as a JSON list of pairs, and
# the names of all columns of a file.
LABELS, NAMES = "mixtura.labels", b"mixtura.names"
# Exit codes: the library has said why, or there is no memory.
FAILED, NO_MEMORY = 3, 4


def main(function: str, path: str, columns: str, target: str) -> int:
    """Write some columns of a file (JSON: a list of names, or null), and all its names, as Arrow.

    What cannot be read is said on standard error.
    """
    import pyarrow as pa
    import pyreadstat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read: Any = getattr(pyreadstat, function)
            _, meta = read(path, metadataonly=True)
            wanted = json.loads(columns)
            names = meta.column_names
            kept = [name for name in names if wanted is None or name in wanted]
            found, meta = read(path, usecols=kept, output_format="dict")
    except MemoryError:
        return NO_MEMORY
    except Exception as error:
        print(str(error).strip().split("\n")[0] or type(error).__name__, file=sys.stderr)
        return FAILED
    arrays = {name: cells_of(found[name]) for name in kept}
    labels = meta.variable_value_labels
    fields = [
        pa.field(name, arrays[name].type, metadata=_labelled(labels.get(name, {}))) for name in kept
    ]
    schema = pa.schema(fields, metadata={NAMES: json.dumps(names)})
    with pa.OSFile(target, "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_table(pa.table(list(arrays.values()), schema=schema))
    return 0


def _labelled(labels: Mapping[Any, str]) -> dict[str, str] | None:
    """Return the labels of values as Arrow keeps them beside a column, or None without any."""
    return {LABELS: json.dumps(list(labels.items()))} if labels else None


def cells_of(cells: Any) -> "pa.Array":
    """Return a column, None where a cell is missing or blank."""
    import pyarrow as pa

    array = np.asarray(cells)
    if array.dtype.kind in "fiub":
        return pa.array(array, from_pandas=True)
    found = [None if cell is None or cell == "" or cell != cell else cell for cell in cells]
    try:
        return pa.array(found)
    except pa.ArrowException:
        return pa.array([None if cell is None else _spelled(cell) for cell in found])


def _spelled(cell: Any) -> str:
    """Return a cell of a column that holds several kinds, as text."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
