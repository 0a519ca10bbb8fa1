"""Columns that are called by name or by number."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from mixtura.errors import ParameterError

__all__ = ["parted", "positions"]


def positions(columns: Sequence[Any], names: tuple[str, ...] | None, n_columns: int) -> list[int]:
    """Return the positions of columns that are called by name or by number.

    Raises
    ------
    ParameterError
        If there is no such column, or one is named twice.
    """
    found = []
    for column in columns:
        number = not isinstance(column, (bool, np.bool_)) and isinstance(column, Integral)
        if not number and not isinstance(column, str):
            raise ParameterError(f"columns are called by name or by number, not by {column!r}")
        if isinstance(column, str):
            if names is None or column not in names:
                some = ", ".join(f"'{name}'" for name in (names or ())[:20])
                there = f"there are {some}" if some else "columns have no names here"
                raise ParameterError(f"there is no column '{column}'; {there}")
            found.append(names.index(column))
        elif not -n_columns <= int(column) < n_columns:
            raise ParameterError(f"there is no column {column}; the mixture has {n_columns}")
        else:
            found.append(int(column) % n_columns)
    if len(set(found)) != len(found):
        raise ParameterError("every column should be named once")
    return found


def parted(
    given: Any, names: tuple[str, ...] | None, n_columns: int
) -> tuple[list[int], list[int]]:
    """Return the positions of columns whose cells are given, in that order, and of the rest.

    Raises
    ------
    ParameterError
        If there is no such column, or none is left.
    """
    if not isinstance(given, Mapping):
        raise ParameterError(f"given should be a dict of cells by column, not {given!r}")
    known = positions(list(given), names, n_columns)
    rest = sorted(set(range(n_columns)) - set(known))
    if not known or not rest:
        raise ParameterError("some columns should be given and some be left")
    return known, rest
