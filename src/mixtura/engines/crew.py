"""Worker processes, and what they are told: to fold a task over some units."""

import pickle
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any, Protocol, cast

import numpy as np

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.parcels import Inbox, Outbox
from mixtura.engines.serial import Serial
from mixtura.errors import EngineError

__all__ = ["Crew", "Reader", "answer"]

# Seconds that workers have to end what they do, or themselves.
PATIENCE = 2.0


class Crew:
    """Processes that answer messages, started with the first of them.

    If answers are no longer waited for, because of an error or an interrupt, all of them are ended;
    if there is more to do, others are started.

    Parameters
    ----------
    n_workers : how many there are
    folder : an empty one, for what outlasts a task
    """

    def __init__(self, n_workers: int, folder: str) -> None:
        self.n_workers = n_workers
        self.bytes_sent = 0
        self._outbox = Outbox(folder)
        self._workers: dict[Connection, BaseProcess] = {}

    def folded(
        self, task: Callable[[Any], Any], parts: Sequence[Sequence[Any]]
    ) -> Iterator[tuple[int, Any]]:
        """Yield the sums of a task over parts of the units as they come, each with its number.

        Raises
        ------
        BaseException
            What a worker met.
        EngineError
            If a worker process ended.
        """
        pickled = self._outbox.pickled(task)
        waiting = enumerate(pickle.dumps((pickled, self._outbox.pickled(part))) for part in parts)
        asked: dict[Connection, int] = {}
        try:
            if not self._workers:
                self._start()
            for worker, (number, message) in zip(self._workers, waiting, strict=False):
                asked[worker] = number
                self._send(worker, message)
            while asked:
                for worker in _ready(asked):
                    error, found = self._received(worker)
                    number = asked.pop(worker)
                    if error is not None:
                        self._await_others(asked)
                        raise error
                    yield number, found
                    for number, message in islice(waiting, 1):
                        asked[worker] = number
                        self._send(worker, message)
            self._outbox.forget()
        finally:
            if asked:
                self.stop()

    def _await_others(self, asked: dict[Connection, int]) -> None:
        """Wait a little for answers that nobody needs, so that the workers may stay."""
        until = monotonic() + PATIENCE
        while asked and (left := until - monotonic()) > 0:
            for worker in _ready(asked, left):
                self._received(worker)
                del asked[worker]

    def close(self) -> None:
        """End the workers, none of which has work."""
        for connection in self._workers:
            connection.close()
        for process in self._workers.values():
            process.join(PATIENCE)
        self.stop()

    def stop(self) -> None:
        """End the workers, whatever they do."""
        for connection, process in self._workers.items():
            connection.close()
            process.terminate()
        until = monotonic() + PATIENCE
        for process in self._workers.values():
            process.join(max(until - monotonic(), 0.0))
            if process.is_alive():
                # Who hangs may not hear of the end.
                process.kill()
                process.join()
        self._workers = {}

    def _start(self) -> None:
        context = get_context("spawn")
        for _ in range(self.n_workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            self._workers[cast("Connection", ours)] = process
            # The worker has the only other end, so that its death is heard of.
            theirs.close()

    def _send(self, worker: Connection, message: bytes) -> None:
        self.bytes_sent += len(message)
        try:
            worker.send_bytes(message)
        except OSError as error:
            raise self._lost(worker) from error

    def _received(self, worker: Connection) -> tuple[BaseException | None, Any]:
        try:
            answer = worker.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost(worker) from error
        return pickle.loads(answer)

    def _lost(self, worker: Connection) -> EngineError:
        process = self._workers[worker]
        process.join(PATIENCE)
        return EngineError(
            f"a worker process ended with exit code {process.exitcode}. Memory may have run out: "
            "try fewer n_jobs. Or a script fits as soon as it is imported, which each worker does: "
            'fit below `if __name__ == "__main__":`'
        )


def _ready(asked: dict[Connection, int], seconds: float | None = None) -> list[Connection]:
    """Return those of the workers asked that have answered, or ended, within so many seconds."""
    return cast("list[Connection]", wait(list(asked), seconds))


def _work(connection: Connection) -> None:
    """Answer messages until there is nobody who sends any."""
    # Ctrl-C reaches all processes of a terminal; who waits for the answers ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox = Inbox()
    with single_threaded_blas():
        while True:
            try:
                message = connection.recv_bytes()
            except (EOFError, OSError):
                return
            task, units = pickle.loads(message)
            connection.send_bytes(answer(task, units, inbox))
            inbox.forget()


class Reader(Protocol):
    """Reads what was pickled for other processes."""

    def value(self, message: bytes) -> Any:
        """Return the value of a message."""
        ...


def answer(task: bytes, units: bytes, inbox: Reader) -> bytes:
    """Return the pickle of an error, or None, and of the sum of a task over some units."""
    try:
        # Who asked sees in the answer what is no number; a worker has nobody to tell.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = Serial().fold(inbox.value(task), inbox.value(units))
        return pickle.dumps((None, found), protocol=5)
    except BaseException as error:
        return pickle.dumps((_sendable(error), None), protocol=5)


def _sendable(error: BaseException) -> BaseException:
    """Return an error that says where it was raised, or one that can be sent in its place."""
    error.add_note(f"In a worker process:\n{''.join(traceback.format_exception(error))}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return EngineError(f"{type(error).__name__}: {error}")
    return error
