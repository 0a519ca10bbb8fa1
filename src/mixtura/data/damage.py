"""Row groups of Parquet files that cannot be read: named, or left out."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mixtura.errors import DataError, MixturaWarning

__all__ = ["leave_out"]


def leave_out(
    source: Any, file: Path, group: int, names: Sequence[str], error: Exception, *, skips: bool
) -> None:
    """Say that a row group is left out, if it may be.

    Parameters
    ----------
    source : the `ParquetFile`
    names : of the columns that were asked for
    error : what came of reading them
    skips : whether it may be

    Raises
    ------
    DataError
        Naming file, row group and column, if it may not.
    """
    reason = str(error).strip().splitlines()[0]
    damage = f"'{file}', row group {group}, {_column(source, group, names)}is damaged ({reason})"
    if not skips:
        raise DataError(
            f"{damage}; copy or export the file again, or leave the row group out by "
            'dataset(..., on_bad="skip")'
        ) from error
    count = source.metadata.row_group(group).num_rows
    warnings.warn(f"{damage}; its {count:,} rows are left out", MixturaWarning, stacklevel=2)


def _column(source: Any, group: int, names: Sequence[str]) -> str:
    """Return the first column of a row group that cannot be read by itself, if there is one."""
    for name in names:
        try:
            source.read_row_group(group, columns=[name])
        except (OSError, ValueError):
            return f"column '{name}', "
    return ""
