"""The engine that does everything in the calling thread."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.engine import MergeTree

__all__ = ["Serial"]


class Serial:
    """One thread, the calling one."""

    def fold(self, function: Callable[[int], Any], n_units: int) -> Any:
        """Return the sum over units by the fixed merge tree."""
        tree = MergeTree(n_units)
        for unit in range(n_units):
            tree.add(unit, function(unit))
        return tree.total()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold BLAS to one thread, so that sums have the bits of every other engine."""
        with single_threaded_blas():
            yield
