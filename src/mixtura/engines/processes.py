"""Worker processes: rows are mapped into them once, then tasks go out and sums come back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.cores import number_of_workers
from mixtura.engines.crew import Crew
from mixtura.engines.engine import Item, MergeTree, Result, in_order
from mixtura.engines.serial import Serial

__all__ = ["Processes"]


class Processes:
    """Processes of this machine, for tasks that hold the interpreter's lock.

    Tasks, units and items are pickled. What outlasts a task, as rows do, is written once to a
    folder of temporary files, from which all processes map it.

    Parameters
    ----------
    n_jobs : int or None
        Processes to start; None or -1 for as many as there are cores.
    """

    def __init__(self, n_jobs: int | None = None) -> None:
        self.n_jobs = number_of_workers(n_jobs)
        self._crew: Crew | None = None

    @property
    def bytes_sent(self) -> int:
        """Return how much was sent to workers in this session, files left out."""
        return 0 if self._crew is None else self._crew.bytes_sent

    def fold(self, task: Callable[[Item], Result], units: Sequence[Item]) -> Result:
        """Return the sum over units by the fixed merge tree."""
        if self._crew is None or len(units) <= 1:
            return Serial().fold(task, units)
        parts = branches(len(units), self.n_jobs)
        tree = MergeTree(len(parts))
        for number, found in self._crew.folded(task, [units[part] for part in parts]):
            tree.add(number, found)
        return tree.total()

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what a task makes of each item, in their order."""
        if self._crew is None or len(items) <= 1:
            yield from Serial().map(task, items)
            return
        yield from in_order(self._crew.folded(task, [[item] for item in items]))

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keep worker processes, and what was sent to them, for several folds."""
        if self._crew is not None:
            yield
            return
        with single_threaded_blas():
            if self.n_jobs == 1:
                yield
                return
            with TemporaryDirectory(prefix="mixtura-", ignore_cleanup_errors=True) as folder:
                self._crew = Crew(self.n_jobs, folder)
                try:
                    yield
                finally:
                    self._crew.close()
                    self._crew = None


def branches(n_units: int, n_workers: int) -> list[slice]:
    """Return parts of the units that are branches of the merge tree, one a worker at least.

    Sums of branches, added as the units of a tree, are the sums of all units to the bit.
    """
    size = 1
    while size < n_units and -(-n_units // (2 * size)) >= n_workers:
        size *= 2
    return [slice(start, min(start + size, n_units)) for start in range(0, n_units, size)]
