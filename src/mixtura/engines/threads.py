"""The default engine: threads over units of rows, each with a BLAS of one thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.cores import number_of_workers
from mixtura.engines.engine import Item, MergeTree, Result

__all__ = ["Threads"]


class Threads:
    """Threads in this process; the heavy calls release the interpreter lock.

    Parameters
    ----------
    n_jobs : int or None
        Threads to use; None or -1 for all available cores, as in scikit-learn.
    """

    def __init__(self, n_jobs: int | None = None) -> None:
        self.n_jobs = number_of_workers(n_jobs)
        self._pool: ThreadPoolExecutor | None = None

    def fold(self, task: Callable[[Item], Result], units: Sequence[Item]) -> Result:
        """Return the sum over units by the fixed merge tree."""
        tree = MergeTree(len(units))
        self._share_out(task, units, tree.add)
        return tree.total()

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return what a task makes of each item, in their order."""
        found: dict[int, Result] = {}
        self._share_out(task, items, found.__setitem__)
        return [found[position] for position in range(len(items))]

    def _share_out(
        self,
        task: Callable[[Item], Result],
        items: Sequence[Item],
        keep: Callable[[int, Result], None],
    ) -> None:
        """Let each worker take the next item that is left, and keep what it makes of it."""
        positions = count()
        stopped = False

        def work() -> None:
            nonlocal stopped
            try:
                while not stopped and (position := next(positions)) < len(items):
                    keep(position, task(items[position]))
            except BaseException:
                # The others need not go on with what is lost already.
                stopped = True
                raise

        workers = 1 if self._pool is None else min(self.n_jobs, len(items))
        helpers: list[Future[None]] = [
            self._pool.submit(work) for _ in range(workers - 1) if self._pool is not None
        ]
        try:
            work()
        finally:
            stopped = True
            for helper in helpers:
                helper.exception()
        for helper in helpers:
            helper.result()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keep the worker threads alive and BLAS at one thread for several folds."""
        if self._pool is not None:
            yield
            return
        with single_threaded_blas():
            if self.n_jobs == 1:
                yield
                return
            self._pool = ThreadPoolExecutor(self.n_jobs - 1)
            try:
                yield
            finally:
                self._pool.shutdown()
                self._pool = None
