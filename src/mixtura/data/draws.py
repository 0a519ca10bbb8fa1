"""Single draws with a group each, counted into rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mixtura.data.categories import columns_of
from mixtura.data.frames import values_of_series
from mixtura.data.levels import levels_and_codes
from mixtura.data.plain import numbers_of_column
from mixtura.errors import DataError

__all__ = ["Draws", "counted_draws"]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Counts of items by group, which estimators of counts fit with the names of the items.

    Attributes
    ----------
    counts : (groups, items) sparse
    items : the value of each column: a word, a product
    groups : the value of each row, or nothing where they have only places

    Raises
    ------
    DataError
        If there are not as many items as columns, or groups as rows.
    """

    counts: Any
    items: Sequence[Any]
    groups: Sequence[Any] = ()

    def __post_init__(self) -> None:
        n_groups, n_items = self.counts.shape
        if len(self.items) != n_items:
            raise DataError(f"counts have {n_items} items, and {len(self.items)} are named")
        if len(self.groups) not in (0, n_groups):
            raise DataError(f"counts have {n_groups} groups, and {len(self.groups)} are named")

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the columns are called."""
        return tuple(map(str, self.items))

    def of_items(self, names: Sequence[str]) -> "Draws":
        """Return the counts of some items by name, in that order; of those not there it has none.

        So counts of other documents are read by the words of a fit. What it does not know has no
        part.

        Parameters
        ----------
        names : what the items are called

        Returns
        -------
        Draws
            Of the same groups.
        """
        own = {name: place for place, name in enumerate(self.names)}
        places = np.array([own.get(name, -1) for name in names])
        there = np.flatnonzero(places >= 0)
        picking = sparse.coo_array(
            (np.ones(len(there)), (places[there], there)), shape=(len(self.items), len(names))
        )
        return Draws((self.counts @ picking.tocsr()).tocsr(), tuple(names), self.groups)


def counted_draws(items: Any, group: Any, count: Any = None) -> Draws:
    """Return how often each item was drawn in each group.

    Parameters
    ----------
    items : (n,) the item of each draw: indices, text or any values
    group : (n,) the group of each draw: a document, person or basket
    count : (n,) how often it was drawn, or None for once each

    Raises
    ------
    DataError
        If they differ in length, a draw has no item or no group, or a count is no number.
    """
    drawn, items_found = _coded(items, "items")
    groups, groups_found = _coded(group, "group")
    if len(drawn) != len(groups):
        raise DataError(f"there are {len(drawn)} items and {len(groups)} groups; give one of each")
    shape = (len(groups_found), len(items_found))
    times = np.ones(len(drawn))
    if count is not None:
        times = numbers_of_column(_as_column(count), "count", "leave such draws out")
    if len(times) != len(drawn):
        raise DataError(f"there are {len(drawn)} items and {len(times)} counts; give one of each")
    counts = sparse.coo_array((times, (groups, drawn)), shape=shape).tocsr()
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
