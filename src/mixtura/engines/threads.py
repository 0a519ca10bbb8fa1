"""The default engine: threads over units of rows, each with a BLAS of one thread."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.engine import MergeTree
from mixtura.engines.serial import Serial

__all__ = ["Threads", "available_cores"]


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Threads in this process; the heavy calls release the interpreter lock.

    Parameters
    ----------
    n_jobs : int or None
        Threads to use; None or -1 for all available cores, as in scikit-learn.
    """

    def __init__(self, n_jobs: int | None = None) -> None:
        cores = available_cores()
        self.n_jobs = (
            cores if n_jobs is None else max(1, cores + 1 + n_jobs if n_jobs < 0 else n_jobs)
        )
        self._pool: ThreadPoolExecutor | None = None

    def fold(self, function: Callable[[int], Any], n_units: int) -> Any:
        """Return the sum over units by the fixed merge tree."""
        workers = min(self.n_jobs, n_units)
        if workers <= 1 or self._pool is None:
            return Serial().fold(function, n_units)
        tree = MergeTree(n_units)
        positions = count()
        stopped = False

        def work() -> None:
            nonlocal stopped
            try:
                while not stopped and (unit := next(positions)) < n_units:
                    tree.add(unit, function(unit))
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
