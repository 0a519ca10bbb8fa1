"""What a user says of components' numbers: `fix` holds some, `equal` lets some be the same.

`ordinal` says which items have levels in an order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mixtura.components.constrained import (
    Constraints,
    bound_to,
    constraints_of,
    rule_of,
)
from mixtura.components.constrained.rule import Rule
from mixtura.components.noise import without_noise
from mixtura.components.positions import positions
from mixtura.data import RowSource
from mixtura.data.encoding import decoded
from mixtura.data.frames import columns_of_frame, is_frame
from mixtura.errors import DataError, ParameterError
from mixtura.estimators.ordinal import Ordinal, called, check_unlinked

__all__ = ["Ordinal", "bound_family", "check_possible", "check_unlinked"]

Numbers = NDArray[np.float64]

# Rows that are looked at together, and what a density loses, in nats, by a probability of 0.
AT_ONCE, IMPOSSIBLE = 8192, 300.0


def bound_family(
    family: Any,
    fix: Any,
    equal: Any,
    n_components: int,
    names: tuple[str, ...] | None,
    ordinal: Ordinal | None = None,
) -> Any:
    """Return the family with K components that are bound to what a user says.

    Parameters
    ----------
    family : for the rows to be fitted
    fix, equal : as the estimators take them
    n_components : K
    names : of the columns of the rows, or None
    ordinal : which items have levels in an order, or None

    Raises
    ------
    ParameterError
        If they speak of no such numbers, of other shapes, or of what no M-step here obeys.
    """
    if fix is None and equal is None and ordinal is None:
        return family
    rule = rule_of(without_noise(family))

    def titles(name: str) -> tuple[str, ...] | None:
        return None if names is None else tuple(rule.titles(name, names))

    width = max(part.stop for part in rule.arrays.values())
    values = np.full((n_components, width), np.nan)
    ties = np.zeros((n_components, width), dtype=np.int64)
    for name, given in _by_name("fix", fix, rule):
        target = _Target(rule, name, n_components, titles(name), "fix")
        values[:, rule.arrays[name]] = target.values(given)
    for name, given in _by_name("equal", equal, rule):
        target = _Target(rule, name, n_components, titles(name), "equal")
        own = target.ties(given)
        ties[:, rule.arrays[name]] = np.where(own > 0, own + ties.max(), 0)
    items = () if ordinal is None else ordinal.items(rule, family.kinds, names)
    for column, own in items:
        if not np.isnan(values[:, own.levels]).all() or ties[:, own.levels].any():
            raise ParameterError(
                f"ordinal and fix or equal both speak of {called(names, column)}; leave it out of "
                "one of them"
            )
    constraints = rule.completed(
        Constraints(values, _of_several(ties), tuple(item for _, item in items))
    )
    return family if constraints.is_empty else bound_to(family, constraints)


def check_possible(family: Any, source: RowSource) -> None:
    """Raise where a row is impossible in every component by numbers that are held.

    Only such at 0, or at the highest that a probability may be, can do that: they are told by what
    a density gains where they are free.

    Parameters
    ----------
    family : bound or not
    source : the rows to be fitted

    Raises
    ------
    DataError
        Naming the row by its cells.
    """
    bound = constraints_of(family)
    # Noise takes what is impossible in all others.
    if bound is None or family.has_noise or (within := family.rule.within(bound)) == bound:
        return
    now, freer = family.rule.typical(bound), family.rule.typical(within)
    if now is None:
        return
    for start in range(0, source.n_rows, AT_ONCE):
        rows = source.block(start, min(start + AT_ONCE, source.n_rows)).rows
        lost = family.row_log_density(rows, freer) - family.row_log_density(rows, now)
        impossible = np.flatnonzero(lost.min(axis=1) > IMPOSSIBLE)
        if len(impossible):
            row: Any = rows[impossible[:1]]
            cells = decoded(row.toarray() if issparse(row) else row, family.kinds)
            shown = [cell.item() if isinstance(cell, np.generic) else cell for (cell,) in cells]
            raise DataError(
                f"a row such as {shown} is impossible in every component by "
                "what fix holds at 0 or 1; let some of these numbers be free, or near to 0 or 1"
            )


def _by_name(setting: str, given: Any, rule: Rule) -> list[tuple[str, Any]]:
    """Return what is said of each array."""
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"{setting} should be a dict by what is meant, such as {{'{next(iter(rule.arrays))}': "
            f"...}}, but got {given!r}"
        )
    unknown = [name for name in given if name not in rule.arrays]
    if unknown:
        raise ParameterError(
            f"{setting} speaks of {unknown[0]!r}, and such components have "
            f"{' and '.join(rule.arrays)}"
        )
    return list(given.items())


def _of_several(ties: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ties without those of one number alone."""
    counts = np.bincount(ties.ravel())
    return np.where(counts[ties] > 1, ties, 0)


@dataclass(frozen=True, slots=True)
class _Target:
    """An array of numbers that a setting speaks of."""

    rule: Rule
    name: str
    n_components: int
    columns: tuple[str, ...] | None
    setting: str

    @property
    def _places(self) -> Sequence[Sequence[int]]:
        return self.rule.columns(self.name)

    @property
    def _width(self) -> int:
        part = self.rule.arrays[self.name]
        return part.stop - part.start

    def values(self, given: Any) -> Numbers:
        """Return numbers (K, width) that are held, NaN where free."""
        return self._spread(self._by_name(given), _numbers, np.nan)

    def ties(self, given: Any) -> NDArray[np.int64]:
        """Return ties (K, width), above 0 where numbers are equal."""
        if not self._places:
            # What is whole is equal as a whole, or, by the rule's own words, not at all.
            return np.tile(1 + np.arange(self._width), (self.n_components, 1))
        given = self._by_name(given)
        if given is True:
            given = range(len(self._places))
        if self._names_columns(given):
            chosen = positions(list(given), self.columns, len(self._places))
            given = dict.fromkeys(chosen, True)
        found = self._spread(given, _whole, 0)
        if not isinstance(given, Mapping):
            return found
        for column in positions(list(given), self.columns, len(self._places)):
            key = column if column in given else (self.columns or ())[column]
            if given[key] is True:
                own = self._places[column]
                found[:, own] = found.max(initial=0) + 1 + np.arange(len(own))
        return found

    def _by_name(self, given: Any) -> Any:
        """Return a frame as a dict by its columns' names, which say more than their order."""
        if not self._places or not is_frame(given):
            return given
        columns, names = columns_of_frame(given)
        return given if names is None else dict(zip(names, columns, strict=True))

    def _names_columns(self, given: Any) -> bool:
        """Return whether columns are named rather than numbers shown."""
        if isinstance(given, (str, Mapping)) or np.ndim(_ragged(given)) != 1:
            return False
        return all(isinstance(one, (str, int, np.integer)) for one in given)

    def _spread(self, given: Any, read: Callable[[Any], Any], free: float) -> Any:
        """Return an array (K, width) of one given as it is fitted, or column by column."""
        found = np.full((self.n_components, self._width), free, dtype=read(0).dtype)
        if isinstance(given, Mapping):
            for column, own in zip(
                positions(list(given), self.columns, len(self._places)), given.values(), strict=True
            ):
                self._put(found, column, own, read)
            return found
        whole = self.rule.as_numbers(self.name, given, self.n_components)
        array = _read(read, given if whole is None else whole)
        if array is not None and array.shape == found.shape:
            return array
        in_parts = isinstance(given, Sequence) or (array is not None and array.ndim == 3)
        by_column = in_parts and len(given) == len(self._places)
        if not by_column or self._width == len(self._places):
            self._refuse(None if array is None else array.shape, found.shape)
        for column, own in enumerate(given):
            if own is not None:
                self._put(found, column, own, read)
        return found

    def _put(self, found: Any, column: int, own: Any, read: Callable[[Any], Any]) -> None:
        """Put what is said of a column into its place."""
        if own is True and self.setting == "equal":
            return
        places = list(self._places[column])
        array = _read(read, own)
        shape = (self.n_components, len(places))
        if array is not None and len(places) == 1 and array.ndim == 1:
            array = array[:, None]
        if array is None or array.shape != shape:
            self._refuse(None if array is None else array.shape, shape, f" of column {column}")
        found[:, places] = array

    def _refuse(self, shape: Any, expected: tuple[int, int], where: str = "") -> None:
        got = "no such array" if shape is None else f"shape {shape}"
        free = "NaN or None where free" if self.setting == "fix" else "0 where free"
        raise ParameterError(
            f"{self.setting} should say of {self.name}{where} what they are by component, "
            f"{expected}, {free}, but got {got}; there are {self.n_components} components"
        )


def _numbers(given: Any) -> Numbers:
    """Return numbers, NaN for None, also for one that stands for a row."""
    if isinstance(given, Sequence) and any(row is None for row in given):
        shapes = {np.shape(row) for row in given if row is not None}
        if len(shapes) == 1:
            free = np.full(shapes.pop(), np.nan)
            given = [free if row is None else row for row in given]
    return np.array(given, dtype=np.float64)


def _whole(given: Any) -> NDArray[np.int64]:
    """Return whole numbers from 0 up."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or (array < 0).any():
        raise ValueError
    return array.astype(np.int64)


def _read(read: Callable[[Any], Any], given: Any) -> Any:
    """Return an array, or None where there is none to be made."""
    try:
        return read(given)
    except (TypeError, ValueError, OverflowError):
        return None


def _ragged(given: Any) -> Any:
    """Return an array of what is given, whatever its parts are."""
    try:
        return np.asarray(given)
    except ValueError:
        return np.empty((0, 0))
