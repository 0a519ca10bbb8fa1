"""What a user says of items whose levels have an order: which they are, and what the order is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixtura.components.constrained import OrdinalItem
from mixtura.components.constrained.rule import Rule
from mixtura.components.constraints import LINKS
from mixtura.components.positions import positions
from mixtura.data.levels import Labels, shown_levels
from mixtura.errors import ParameterError
from mixtura.inspection import scale_of
from mixtura.kinds import ColumnKind

__all__ = ["Ordinal", "called", "check_unlinked"]

# With fewer levels there is no order: the model is that of categories.
FEWEST_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Ordinal:
    """What is said of items whose levels have an order.

    Attributes
    ----------
    given : True for all, columns by name or number, or a dict of these with levels in order
    link : one of `LINKS`
    declared : the levels of columns whose type says in which order they are, by number in X
    places : where the columns that are fitted stand in X, none for all as they are
    """

    given: Any
    link: str
    declared: Mapping[int, Labels]
    places: Sequence[int] = ()

    def items(
        self, rule: Rule, kinds: Sequence[ColumnKind], names: tuple[str, ...] | None
    ) -> list[tuple[int, OrdinalItem]]:
        """Return the columns that are ordinal, with the scores of their levels.

        Parameters
        ----------
        rule : of the family
        kinds : of the columns that are fitted
        names : of these, or None

        Raises
        ------
        ParameterError
            If there is no such column, it holds no categories, or nothing says what the order is.
        """
        if self.link not in LINKS:
            raise ParameterError(
                f"ordinal_link should be one of {', '.join(LINKS)}, but got {self.link!r}"
            )
        starts, found = _starts(rule, len(kinds)), []
        for column, order in sorted(self._orders(kinds, names).items()):
            if kinds[column].name != "category":
                raise ParameterError(
                    f"ordinal names {called(names, column)}, which is no column of categories "
                    "here; name such as are"
                )
            labels = kinds[column].labels
            if len(labels) >= FEWEST_LEVELS:
                scores = _scores(labels, order, called(names, column))
                found.append((column, OrdinalItem(starts[column], scores, self.link)))
        return found

    def _orders(
        self, kinds: Sequence[ColumnKind], names: tuple[str, ...] | None
    ) -> dict[int, Sequence[Any] | None]:
        """Return the order of levels of each column, None where it is to be told from these."""
        places, given = self.places or range(len(kinds)), self.given
        if given is True:
            columns = [j for j, kind in enumerate(kinds) if kind.name == "category"]
        elif isinstance(given, str) or not isinstance(given, (Mapping, Sequence, np.ndarray)):
            raise ParameterError(
                "ordinal should be True for all items, columns such as ['trust', 'pride'], or a "
                f"dict of their levels in order, {{'trust': ['low', 'middle', 'high']}}, not "
                f"{given!r}"
            )
        else:
            columns = positions(self._fitted(given), names, len(kinds))
        orders: dict[int, Sequence[Any] | None] = {}
        orders |= {column: self.declared.get(places[column]) for column in columns}
        if isinstance(given, Mapping):
            said = zip(columns, given.values(), strict=True)
            orders |= {column: order for column, order in said if order is not True}
        return orders

    def _fitted(self, given: Any) -> list[Any]:
        """Return columns of X that are called by number as those that are fitted."""
        if not self.places:
            return list(given)
        fitted = {place: column for column, place in enumerate(self.places)}
        unknown = [one for one in given if not isinstance(one, str) and one not in fitted]
        if unknown:
            raise ParameterError(f"ordinal names column {unknown[0]}, which is in no block")
        return [one if isinstance(one, str) else fitted[one] for one in given]


def check_unlinked(link: str) -> None:
    """Raise `ParameterError` for a link of ordinal items where there are none."""
    if link != LINKS[0]:
        raise ParameterError(
            "ordinal_link says nothing without ordinal; name items by ordinal, or leave it out"
        )


def called(names: tuple[str, ...] | None, column: int) -> str:
    """Return how errors call a column."""
    return f"column {column}" if names is None else f"column '{names[column]}'"


def _starts(rule: Rule, n_columns: int) -> dict[int, int]:
    """Return where among a component's numbers those of each column of categories begin."""
    numbers, found = [str(column) for column in range(n_columns)], {}
    for name, part in rule.arrays.items():
        if name.rpartition(".")[2] != "probabilities":
            continue
        for column, own in zip(rule.titles(name, numbers), rule.columns(name), strict=True):
            if len(own) > 1:
                found[int(column)] = part.start + own[0]
    return found


def _scores(labels: Labels, order: Sequence[Any] | None, name: str) -> tuple[float, ...]:
    """Return the score of each level: of numbers themselves, else by their places in an order."""
    if order is not None:
        return _ranks(labels, order, name)
    if all(isinstance(label, (int, float)) and not isinstance(label, bool) for label in labels):
        return tuple(map(float, labels))
    known = scale_of(labels) if all(isinstance(label, str) for label in labels) else None
    if known is None:
        raise ParameterError(
            f"{name} holds {shown_levels(labels)}, in no order that is known; say it by "
            f"ordinal={{{name.removeprefix('column ')}: [...]}} with the levels in order"
        )
    return _ranks(labels, known, name)


def _ranks(labels: Labels, order: Sequence[Any], name: str) -> tuple[float, ...]:
    """Return the place of each level in an order, which may have levels that no row has."""
    if isinstance(order, str) or not isinstance(order, (Sequence, np.ndarray)):
        raise ParameterError(f"ordinal should say of {name} what its levels are, not {order!r}")
    ranks: dict[Any, float] = {}
    for level in order:
        ranks.setdefault(level, float(len(ranks)))
    if len(ranks) < len(order):
        raise ParameterError(f"ordinal names a level of {name} twice; name each once")
    unknown = [label for label in labels if label not in ranks]
    if unknown:
        raise ParameterError(
            f"ordinal does not say where {unknown[0]!r} of {name} stands; it has "
            f"{shown_levels(labels)}"
        )
    return tuple(ranks[label] for label in labels)
