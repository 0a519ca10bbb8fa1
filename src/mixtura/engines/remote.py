"""Tasks sent to the workers of a cluster, and what these do: what outlasts tasks goes out once."""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from threading import Lock
from typing import Any, TypeAlias
from uuid import uuid4

from mixtura.engines.blas import single_threaded_blas
from mixtura.engines.crew import answer
from mixtura.engines.engine import MergeTree
from mixtura.engines.parcels import MOST_KEPT, Pickler, Unpickler
from mixtura.engines.processes import branches
from mixtura.errors import EngineError
from mixtura.native.library import build_name

__all__ = ["BRANCHES", "Lasting", "answered", "folded", "named"]

# Branches of the merge tree that each worker is given, so that fast ones do more of them.
BRANCHES = 4

# Returns the pickle of what outlasts tasks, by its name.
Content: TypeAlias = Callable[[str], bytes]
# Yields the sum of a task over each part of the units, with its number, of a task, the parts and
# where they are.
Answers: TypeAlias = Callable[
    [Any, Sequence[Sequence[Any]], Sequence[slice]], Iterator[tuple[int, Any]]
]


def folded(answers: Answers, task: Any, units: Sequence[Any], n_jobs: int) -> Any:
    """Return the sum of a task over units, whose parts are branches of the fixed merge tree."""
    parts = branches(len(units), BRANCHES * n_jobs)
    tree = MergeTree(len(parts))
    for number, found in answers(task, [units[part] for part in parts], parts):
        tree.add(number, found)
    return tree.total()


class Lasting:
    """What outlasts tasks, of which workers are sent pickles once; the last used are kept.

    Parameters
    ----------
    send : hands workers a pickle, and returns what stands for it
    drop : lets workers forget that; None where it is enough that nobody has it
    """

    def __init__(
        self, send: Callable[[bytes], Any], drop: Callable[[Any], None] | None = None
    ) -> None:
        self._send, self._drop = send, drop
        self._sent: OrderedDict[int, tuple[Any, str, Any]] = OrderedDict()

    def pickled(self, value: Any, used: dict[str, Any]) -> bytes:
        """Return the pickle of a value without what outlasts tasks, which is added to `used`."""

        def place_of(lasting: Any) -> Any:
            if id(lasting) not in self._sent:
                sent = self._send(pickle.dumps(lasting, protocol=5))
                self._sent[id(lasting)] = lasting, uuid4().hex, sent
            self._sent.move_to_end(id(lasting))
            _, name, sent = self._sent[id(lasting)]
            used[name] = sent
            return name, ()

        message = BytesIO()
        Pickler(message, place_of).dump(value)
        return message.getvalue()

    def forget(self, most: int = 0) -> None:
        """Forget all but so many that were used last."""
        while len(self._sent) > most:
            _, (_, _, sent) = self._sent.popitem(last=False)
            if self._drop is not None:
                self._drop(sent)


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
