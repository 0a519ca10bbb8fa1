"""Holding BLAS to one thread, cheaply enough for fits of a millisecond."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

__all__ = ["single_threaded_blas"]


@cache
def _controller() -> ThreadpoolController:
    # Looking the libraries up takes milliseconds; limiting them takes microseconds.
    return ThreadpoolController().select(user_api="blas")


class _Limit:
    """The one limit of the process: the first to enter sets it, the last to leave lifts it.

    Were each fit to put back what it found, fits that overlap in several threads would leave the
    limit behind for good.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._holders = 0
        self._limiter: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._limiter = _controller().limit(limits=1, user_api="blas")
            self._holders += 1

    def leave(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._limiter.restore_original_limits()


_LIMIT = _Limit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Return a context in which every BLAS call uses one thread, whichever thread makes it."""
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()
