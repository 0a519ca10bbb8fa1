"""What is asked of an engine, and the fixed merge tree that all of them share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, Protocol, TypeVar

__all__ = ["Engine", "MergeTree", "in_order"]


Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Has a task done for every unit or item by workers, which bring back nothing but results."""

    def fold(self, task: Callable[[Item], Result], units: Sequence[Item]) -> Result:
        """Return the sum of what a task makes of each unit, by the fixed merge tree."""
        ...

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what a task makes of each item, in their order, as soon as it is there."""
        ...

    def session(self) -> AbstractContextManager[None]:
        """Hold whatever the engine needs (workers, BLAS limits) for several folds."""
        ...


class MergeTree:
    """Adds results that arrive in any order as one binary tree over their positions.

    The shape of the tree depends on the number of units alone, so the sum has the same bits
    whoever computed the leaves and whenever; at most O(workers log n) partial sums are alive.
    """

    def __init__(self, n_units: int) -> None:
        self._sizes = [n_units]
        while self._sizes[-1] > 1:
            self._sizes.append((self._sizes[-1] + 1) // 2)
        self._waiting: dict[tuple[int, int], Any] = {}
        self._lock = Lock()

    def add(self, position: int, value: Any) -> None:
        """Put the result of one unit in, merging upwards as far as its neighbours are in."""
        for level, size in enumerate(self._sizes[:-1]):
            neighbour = position ^ 1
            if neighbour < size:
                with self._lock:
                    other = self._waiting.pop((level, neighbour), None)
                    if other is None:
                        self._waiting[level, position] = value
                        return
                value = other + value if neighbour < position else value + other
            position //= 2
        self._waiting[len(self._sizes) - 1, 0] = value

    def total(self) -> Any:
        """Return the sum of all units."""
        return self._waiting[len(self._sizes) - 1, 0]


def in_order(numbered: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """Yield results by their numbers from 0 up, each as soon as those before it are there."""
    found: dict[int, Result] = {}
    position = 0
    for number, result in numbered:
        found[number] = result
        while position in found:
            yield found.pop(position)
            position += 1
