"""Holding BLAS to one thread, cheaply enough for fits of a millisecond."""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["single_threaded_blas"]


@cache
def _controller() -> ThreadpoolController:
    # Looking the libraries up takes milliseconds; limiting them takes microseconds.
    return ThreadpoolController().select(user_api="blas")


def single_threaded_blas() -> AbstractContextManager[object]:
    """Return a context in which every BLAS call uses one thread."""
    return _controller().limit(limits=1, user_api="blas")
