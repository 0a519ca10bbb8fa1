"""Rows of mixed columns from the columns of a table: one block after the other, checked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.components.catalogue import ROWS
from mixtura.data.categories import column_labels
from mixtura.data.checks import Names, name_or_place
from mixtura.data.encoding import check_cells
from mixtura.data.gaps import ADVICE, lack_all
from mixtura.data.levels import Labels, codes_of
from mixtura.data.plain import numbers_of_column
from mixtura.estimators.constant import varying_columns
from mixtura.kinds import NUMBER

__all__ = ["blocks_in", "check_mixed", "gaussian_block", "mixed_rows", "silent_rows", "varying"]

Float = NDArray[np.float64]
# The positions of each block's columns.
Used = Mapping[str, Sequence[int]]

REMEDY = "put the column among the categorical ones"


def blocks_in(used: Used) -> Iterator[tuple[str, slice, Sequence[int]]]:
    """Yield each block's kind, which columns of rows it has, and their positions."""
    start = 0
    for kind, positions in used.items():
        yield kind, slice(start, start + len(positions)), positions
        start += len(positions)


def gaussian_block(used: Used) -> slice:
    """Return which columns of rows are Gaussian, whose patterns of missing cells are sorted."""
    return next((own for kind, own, _ in blocks_in(used) if kind == "gaussian"), slice(0, 0))


def silent_rows(rows: NDArray[Any], used: Used) -> NDArray[np.bool_]:
    """Return which rows (N,) have no cell."""
    categorical = np.zeros(rows.shape[1], dtype=bool)
    for kind, own, _ in blocks_in(used):
        categorical[own] = kind == "categorical"
    return lack_all(rows, categorical)


def varying(
    columns: Sequence[Any], names: Names, used: Used, constant: str, weights: ArrayLike | None
) -> dict[str, list[int]]:
    """Return blocks without columns of one value where they have widths, if that is wished.

    Parameters
    ----------
    constant, weights : as `varying_columns` takes them
    """
    called, found = column_labels(names, len(columns)), {}
    for kind, own in used.items():
        found[kind] = list(own)
        if constant == "error" or not ROWS[kind].has_widths:
            continue
        rows = np.column_stack([numbers_of_column(columns[p], called[p], REMEDY) for p in own])
        own_names = tuple(name_or_place(names, position) for position in own)
        kept = varying_columns(rows, own_names, constant, weights)
        if kept is not None:
            found[kind] = [own[place] for place in kept]
    return found


def mixed_rows(
    columns: Sequence[Any], names: Names, used: Used, levels: Sequence[Labels], *, ignore: bool
) -> Float:
    """Return the rows (N, D) of the blocks, categories as the numbers of their levels.

    Parameters
    ----------
    levels : of the columns of the categorical block
    ignore : count a category that is no level as missing
    """
    called = column_labels(names, len(columns))
    parts = []
    for kind, positions in used.items():
        if kind == "categorical":
            each = zip(positions, levels, strict=True)
            own = [codes_of(columns[p], own, called[p], ignore=ignore) for p, own in each]
        else:
            own = [numbers_of_column(columns[p], called[p], REMEDY) for p in positions]
        parts.append(np.column_stack(own).astype(np.float64))
    return np.hstack(parts)


def check_mixed(rows: NDArray[Any], used: Used, called: Sequence[str | int], missing: str) -> None:
    """Raise `DataError` naming the first cell of rows (n, D) that is not of its block's kind.

    Parameters
    ----------
    called : names or places of the columns (D,)
    missing : "error", or "marginal" to let numbers, counts and amounts be missing
    """
    for kind, block, positions in blocks_in(used):
        if kind != "categorical":
            own = NUMBER if kind == "gaussian" else ROWS[kind].family.kind
            kinds, gaps = [own] * len(positions), missing == "marginal"
            check_cells(rows[:, block], kinds, called[block], gaps=gaps, advice=ADVICE)
