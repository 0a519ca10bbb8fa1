"""Values that outlast a task: written to a file once, from which other processes map them.

A class says by ``lasting = True`` that its values never change and are asked for again and again,
as rows are by every pass. Of such a value a message holds no more than the place.
"""

import mmap
import pickle
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["MOST_KEPT", "Inbox", "Outbox", "Pickler", "Unpickler"]

# A file, and where in it the pickle and each of its arrays begin and how long they are.
Place: TypeAlias = tuple[str, tuple[tuple[int, int], ...]]

# Values that are kept, the last used of them; others are written and read again.
MOST_KEPT = 64
# Arrays begin at multiples of a cache line.
ALIGNMENT = 64


class Outbox:
    """Pickles values for other processes.

    Parameters
    ----------
    folder : an empty one, where lasting values are written
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._numbers = count()
        # With the values themselves, as an `id` is that of another when its value is gone.
        self._kept: OrderedDict[int, tuple[Any, Place]] = OrderedDict()

    def pickled(self, value: Any) -> bytes:
        """Return a message for `Inbox.value`."""
        message = BytesIO()
        Pickler(message, self._place_of).dump(value)
        return message.getvalue()

    def forget(self) -> None:
        """Delete the files that were not used lately; no message on its way may need them."""
        while len(self._kept) > MOST_KEPT:
            _, (_, place) = self._kept.popitem(last=False)
            # Some systems keep files that are mapped, until their folder goes.
            with suppress(PermissionError):
                Path(place[0]).unlink()

    def _place_of(self, value: Any) -> Place:
        if id(value) not in self._kept:
            path = self._folder / str(next(self._numbers))
            self._kept[id(value)] = value, _written(value, path)
        self._kept.move_to_end(id(value))
        return self._kept[id(value)][1]


class Inbox:
    """Reads what an `Outbox` of another process pickled."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def value(self, message: bytes) -> Any:
        """Return the value of a message."""
        return Unpickler(message, self._value_at).load()

    def forget(self) -> None:
        """Let values go that were not used lately."""
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _value_at(self, place: Place) -> Any:
        name, parts = place
        if name not in self._kept:
            self._kept[name] = _mapped(Path(name), parts)
        self._kept.move_to_end(name)
        return self._kept[name]


class Pickler(pickle.Pickler):
    """Leaves values that outlast a task behind, and says where they are."""

    def __init__(self, file: BytesIO, place_of: Callable[[Any], Place]) -> None:
        super().__init__(file, protocol=5)
        self._place_of = place_of

    def persistent_id(self, obj: Any) -> Place | None:
        return self._place_of(obj) if getattr(type(obj), "lasting", False) else None


class Unpickler(pickle.Unpickler):
    """Finds what a `Pickler` left behind."""

    def __init__(self, message: bytes, value_at: Callable[[Place], Any]) -> None:
        super().__init__(BytesIO(message))
        self._value_at = value_at

    def persistent_load(self, pid: Place) -> Any:
        return self._value_at(pid)


def _written(value: Any, path: Path) -> Place:
    """Write the pickle of a value, and its arrays behind it, each as it lies in memory."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    parts = []
    with path.open("wb") as file:
        for part in (head, *(array.raw() for array in arrays)):
            file.write(b"\0" * (-file.tell() % ALIGNMENT))
            parts.append((file.tell(), len(part)))
            file.write(part)
    return str(path), tuple(parts)


def _mapped(path: Path, parts: tuple[tuple[int, int], ...]) -> Any:
    """Return the value written to a file, its arrays read-only views of the file."""
    with path.open("rb") as file:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    head, *arrays = (whole[start : start + size] for start, size in parts)
    return pickle.loads(head, buffers=arrays)
