"""Which columns of a table are in which block of mixed columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixtura.components.catalogue import ROWS
from mixtura.errors import DataError, ParameterError
from mixtura.inspection import inspect, sentences_of_codes, sentences_on_left_out

__all__ = ["checked_blocks", "inferred_blocks", "listed", "placed", "used_columns"]

# Names of columns that an error lists.
KNOWN = 20


def used_columns(
    blocks: Any, names: tuple[str, ...] | None, n_columns: int
) -> dict[str, list[int]]:
    """Return the positions of each block's columns, each column in one block at the most."""
    found = checked_blocks(blocks).items()
    return placed(
        blocks, [_position(column, names, n_columns) for _, own in found for column in own]
    )


def inferred_blocks(data: Any) -> tuple[dict[str, list[Any]], list[str]]:
    """Return the columns of each kind that the cells of a table tell, and what is said of others.

    Raises
    ------
    DataError
        If no column is left.
    """
    found = inspect(data)
    if not found.blocks():
        raise DataError(f"no column to fit ({found.objections}); name some in blocks")
    said = [*sentences_on_left_out(found.columns), *sentences_of_codes(found.columns)]
    return found.blocks_in(data), said


def placed(blocks: Any, places: Sequence[int]) -> dict[str, list[int]]:
    """Return the positions of each block's columns, from those of all blocks in a row."""
    left = iter(places)
    used = {kind: [next(left) for _ in own] for kind, own in listed(blocks).items()}
    twice = sorted(place for place, count in Counter(places).items() if count > 1)
    if twice:
        raise ParameterError(f"column {twice[0]} stands twice in blocks; keep one")
    return used


def checked_blocks(blocks: Any) -> dict[str, list[Any]]:
    """Return the columns of each block that has some, names and numbers that may be columns'."""
    if not isinstance(blocks, Mapping) or not blocks:
        raise ParameterError(
            'blocks should be a dict such as {"gaussian": [0, 1], "poisson": [2]}, or of rows in '
            "memory None, which goes by what their cells are"
        )
    found = listed(blocks)
    kinds = [row.name for row in ROWS.values() if row.in_blocks]
    for kind, columns in found.items():
        if kind not in kinds:
            raise ParameterError(f"blocks may be {', '.join(kinds)}, but there is one of {kind!r}")
        for column in columns:
            if isinstance(column, bool) or not isinstance(column, (str, int, np.integer)):
                raise ParameterError(
                    f"blocks should hold names or numbers of columns, not {column!r}"
                )
    if not found:
        raise ParameterError("blocks name no column; give at least one")
    return found


def listed(blocks: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the columns of each block that has some."""
    several = {
        kind: [columns] if isinstance(columns, (str, int)) else list(columns)
        for kind, columns in blocks.items()
    }
    return {kind: columns for kind, columns in several.items() if columns}


def _position(column: Any, names: tuple[str, ...] | None, n_columns: int) -> int:
    if isinstance(column, str):
        if names is None or column not in names:
            known = (
                "the columns have no names"
                if names is None
                else f"there are {', '.join(names[:KNOWN])}{', ...' if names[KNOWN:] else ''}"
            )
            raise DataError(f"blocks name a column '{column}' that X does not have; {known}")
        return names.index(column)
    if not -n_columns <= column < n_columns:
        raise DataError(f"blocks name column {column}, and X has {n_columns}")
    return int(column) % n_columns
