"""Files that are damaged or crafted, from a seed."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["crafted", "damaged"]

BLANK = b"0" * 64
JUNK: list[Any] = [None, True, -1, 0, 1, 2**63, -(2**63), 1e308, 5e-324, "", "x", "x" * 300, [], {}]
JUNK += [
    [[]],
    [1, 2, 3],
    {"a": 1},
    "float64",
    "full",
    [2**40, 2**40],
    [0, 0],
    0.5,
    "../../etc/passwd",
]


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the content with some bytes changed, moved, lost or added."""
    return CHANGES[rng.integers(len(CHANGES))](content, rng)


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    cells = bytearray(content)
    for place in rng.integers(len(cells), size=rng.integers(1, 9)):
        cells[place] ^= 1 << int(rng.integers(8))
    return bytes(cells)


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content))]


def spliced(content: bytes, rng: np.random.Generator) -> bytes:
    a, b, c = sorted(rng.integers(len(content) + 1, size=3).tolist())
    kept = [content[:a], content[b:c], content[a:b], content[c:]]
    return b"".join(kept) if rng.random() < 0.5 else content[:a] + content[b:]


def blotted(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content)))
    length = int(rng.integers(1, 64))
    fill = bytes(rng.integers(0, 256, length).tolist()) if rng.random() < 0.7 else b"\xff" * length
    return content[:start] + fill + content[start + length :]


def numbered(content: bytes, rng: np.random.Generator) -> bytes:
    """Put a telling whole number somewhere: lengths and offsets are such."""
    number = int(rng.choice([0, 1, 2**31 - 1, 2**32 - 1, 2**62, 2**63 - 1]))
    width = int(rng.choice([1, 2, 4, 8]))
    start = int(rng.integers(len(content)))
    cell = (number % 256**width).to_bytes(width, "little")
    return content[:start] + cell + content[start + width :]


CHANGES: list[Callable[[bytes, np.random.Generator], bytes]] = [
    *(flipped, cut, spliced, blotted, numbered)
]


def crafted(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a model file whose header says something else, with a digest that is right."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    entry = json.loads(header["__metadata__"]["mixtura"])
    entry["sha256"] = BLANK.decode()
    tensors = {name: each for name, each in header.items() if name != "__metadata__"}
    for _ in range(rng.integers(1, 4)):
        spoil(entry if rng.random() < 0.6 else tensors, rng)
    text = json.dumps(entry)
    if rng.random() < 0.1:
        # A key that stands twice: the last counts.
        text = text[:-1] + ', "document": {}}'
    made = json.dumps({"__metadata__": {"mixtura": text}, **tensors}).encode()
    body = content[8 + length :]
    if rng.random() < 0.3:
        body = damaged(body, rng)
    whole = len(made).to_bytes(8, "little") + made + body
    start = whole.find(BLANK)
    digest = hashlib.sha256(whole).hexdigest().encode()
    return whole if start < 0 else whole[:start] + digest + whole[start + len(BLANK) :]


def spoil(value: Any, rng: np.random.Generator) -> None:
    """Change, drop or rename one entry somewhere in nested lists and dicts."""
    places = list(entries(value))
    holder, key = places[rng.integers(len(places))]
    if key == "sha256":
        return
    kind = rng.choice(["junk", "drop", "near", "swap"], p=[0.5, 0.15, 0.25, 0.1])
    if kind == "drop":
        del holder[key]
    elif kind == "near" and isinstance(holder[key], (int, float)):
        holder[key] += int(rng.choice([-1, 1, 8, 2**40]))
    elif kind == "swap":
        other, there = places[rng.integers(len(places))]
        if there != "sha256" and not isinstance(holder[key], (dict, list)):
            holder[key] = other[there] if not isinstance(other[there], (dict, list)) else None
    else:
        holder[key] = copy.deepcopy(JUNK[rng.integers(len(JUNK))])


def entries(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from entries(value[key])
