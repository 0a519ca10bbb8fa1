"""What workers of a cluster do with a task and units: what outlasts tasks is read once by each."""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeAlias

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.crew import answer
from mixtura.engines.parcels import MOST_KEPT, Unpickler
from mixtura.errors import EngineError
from mixtura.native.library import build_name

__all__ = ["BRANCHES", "answered", "named"]

# Branches of the merge tree that each worker is given, so that fast ones do more of them.
BRANCHES = 4

# Returns the pickle of what outlasts tasks, by its name.
Content: TypeAlias = Callable[[str], bytes]


class _Kept:
    """What a worker process has unpickled of what outlasts tasks, the last used of it."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, Any] = OrderedDict()
        self._lock = Lock()

    def value(self, name: str, content_of: Content) -> Any:
        with self._lock:
            if name not in self._values:
                self._values[name] = pickle.loads(content_of(name))
            self._values.move_to_end(name)
            while len(self._values) > MOST_KEPT:
                self._values.popitem(last=False)
            return self._values[name]


_KEPT = _Kept()


class _Reader:
    def __init__(self, content_of: Content) -> None:
        self._content_of = content_of

    def value(self, message: bytes) -> Any:
        """Return the value of a message."""
        return Unpickler(message, lambda place: _KEPT.value(place[0], self._content_of)).load()


def answered(task: bytes, units: bytes, content_of: Content, build: str) -> bytes:
    """Return what a worker finds, as `answer` does.

    Parameters
    ----------
    task, units : pickles of both
    content_of : returns that of what outlasts tasks, by its name
    build : of the kernels of whoever asks
    """
    if build_name() != build:
        error = EngineError(
            f"this worker runs the kernels '{build_name()}', and who fits '{build}', which differ "
            "in the last digits; use machines of one kind"
        )
        return pickle.dumps((error, None), protocol=5)
    with single_threaded_blas():
        return answer(task, units, _Reader(content_of))


def named(place: slice) -> str:
    """Return how an error calls some units."""
    if place.stop - place.start > 1:
        return f"units {place.start} to {place.stop - 1}"
    return f"unit {place.start}"
