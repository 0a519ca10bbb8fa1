"""Constraints on probabilities that sum to one by items: of categories, and of draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained.rule import refuse_mixed
from mixtura.components.constraints import LINKS, Constraints, Ties, pooled
from mixtura.components.ordinal import n_lost, with_row_effects
from mixtura.components.simplex import SMALLEST
from mixtura.components.stacked import Probabilities
from mixtura.errors import ParameterError

__all__ = ["LevelRule"]

Float = NDArray[np.float64]

# By how much probabilities that are all held may miss a sum of one.
SLACK = 1e-9


@final
@dataclass(frozen=True, slots=True)
class LevelRule:
    """Items whose levels share what is left by those that are held.

    With c counts, Σ c log p under Σ p = 1 - Σ held has p ∝ c. Levels that are equal count together:
    S_g log p_g with n_g of them in each item has p_g ∝ S_g / n_g. Where items of several components
    have equal levels, those have what is left by all others of these items together.

    Attributes
    ----------
    starts : where each item's levels begin
    n_levels : ΣL
    by_level : whether each level is a column of the rows, as of draws; else each item is one
    unseen : levels that no row of weight has, which are no parameters
    """

    starts: tuple[int, ...]
    n_levels: int
    by_level: bool
    unseen: tuple[int, ...] = ()

    @property
    def arrays(self) -> Mapping[str, slice]:
        """Return the one array."""
        return {"probabilities": slice(0, self.n_levels)}

    def columns(self, name: str) -> Sequence[Sequence[int]]:
        """Return the levels that each column has."""
        return [[j] for j in range(self.n_levels)] if self.by_level else self._items

    @property
    def _items(self) -> list[list[int]]:
        bounds = pairwise([*self.starts, self.n_levels])
        return [list(range(start, stop)) for start, stop in bounds]

    def titles(self, name: str, columns: Sequence[str]) -> Sequence[str]:
        """Return the names of all columns."""
        return columns

    def as_numbers(self, name: str, given: Any, n_components: int) -> None:
        """Return None: the array has the shape of the numbers."""
        return

    def completed(self, constraints: Constraints) -> Constraints:
        """Return constraints in which the last level of an item is held where the others are.

        Equal ones that are then all held are tied no more, so what is completed stays as it is.
        """
        refuse_mixed(constraints, self.arrays)
        values = constraints.values.copy()
        for k, own in enumerate(values):
            for number, item in enumerate(self._items):
                self._complete(own, item, f"component {k}, item {number}")
        found = replace(constraints, values=values)
        self._check_ties(found)
        self._check_held(found)
        self._check_ordinal(found)
        return replace(found, ties=np.where(found.fixed, 0, found.ties))

    def _complete(self, own: Float, item: list[int], where: str) -> None:
        """Hold what is left of an item's probabilities (q,) where no choice is left."""
        held = own[item]
        free = np.isnan(held)
        total = float(np.nansum(held))
        if (held < 0).any() or total > 1.0 + SLACK or (not free.any() and total < 1.0 - SLACK):
            raise ParameterError(
                f"fix holds the probabilities of {where} at {held.tolist()}; they should lie "
                "between 0 and 1, and sum to one or, where some are free, to less"
            )
        rest = max(1.0 - total, 0.0)
        if free.sum() == 1 or rest <= SLACK:
            own[np.array(item)[free]] = rest if free.sum() == 1 else 0.0

    def _check_ties(self, constraints: Constraints) -> None:
        """Raise `ParameterError` where items with equal levels do not have the same room for them.

        What equal levels may have in all is then not the same in each, and no M-step is closed.
        """
        for group in self._groups(constraints):
            if len(group) > 1 and len({self._room(constraints, *place) for place in group}) > 1:
                (k, item), (other, own) = group[0], group[-1]
                raise ParameterError(
                    f"equal speaks of levels of item {item} in component {k} and of item {own} in "
                    f"component {other}, but such items should have the same equal levels, each as "
                    "often, others free in all of them or in none, and as much held; name the "
                    "levels so, or leave out equal"
                )

    def _check_held(self, constraints: Constraints) -> None:
        """Raise `ParameterError` where equal levels are not all held, or at unlike numbers."""
        for tie in np.unique(constraints.ties[constraints.ties > 0]):
            held = constraints.values[constraints.ties == tie]
            if not np.isnan(held).all() and not np.ptp(held) <= SLACK:
                raise ParameterError(
                    "equal speaks of levels for which fix leaves "
                    f"{np.unique(held).tolist()}; hold as much of their items, or leave out equal"
                )

    def _check_ordinal(self, constraints: Constraints) -> None:
        """Raise `ParameterError` where ordinal items are none, or bound in another way too."""
        for item in constraints.ordinal:
            own = list(range(item.levels.start, item.levels.stop))
            alike = len(set(item.scores)) < len(own) or item.link not in LINKS
            if self.by_level or own not in self._items or alike:
                raise ParameterError("'ordinal' does not give each level of an item its own score")
            if constraints.fixed[:, own].any() or (constraints.ties[:, own] > 0).any():
                raise ParameterError(
                    f"ordinal and fix or equal both speak of item {self._items.index(own)}; leave "
                    "it out of one of them"
                )

    def _room(self, constraints: Constraints, k: int, item: int) -> tuple[Any, ...]:
        ties, values = (
            array[k, self._items[item]] for array in (constraints.ties, constraints.values)
        )
        others = bool(((ties == 0) & np.isnan(values)).any())
        held = round(float(np.nansum(values)), 12)
        return tuple(sorted(ties[ties > 0].tolist())), others, held

    def _groups(self, constraints: Constraints) -> list[list[tuple[int, int]]]:
        """Return the items (component, item) that have equal levels between them, together."""
        labels = self._labels(constraints.ties)
        found: dict[int, list[tuple[int, int]]] = {}
        for (k, item), label in np.ndenumerate(labels):
            found.setdefault(int(label), []).append((int(k), int(item)))
        return list(found.values())

    def _labels(self, ties: Ties) -> NDArray[np.intp]:
        """Return a number for each item (K, J), the same for those with equal levels."""
        n_items = len(self.starts)
        labels = np.arange(len(ties) * n_items).reshape(len(ties), n_items)
        owner = np.repeat(np.arange(n_items), np.diff([*self.starts, self.n_levels]))
        changed = True
        while changed:
            before = labels.copy()
            for tie in np.unique(ties[ties > 0]):
                components, levels = np.nonzero(ties == tie)
                places = components, owner[levels]
                labels[places] = labels[places].min()
            changed = not np.array_equal(before, labels)
        return labels

    def lost(self, constraints: Constraints) -> int:
        """Return how many probabilities are held, or follow from others, beyond one of each item.

        Items with T equal levels between them, and others free or not, have T - 1 parameters, or T,
        and each item one less than it has others.
        """
        free = 0
        for group in self._groups(constraints):
            sizes = [self._others(constraints, *place) for place in group]
            k, item = group[0]
            ties = constraints.ties[k, self._seen(item)]
            free += max(len(np.unique(ties[ties > 0])) + (sizes[0] > 0) - 1, 0)
            free += sum(max(size - 1, 0) for size in sizes)
        each = [max(len(self._seen(item)), 1) - 1 for item in range(len(self.starts))]
        items = [
            replace(one, scores=tuple(one.scores[j - one.first] for j in self._seen(item)))
            for one in constraints.ordinal
            for item in [self.starts.index(one.first)]
        ]
        n_components = constraints.n_components
        return n_components * sum(each) - free + n_lost(n_components, items)

    def _seen(self, item: int) -> list[int]:
        return [level for level in self._items[item] if level not in self.unseen]

    def _others(self, constraints: Constraints, k: int, item: int) -> int:
        place = k, self._seen(item)
        return int(((constraints.ties[place] == 0) & ~constraints.fixed[place]).sum())

    def numbers(self, parameters: Probabilities) -> Float:
        """Return the probabilities."""
        return parameters.probabilities

    def exactly(self, constraints: Constraints, parameters: Probabilities) -> Probabilities:
        """Return the parameters: they have no other units."""
        return parameters

    def rests(self, constraints: Constraints) -> NDArray[np.bool_]:
        """Return which components have no probability free."""
        return np.logical_and.reduce(constraints.fixed, axis=1)

    def within(self, constraints: Constraints) -> Constraints:
        """Return constraints without numbers held where they make rows impossible."""
        ends = (constraints.values <= 0.0) | (constraints.values >= 1.0)
        return replace(constraints, values=np.where(ends, np.nan, constraints.values))

    def typical(self, constraints: Constraints) -> Probabilities:
        """Return equal parts of what is left."""
        return Probabilities(self.shared_out(constraints, np.ones(constraints.values.shape), None))

    def check_prior(self, constraints: Constraints, prior: Any) -> None:
        """Do nothing: pseudo-rows are rows like others."""

    def maximise(
        self, constraints: Constraints, moments: Any, previous: Probabilities | None, prior: Any
    ) -> Probabilities:
        """Return the shares of levels in what is left of their items."""
        counts = np.maximum(prior.augment(moments).features[:, 1:], 0.0)
        kept = None if previous is None else previous.probabilities
        found = self.shared_out(constraints, counts, kept)
        return Probabilities(with_row_effects(found, counts, constraints.ordinal, kept))

    def shared_out(self, constraints: Constraints, counts: Float, previous: Float | None) -> Float:
        """Return the probabilities (K, ΣL) of counts (K, ΣL)."""
        fixed, ties = constraints.fixed, constraints.ties
        others = ~fixed & (ties == 0)
        rest = 1.0 - self._by_item(np.where(fixed, constraints.values, 0.0))
        free = np.where(fixed, 0.0, counts)
        # Of equal levels each has its part of what all have; others of these items count together.
        parts = pooled(free, ties) / np.maximum(self._times(ties), 1)
        parts = np.where(others, self._of_others(others, free, ties, previous), parts)
        totals = self._by_item(np.where(fixed, 0.0, parts))
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.where(fixed, constraints.values, rest * parts / totals)
        empty = (totals <= SMALLEST) & ~fixed
        if empty.any():
            found = np.where(empty, self._without_rows(constraints, rest, previous), found)
        return np.clip(found, 0.0, 1.0)

    def _of_others(
        self, others: NDArray[np.bool_], counts: Float, ties: Ties, previous: Float | None
    ) -> Float:
        """Return what levels that equal none have: of all such in their items, by their counts."""
        counts = np.where(others, counts, 0.0)
        alone = self._by_item(counts)
        if not ties.any():
            return counts
        kept = np.where(others, 1.0 if previous is None else previous + SMALLEST, 0.0)
        shares = np.where(alone > SMALLEST, counts, kept)
        together = self._pooled_by_item(alone, ties)
        # Shares first: a product of counts may be beyond numbers.
        return together * (shares / np.maximum(self._by_item(shares), SMALLEST))

    def _by_item(self, each: Float) -> Float:
        """Return for every level (K, ΣL) the sum over its item."""
        sizes = np.diff([*self.starts, self.n_levels])
        sums: Any = np.add.reduceat(each, self.starts, axis=1)
        return np.repeat(sums, sizes, axis=1)

    def _pooled_by_item(self, each: Float, ties: Ties) -> Float:
        """Return what items have (K, ΣL), summed over those with equal levels between them."""
        labels = self._labels(ties)
        own = each[:, self.starts]
        total = np.bincount(labels.ravel(), weights=own.ravel(), minlength=labels.size)
        sizes = np.diff([*self.starts, self.n_levels])
        each_item: Any = total[labels]
        return np.repeat(each_item, sizes, axis=1)

    def _times(self, ties: Ties) -> NDArray[np.int64]:
        """Return how often each level's tie occurs in its item (K, ΣL)."""
        found = np.ones_like(ties)
        if not ties.any():
            return found
        for item in self._items:
            own = ties[:, item]
            found[:, item] = (own[:, :, None] == own[:, None, :]).sum(axis=2)
        return found

    def _without_rows(self, constraints: Constraints, rest: Float, previous: Float | None) -> Float:
        """Return what levels keep that no row speaks of: equal parts of what is left."""
        if previous is not None:
            return previous
        free = ~constraints.fixed
        return rest * free / np.maximum(self._by_item(free.astype(np.float64)), 1.0)
