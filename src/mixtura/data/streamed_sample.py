"""A sample by contents from blocks of rows: the one that `content_subsample` draws in memory.

Of a row of hash h and total weight w the key is E(h) / w, and the smallest keys are kept. No key is
above E(h), so the size-th smallest of these bounds the keys that matter. And w is at most the
number of rows in its bucket of hashes; so a second pass looks at few rows, whose weights it counts.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.data.distinct import hashes_of, in_order, log_exponentials

__all__ = ["streamed_sample"]

Float = NDArray[np.float64]
Hashes = NDArray[np.uint64]
# Makes a new pass over the rows, block by block.
Passes: TypeAlias = Callable[[], Iterable[NDArray[Any]]]

BUCKETS = 1 << 22
# Hashes that are held before equal ones are joined.
HELD = 1 << 20
# What rounding may do to a logarithm.
SLACK = 1e-9


def streamed_sample(
    passes: Passes,
    n_rows: int,
    take: Callable[[NDArray[np.intp]], NDArray[Any]],
    size: int,
    seed: int,
) -> tuple[NDArray[Any], Float]:
    """Return what `content_subsample` returns for rows without weights.

    Rows whose 64-bit hashes are equal count as one row: of 1e8 different rows two are by a chance
    of 3 in 10 000.

    Parameters
    ----------
    passes : makes a pass over the rows (n, D), block by block
    n_rows : N
    take : returns the rows at positions, which rise
    size : how many rows to keep, at least 1
    seed : another seed draws other rows
    """
    counts, cutoff = _first_pass(passes, size, seed)
    hashes, firsts, totals = _candidates(passes, counts, cutoff, seed)
    if cutoff is not None:
        keys = log_exponentials(hashes) - np.log(totals)
        kept = np.argpartition(keys, size - 1)[:size]
        firsts, totals = firsts[kept], np.full(size, n_rows / size)
    rising = np.argsort(firsts)
    return in_order(take(firsts[rising]), totals[rising])


def _first_pass(
    passes: Passes, size: int, seed: int
) -> tuple[NDArray[np.uint32], np.uint64 | None]:
    """Return how many rows each bucket has, and the size-th largest hash, None if all are kept.

    The exponential variable of a hash is the smaller, the larger the hash.
    """
    counts = np.zeros(BUCKETS, dtype=np.uint32)
    largest, held, n_held = np.empty(0, dtype=np.uint64), [], 0
    least = np.uint64(0)
    for rows in passes():
        hashes = hashes_of(rows, seed)
        np.add.at(counts, _bucket(hashes), np.uint32(1))
        above = hashes[hashes >= least]
        held.append(above)
        n_held += len(above)
        if n_held > max(HELD, size):
            largest = _distinct(np.sort(np.concatenate([largest, *held])))[0][-size - 1 :]
            least = largest[0] if len(largest) > size else least
            held, n_held = [], 0
    largest = _distinct(np.sort(np.concatenate([largest, *held])))[0][-size - 1 :]
    return counts, largest[1] if len(largest) > size else None


def _candidates(
    passes: Passes, counts: NDArray[np.uint32], cutoff: np.uint64 | None, seed: int
) -> tuple[Hashes, NDArray[np.intp], Float]:
    """Return hashes that may be among those kept, the first row and the number of rows of each."""
    bound, least = np.inf, np.uint64(0)
    if cutoff is not None:
        bound = float(log_exponentials(np.array([cutoff]))[0]) + SLACK
        least = _least_hash(bound + float(np.log(counts.max())))
    found = np.empty(0, np.uint64), np.empty(0, np.intp), np.empty(0)
    held: list[tuple[Hashes, NDArray[np.intp]]] = []
    n_held = 0
    for start, rows in _placed(passes()):
        hashes = hashes_of(rows, seed)
        places = np.flatnonzero(hashes >= least)
        if cutoff is not None:
            own = hashes[places]
            keys = log_exponentials(own.copy()) - np.log(counts[_bucket(own)])
            places = places[keys <= bound]
        held.append((hashes[places], places + start))
        n_held += len(places)
        if n_held > HELD:
            found, held, n_held = _joined(found, held), [], 0
    return _joined(found, held)


def _least_hash(key: float) -> np.uint64:
    """Return a hash below all those whose exponential variables have no larger logarithms."""
    uniform = float(np.exp(-np.exp(key + SLACK)))
    return np.uint64(max(int(uniform * 2.0**53) - 2, 0) << 11)


def _joined(
    found: tuple[Hashes, NDArray[np.intp], Float], held: list[tuple[Hashes, NDArray[np.intp]]]
) -> tuple[Hashes, NDArray[np.intp], Float]:
    """Return each hash once, with the first of its rows and how many there are."""
    hashes = np.concatenate([found[0], *(one for one, _ in held)])
    places = np.concatenate([found[1], *(own for _, own in held)])
    totals = np.concatenate([found[2], np.ones(len(hashes) - len(found[0]))])
    order = np.argsort(hashes, kind="stable")
    if not len(order):
        return found
    unique, starts = _distinct(hashes[order])
    return (
        unique,
        np.minimum.reduceat(places[order], starts),
        np.add.reduceat(totals[order], starts),
    )


def _distinct(ascending: Hashes) -> tuple[Hashes, NDArray[np.intp]]:
    """Return each number once, and where it first stands; sorting is faster than `np.unique`."""
    first = np.ones(len(ascending), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    return ascending[starts], starts


def _bucket(hashes: Hashes) -> NDArray[np.intp]:
    return (hashes & np.uint64(BUCKETS - 1)).astype(np.intp)


def _placed(blocks: Iterable[NDArray[Any]]) -> Iterator[tuple[int, NDArray[Any]]]:
    start = 0
    for rows in blocks:
        yield start, rows
        start += len(rows)
