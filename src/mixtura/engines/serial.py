"""The engine that does everything in the calling thread."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.engine import Item, MergeTree, Result

__all__ = ["Serial"]


class Serial:
    """One thread, the calling one."""

    def fold(self, task: Callable[[Item], Result], units: Sequence[Item]) -> Result:
        """Return the sum over units by the fixed merge tree."""
        tree = MergeTree(len(units))
        for position, unit in enumerate(units):
            tree.add(position, task(unit))
        return tree.total()

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what a task makes of each item, in their order."""
        return map(task, items)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold BLAS to one thread, so that sums have the bits of every other engine."""
        with single_threaded_blas():
            yield
