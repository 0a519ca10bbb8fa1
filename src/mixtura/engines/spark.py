"""Workers of a Spark session, on this machine or on many: tasks go out and sums come back.

What outlasts a task, as rows or the places of rows do, is broadcast once, and what all units of a
pass share, its parameters, once a pass; after that sums travel. Spark does again what a lost worker
had to do, and whoever did it, sums go through the fixed tree.
"""

import os
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.cores import number_of_workers
from mixtura.engines.engine import Item, Result, in_order
from mixtura.engines.parcels import MOST_KEPT
from mixtura.engines.remote import BRANCHES, Lasting, answered, folded, named
from mixtura.engines.serial import Serial
from mixtura.errors import EngineError, ParameterError
from mixtura.native.library import build_name

__all__ = ["Spark"]

# How often Spark, where it is started here, gives a task to a worker.
TRIES = 4
# What Spark says of a task that it gives up.
GIVEN_UP = re.compile(r"Task (\d+) in stage \S+ failed (\d+) times")
# What a worker says that is of another interpreter.
LACKING = re.compile(r"No module named '([^']+)'")
# By which its Python workers are found and find what they import.
INTERPRETER = "PYSPARK_PYTHON"


class Spark:
    """Workers of a Spark session, each of which loads its own units of rows.

    Parameters
    ----------
    where : a session, or None for one of this machine that is there as long as a session of ours
    n_jobs : cores of this machine; None or -1 for all

    Raises
    ------
    ParameterError
        If pyspark is not installed, or the session is one of Spark Connect.
    """

    def __init__(self, where: Any = None, n_jobs: int | None = None) -> None:
        try:
            import pyspark  # noqa: F401  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ParameterError(
                "engine='spark' needs pyspark; install it: pip install 'mixtura[spark]'"
            ) from error
        if where is not None and ".connect." in type(where).__module__:
            raise ParameterError(
                "a session of Spark Connect has no Python workers of its own; fit where the "
                "driver runs, by SparkSession.builder.master(...)"
            )
        self._where, self._n_local = where, number_of_workers(n_jobs)
        self._context: Any = None
        self._lasting: Any = None

    @property
    def n_jobs(self) -> int:
        """Return how many tasks are done at once."""
        return self._n_local if self._context is None else max(1, self._context.defaultParallelism)

    def fold(self, task: Callable[[Item], Result], units: Sequence[Item]) -> Result:
        """Return the sum over units by the fixed merge tree."""
        if self._context is None or len(units) <= 1:
            return Serial().fold(task, units)
        return folded(self._answers, task, units, self.n_jobs)

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what a task makes of each item, in their order, so many at a time as are done."""
        if self._context is None or len(items) <= 1:
            yield from Serial().map(task, items)
            return
        step = BRANCHES * self.n_jobs
        for start in range(0, len(items), step):
            some = [[item] for item in items[start : start + step]]
            places = [slice(start + i, start + i + 1) for i in range(len(some))]
            yield from in_order(self._answers(task, some, places))

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keep workers, and what was sent to them, for several folds."""
        if self._context is not None:
            yield
            return
        with single_threaded_blas(), self._connected() as context:
            self._context = context
            self._lasting = Lasting(self._broadcast, lambda sent: sent.destroy())
            try:
                yield
            finally:
                self._lasting.forget()
                self._context = self._lasting = None

    def _broadcast(self, content: bytes) -> Any:
        return self._context.broadcast(content)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        if self._where is not None:
            yield self._where.sparkContext
            return
        session, is_ours = _started(self._n_local)
        try:
            yield session.sparkContext
        finally:
            if is_ours:
                session.stop()

    def _answers(
        self, task: Any, parts: Sequence[Sequence[Any]], places: Sequence[slice]
    ) -> Iterator[tuple[int, Any]]:
        """Yield the sum of a task over each part, with its number."""
        used: dict[str, Any] = {}
        pickled = self._lasting.pickled(task, used)
        messages = [self._lasting.pickled(part, used) for part in parts]
        shared = self._context.broadcast(pickled)
        # A partition each, so that Spark gives each to the next worker that is free.
        asked = self._context.parallelize(messages, len(messages))
        try:
            found = asked.mapPartitions(partial(_done, shared, used, build_name())).collect()
        except Exception as error:
            raise _as_ours(error, places) from error
        finally:
            shared.destroy()
        for number, content in enumerate(found):
            error, value = pickle.loads(content)
            if error is not None:
                raise error
            yield number, value
        self._lasting.forget(MOST_KEPT)


def _done(
    task: Any, lasting: Mapping[str, Any], build: str, parts: Iterable[bytes]
) -> Iterator[bytes]:
    """Yield what a worker finds of some units each, by a task that all share."""
    for units in parts:
        # What was broadcast is fetched by a worker that has it not.
        yield answered(task.value, units, lambda name: lasting[name].value, build)


def _started(n_workers: int) -> tuple[Any, bool]:
    """Return the session that there is, or else one of this machine, and whether it is new."""
    from pyspark.sql import SparkSession  # pyright: ignore[reportMissingImports]

    active = SparkSession.getActiveSession()
    if active is not None:
        return active, False
    before = os.environ.get(INTERPRETER)
    os.environ.setdefault(INTERPRETER, sys.executable)
    try:
        session = (
            SparkSession.builder.master(f"local[{n_workers},{TRIES}]")
            .appName("mixtura")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.executorEnv.PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
            .getOrCreate()
        )
    except Exception as error:
        raise EngineError(
            f"Spark did not start ({str(error).strip().splitlines()[0]}); it needs Java, version "
            "17 or later, found by JAVA_HOME or PATH"
        ) from error
    finally:
        if before is None:
            del os.environ[INTERPRETER]
    return session, True


def _as_ours(error: Exception, places: Sequence[slice]) -> Exception:
    """Return an error that names the units of a task that Spark gave up, or the error itself."""
    lacking = LACKING.search(str(error))
    if lacking is not None:
        return EngineError(
            f"a Spark worker has no module '{lacking[1]}'; install mixtura where workers run, and "
            f"name their interpreter by {INTERPRETER} before the session starts"
        )
    found = GIVEN_UP.search(str(error))
    if found is None:
        return error
    return EngineError(
        f"each Spark worker that was given {named(places[int(found[1])])} (counted from 0) ended, "
        f"{found[2]} times; memory may have run out: give workers more of it "
        "(spark.executor.memoryOverhead), or fewer of them cores"
    )
