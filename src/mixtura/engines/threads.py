"""The default engine: threads over units of rows, each with a BLAS of one thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count

import numpy as np

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.cores import number_of_workers
from mixtura.engines.engine import Item, MergeTree, Result
from mixtura.engines.serial import Serial

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
        """Return the sum over units by the fixed merge tree; the caller is one of the workers."""
        workers = min(self.n_jobs, len(units))
        if workers <= 1 or self._pool is None:
            return Serial().fold(task, units)
        tree = MergeTree(len(units))
        positions = count()
        stopped = False

        def work() -> None:
            nonlocal stopped
            try:
                while not stopped and (position := next(positions)) < len(units):
                    tree.add(position, task(units[position]))
            except BaseException:
                # The others need not go on with what is lost already.
                stopped = True
                raise

        helpers: list[Future[None]] = [self._pool.submit(work) for _ in range(workers - 1)]
        try:
            work()
        finally:
            stopped = True
            for helper in helpers:
                helper.exception()
        for helper in helpers:
            helper.result()
        return tree.total()

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what a task makes of each item, in their order; the caller waits for results."""
        return (Serial() if self._pool is None else self._pool).map(task, items)

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
            # Workers say of what is no number what their caller does.
            said = partial(np.seterr, **np.geterr())
            self._pool = ThreadPoolExecutor(self.n_jobs, initializer=said)
            try:
                yield
            finally:
                self._pool.shutdown()
                self._pool = None
