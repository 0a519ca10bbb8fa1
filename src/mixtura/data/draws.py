"""Single draws with a group each, counted into rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mixtura.data.categories import columns_of
from mixtura.data.frames import values_of_series
from mixtura.data.levels import levels_and_codes
from mixtura.errors import DataError

__all__ = ["Draws", "counted_draws"]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Counts of items by group.

    Attributes
    ----------
    counts : (groups, items) CSR of float64
    items : the value of each column
    groups : the value of each row
    """

    counts: sparse.csr_array
    items: tuple[Any, ...]
    groups: tuple[Any, ...]


def counted_draws(items: Any, group: Any) -> Draws:
    """Return how often each item was drawn in each group.

    Parameters
    ----------
    items : (n,) the item of each draw: indices, text or any values
    group : (n,) the group of each draw: a document, person or basket

    Raises
    ------
    DataError
        If the two differ in length, or a draw has no item or no group.
    """
    drawn, items_found = _coded(items, "items")
    groups, groups_found = _coded(group, "group")
    if len(drawn) != len(groups):
        raise DataError(f"there are {len(drawn)} items and {len(groups)} groups; give one of each")
    shape = (len(groups_found), len(items_found))
    counts = sparse.coo_array((np.ones(len(drawn)), (groups, drawn)), shape=shape).tocsr()
    return Draws(counts, items_found, groups_found)


def _coded(values: Any, label: str) -> tuple[Any, tuple[Any, ...]]:
    column = _as_column(values)
    labels, codes = levels_and_codes(column, label)
    if (codes < 0).any():
        raise DataError(f"{label} has no value at row {int((codes < 0).argmax())}; drop such draws")
    return codes, labels


def _as_column(values: Any) -> Sequence[Any]:
    column = values_of_series(values)
    if column is not None:
        return column
    if hasattr(values, "to_pylist"):
        return values.to_pylist()
    if isinstance(values, np.ndarray):
        return columns_of(values.reshape(-1, 1))[0][0]
    return list(values)
