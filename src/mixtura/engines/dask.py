"""Workers of a Dask cluster, on this machine or on many: tasks go out and sums come back.

What outlasts a task, as rows or the places of rows do, is scattered to the workers once; after
that parameters and sums travel. Dask does again what a lost worker had to do, and whoever did it,
sums go through the fixed tree.
"""

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.cores import number_of_workers
from mixtura.engines.engine import Item, Result, in_order
from mixtura.engines.parcels import MOST_KEPT
from mixtura.engines.remote import Lasting, answered, folded, named
from mixtura.engines.serial import Serial
from mixtura.errors import EngineError, ParameterError
from mixtura.native.library import build_name

__all__ = ["Dask"]

# How often what was lost with all workers that held it is scattered again.
TRIES = 3


class Dask:
    """Workers of a Dask cluster, each of which loads its own units of rows.

    Parameters
    ----------
    where : a client of `distributed`, the address of a scheduler, or None for processes of this
        machine that are there as long as a session
    n_jobs : processes of this machine; None or -1 for as many as there are cores

    Raises
    ------
    ParameterError
        If `distributed` is not installed.
    """

    def __init__(self, where: Any = None, n_jobs: int | None = None) -> None:
        try:
            import distributed
        except ImportError as error:
            raise ParameterError(
                "engine='dask' needs distributed; install it: pip install 'mixtura[dask]'"
            ) from error
        self._distributed = distributed
        self._where, self._n_local = where, number_of_workers(n_jobs)
        self._client: Any = None
        self._lasting: Any = None

    @property
    def n_jobs(self) -> int:
        """Return how many tasks are done at once."""
        if self._client is None:
            return self._n_local
        return max(1, sum(self._client.nthreads().values()))

    def fold(self, task: Callable[[Item], Result], units: Sequence[Item]) -> Result:
        """Return the sum over units by the fixed merge tree."""
        if self._client is None or len(units) <= 1:
            return Serial().fold(task, units)
        return folded(self._answers, task, units, self.n_jobs)

    def map(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what a task makes of each item, in their order."""
        if self._client is None or len(items) <= 1:
            yield from Serial().map(task, items)
            return
        places = [slice(place, place + 1) for place in range(len(items))]
        yield from in_order(self._answers(task, [[item] for item in items], places))

    @contextmanager
    def session(self) -> Iterator[None]:
        """Keep workers, and what was sent to them, for several folds."""
        if self._client is not None:
            yield
            return
        with single_threaded_blas(), self._connected() as client:
            self._client = client
            self._lasting = Lasting(self._scattered)
            try:
                yield
            finally:
                self._client = self._lasting = None

    def _scattered(self, content: bytes) -> Any:
        return self._client.scatter(content, broadcast=True, hash=False)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        if self._where is not None and not isinstance(self._where, str):
            yield self._where
        elif self._where is not None:
            try:
                client = self._distributed.Client(self._where)
            except (OSError, ValueError) as error:
                raise EngineError(
                    f"there is no Dask scheduler at '{self._where}' ({error}); start one, or "
                    "check the address"
                ) from error
            with client:
                yield client
        else:
            cluster = self._distributed.LocalCluster(
                n_workers=self._n_local,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
            )
            with cluster, self._distributed.Client(cluster) as client:
                yield client

    def _answers(
        self, task: Any, parts: Sequence[Sequence[Any]], places: Sequence[slice]
    ) -> Iterator[tuple[int, Any]]:
        """Yield the sum of a task over each part as it comes, with its number."""
        left = dict(enumerate(parts))
        for tries in range(TRIES):
            try:
                for number, found in self._submitted(task, left, places):
                    del left[number]
                    yield number, found
            except CancelledError as error:
                # What was scattered is gone with the workers that held it.
                self._lasting.forget()
                if tries == TRIES - 1:
                    raise EngineError(
                        f"Dask lost the workers that had the rows {TRIES} times in one pass; see "
                        "to the memory of the workers, or use more of them"
                    ) from error
            else:
                return

    def _submitted(
        self, task: Any, parts: Mapping[int, Sequence[Any]], places: Sequence[slice]
    ) -> Iterator[tuple[int, Any]]:
        shared: dict[str, Any] = {}
        pickled = self._lasting.pickled(task, shared)
        futures: dict[Any, int] = {}
        for number, part in parts.items():
            mine = dict(shared)
            asked = pickled, self._lasting.pickled(part, mine)
            future = self._client.submit(
                _answered, *asked, list(mine), list(mine.values()), build_name(), pure=False
            )
            futures[future] = number
        try:
            for future in self._distributed.as_completed(list(futures)):
                number = futures[future]
                error, found = pickle.loads(self._result(future, places[number]))
                if error is not None:
                    raise error
                yield number, found
            self._lasting.forget(MOST_KEPT)
        finally:
            unfinished = [future for future in futures if not future.done()]
            if unfinished:
                # With a cluster that is lost there is nothing to call off.
                with suppress(Exception):
                    self._client.cancel(unfinished)

    def _result(self, future: Any, place: slice) -> bytes:
        try:
            return future.result()
        except self._distributed.KilledWorker as error:
            raise EngineError(
                f"each Dask worker that was given {named(place)} (counted from 0) ended, the last "
                f"at {error.last_worker.address}; memory may have run out: give workers more of "
                "it, or fewer threads each"
            ) from error


def _answered(
    task: bytes, units: bytes, names: list[str], contents: list[bytes], build: str
) -> bytes:
    return answered(task, units, dict(zip(names, contents, strict=True)).__getitem__, build)
