"""What a worker has for itself: made once by each thread or process that needs it."""

from collections.abc import Callable
from threading import local
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["own"]

Own = TypeVar("Own")

_OF_WORKER = local()


def own(key: Any, make: Callable[[], Own]) -> Own:
    """Return what this worker made for a key; it goes when the key does.

    Parameters
    ----------
    key : by its identity; other processes know it again where its class says ``lasting = True``
    make : makes what is nowhere to hold the key
    """
    made = _OF_WORKER.__dict__.setdefault("made", WeakKeyDictionary())
    if key not in made:
        made[key] = make()
    return made[key]
