"""What a fit is about, in short texts by name, so that another can be told from it and how."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np
from scipy.sparse import issparse

from mixtura.errors import CheckpointError

__all__ = ["check_same", "digest", "digest_of_rows", "told"]

# What is short enough to be shown.
SHOWN = 60
# Differences that an error names.
NAMED = 3
PLAIN = (type(None), bool, int, float, complex, str, bytes, Enum, np.generic)


def check_same(called: str, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise where a checkpoint is about something else.

    Parameters
    ----------
    called : its file
    before, now : what it is about, and what it should be about
    """
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not names:
        return
    words = [_difference(name, before.get(name), now.get(name)) for name in names[:NAMED]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    raise CheckpointError(
        f"the checkpoint '{called}' is of another fit: {'; '.join(words)}{more}. Give what it was "
        "given, or begin anew without that file"
    )


def _difference(name: str, before: str | None, now: str | None) -> str:
    if before is None or now is None:
        return f"{name} is {'new' if before is None else 'missing'}"
    if len(before) > SHOWN or len(now) > SHOWN:
        return f"{name} differs"
    return f"{name} was {before} and is {now}"


def told(value: Any, name: str = "") -> dict[str, str]:
    """Return the parts of a value by dotted names: short ones as they are, others as digests.

    Functions are left out: they say how to tell of a fit, not what it is.
    """
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: getattr(value, each.name) for each in fields(value)}
        inner = [told(part, f"{name}.{key}".lstrip(".")) for key, part in parts.items()]
        return {key: text for found in inner for key, text in found.items()}
    if callable(value):
        return {}
    shown = repr(value) if isinstance(value, PLAIN) else ""
    return {name: shown if 0 < len(shown) <= SHOWN else digest(value)}


def digest(*values: Any) -> str:
    """Return a digest of what values hold."""
    hasher = hashlib.blake2b(digest_size=32)
    for value in values:
        _feed(hasher, value, ())
    return hasher.hexdigest()


def digest_of_rows(blocks: Iterable[Any]) -> str:
    """Return a digest of rows, their weights and what they are excluded from, block by block."""
    hasher = hashlib.blake2b(digest_size=32)
    for block in blocks:
        for part in (block.rows, block.weights, block.excluded):
            _feed(hasher, part, ())
    return hasher.hexdigest()


def _feed(hasher: Any, value: Any, around: tuple[int, ...]) -> None:
    """Add what a value holds; `around` are the values that it is a part of."""
    hasher.update(f"{type(value).__qualname__}:".encode())
    inner = (*around, id(value))
    if isinstance(value, PLAIN):
        hasher.update(repr(value).encode())
    elif isinstance(value, np.ndarray):
        hasher.update(f"{value.dtype.str}{value.shape}".encode())
        if value.dtype.hasobject:
            _feed_all(hasher, value.ravel().tolist(), inner)
        else:
            hasher.update(np.ascontiguousarray(value).data)
    elif issparse(value):
        found: Any = value.tocsr()
        _feed_all(hasher, [found.shape, found.data, found.indices, found.indptr], inner)
    elif isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: repr(item[0]))
        _feed_all(hasher, [part for item in items for part in item], inner)
    elif isinstance(value, Sequence):
        _feed_all(hasher, value, inner)
    elif isinstance(value, set | frozenset):
        _feed_all(hasher, sorted(value, key=repr), inner)
    elif isinstance(value, type):
        hasher.update(value.__qualname__.encode())
    elif not callable(value) or hasattr(value, "__dict__"):
        _feed_all(hasher, _attributes(value), inner)


def _feed_all(hasher: Any, parts: Sequence[Any], around: tuple[int, ...]) -> None:
    hasher.update(f"{len(parts)}:".encode())
    for part in parts:
        if id(part) not in around:
            _feed(hasher, part, around)


def _attributes(value: Any) -> list[Any]:
    """Return names and values of what an object holds."""
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    found = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    found |= getattr(value, "__dict__", {})
    return [part for item in sorted(found.items()) for part in item]
