"""A sample by contents from blocks of rows: the one that `content_subsample` draws in memory.

Of a row of hash h and total weight w the key is E(h) / w, and the smallest keys are kept. No key is
above E(h) over the weight that the row has at one place, so the size-th smallest of these bounds
the keys that matter. And w is at most the weight of all rows in its bucket of hashes; so a second
pass looks at few rows, whose weights it adds up. Where buckets hold many rows, a pass before it
puts those few into buckets of their own, so that what is held does not grow with the rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.data.distinct import hashes_of, hashes_of_cells, in_order, log_exponentials
from mixtura.data.totals import Totals

__all__ = ["streamed_sample"]

Float = NDArray[np.float64]
Hashes = NDArray[np.uint64]
# Rows (n, D), and their weights (n,) or None where each counts once.
Some: TypeAlias = tuple[NDArray[Any], Float | None]
# Makes a new pass over the rows, block by block.
Passes: TypeAlias = Callable[[], Iterable[Some]]

BITS = 22
BUCKETS = 1 << BITS
# Rows a bucket from which those that matter are told apart once more.
CROWDED = 2
# Hashes that are held before equal ones are joined.
HELD = 1 << 20
# What rounding may do to a logarithm, of sums of weights too.
SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What is drawn: so many of the rows that a pass gives, by the hashes of a seed.

    Attributes
    ----------
    passes : makes a pass over the rows
    size, seed : of the sample
    heaviest : weight of a row
    by_cells : whether rows are told apart as `subsample_of_cells` does
    """

    passes: Passes
    size: int
    seed: int
    heaviest: float
    by_cells: bool

    def hashes(self, rows: NDArray[Any]) -> Hashes:
        """Return the hashes (n,) of rows."""
        return hashes_of_cells(rows, self.seed) if self.by_cells else hashes_of(rows, self.seed)


@dataclass(frozen=True, slots=True)
class _Buckets:
    """Weights of rows that share some bits of their hashes, of which no row weighs more.

    Attributes
    ----------
    weights : (BUCKETS,) uint32 where each row counts once, else float64
    shift : of the lowest of these bits
    cutoff : the size-th smallest bound of a key, or None if all rows are kept
    """

    weights: NDArray[Any]
    shift: int
    cutoff: float | None

    @classmethod
    def none(cls, own: Float | None, shift: int, cutoff: float | None) -> "_Buckets":
        """Return empty buckets for rows of such weights."""
        return cls(np.zeros(BUCKETS, np.uint32 if own is None else np.float64), shift, cutoff)

    def add(self, hashes: Hashes, own: Float | None) -> None:
        """Put rows in."""
        np.add.at(self.weights, self._places(hashes), np.uint32(1) if own is None else own)

    def least(self) -> np.uint64:
        """Return a hash below those of all rows that may be among those kept."""
        if self.cutoff is None:
            return np.uint64(0)
        return _least_hash(self.cutoff + SLACK + float(np.log(self.weights.max())))

    def near(self, hashes: Hashes, own: Float | None, least: np.uint64) -> NDArray[np.intp]:
        """Return which rows may be among those kept, by what `least` returned."""
        near = hashes >= least if own is None else (hashes >= least) & (own > 0)
        places = np.flatnonzero(near)
        if self.cutoff is None:
            return places
        some = hashes[places]
        with np.errstate(divide="ignore"):
            # An empty bucket is of none that matters.
            keys = log_exponentials(some.copy()) - np.log(self.weights[self._places(some)])
        return places[keys <= self.cutoff + SLACK]

    def _places(self, hashes: Hashes) -> NDArray[np.intp]:
        return (hashes >> np.uint64(self.shift) & np.uint64(BUCKETS - 1)).astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Found:
    """Distinct rows by their hashes, which rise.

    Attributes
    ----------
    hashes : (U,)
    firsts : (U,) where each stands first
    totals : (U,) their weights
    """

    hashes: Hashes
    firsts: NDArray[np.intp]
    totals: Totals

    @classmethod
    def of(cls, parts: list["_Found"]) -> "_Found":
        """Return the rows of several parts, each once."""
        hashes = np.concatenate([part.hashes for part in parts])
        if not len(hashes):
            return parts[0]
        order = np.argsort(hashes, kind="stable")
        unique, starts = _distinct(hashes[order])
        firsts = np.concatenate([part.firsts for part in parts])[order]
        totals = Totals.concatenated(part.totals for part in parts).take(order)
        return cls(unique, np.minimum.reduceat(firsts, starts), totals.summed(starts))


def streamed_sample(
    passes: Passes,
    total: float,
    take: Callable[[NDArray[np.intp]], NDArray[Any]],
    size: int,
    seed: int,
    *,
    heaviest: float = 1.0,
    by_cells: bool = False,
) -> tuple[NDArray[Any], Float]:
    """Return what `content_subsample` returns, or `subsample_of_cells`.

    Rows whose 64-bit hashes are equal count as one row: of 1e8 different rows two are by a chance
    of 3 in 10 000.

    Parameters
    ----------
    passes : makes a pass over the rows (n, D) with their weights (n,), block by block
    total : weight of all rows
    take : returns the rows at positions, which rise
    size : how many rows to keep, at least 1
    seed : another seed draws other rows
    heaviest : weight of a row
    by_cells : whether rows are told apart, and put in order, as `subsample_of_cells` does
    """
    drawing = _Drawing(passes, size, seed, heaviest, by_cells)
    buckets = _first_pass(drawing)
    if buckets.cutoff is not None and total > CROWDED * heaviest * BUCKETS:
        buckets = _told_apart(drawing, buckets)
    found = _candidates(drawing, buckets)
    firsts, totals = found.firsts, found.totals.values()
    if buckets.cutoff is not None:
        keys = log_exponentials(found.hashes) - np.log(totals)
        kept = np.sort(np.argpartition(keys, size - 1)[:size])
        firsts, totals = firsts[kept], np.full(size, total / size)
    rising = np.argsort(firsts)
    rows = take(firsts[rising])
    if not by_cells:
        return in_order(rows, totals[rising])
    back = np.empty_like(rising)
    back[rising] = np.arange(len(rising))
    return rows[back], totals


def _first_pass(drawing: _Drawing) -> _Buckets:
    """Return all rows in buckets, with the size-th smallest bound.

    The exponential variable of a hash is the smaller, the larger the hash.
    """
    buckets: _Buckets | None = None
    hashes, keys = np.empty(0, dtype=np.uint64), np.empty(0)
    held: list[tuple[Hashes, Float]] = []
    n_held, least = 0, np.uint64(0)
    for rows, own in drawing.passes():
        new = drawing.hashes(rows)
        if buckets is None:
            buckets = _Buckets.none(own, 0, None)
        buckets.add(new, own)
        near = new >= least if own is None else (new >= least) & (own > 0)
        new = new[near]
        bounds = log_exponentials(new.copy())
        held.append((new, bounds if own is None else bounds - np.log(own[near])))
        n_held += len(new)
        if n_held > max(HELD, drawing.size):
            hashes, keys = _smallest(drawing.size + 1, [(hashes, keys), *held])
            held, n_held = [], 0
            if len(keys) > drawing.size:
                least = _least_hash(float(keys[-1]) + float(np.log(drawing.heaviest)))
    hashes, keys = _smallest(drawing.size + 1, [(hashes, keys), *held])
    assert buckets is not None
    return replace(buckets, cutoff=float(keys[-2]) if len(keys) > drawing.size else None)


def _told_apart(drawing: _Drawing, buckets: _Buckets) -> _Buckets:
    """Return in buckets by other bits those rows that may be among those kept."""
    least, found = buckets.least(), None
    for rows, own in drawing.passes():
        hashes = drawing.hashes(rows)
        near = buckets.near(hashes, own, least)
        if found is None:
            found = _Buckets.none(own, BITS, buckets.cutoff)
        found.add(hashes[near], None if own is None else own[near])
    assert found is not None
    return found


def _smallest(count: int, parts: list[tuple[Hashes, Float]]) -> tuple[Hashes, Float]:
    """Return the hashes of the smallest keys, each once with its smallest, keys rising."""
    hashes = np.concatenate([one for one, _ in parts])
    keys = np.concatenate([own for _, own in parts])
    order = np.argsort(hashes)
    if len(order):
        hashes, starts = _distinct(hashes[order])
        keys = np.minimum.reduceat(keys[order], starts)
    order = np.argsort(keys)[:count]
    return hashes[order], keys[order]


def _candidates(drawing: _Drawing, buckets: _Buckets) -> _Found:
    """Return the rows that may be among those kept."""
    least = buckets.least()
    held: list[_Found] = []
    start = n_held = 0
    for rows, own in drawing.passes():
        hashes = drawing.hashes(rows)
        places = buckets.near(hashes, own, least)
        totals = Totals.ones(len(places)) if own is None else Totals.of(own[places])
        held.append(_Found(hashes[places], places + start, totals))
        start += len(rows)
        n_held += len(places)
        if n_held > HELD:
            held, n_held = [_Found.of(held)], 0
    return _Found.of(held)


def _least_hash(key: float) -> np.uint64:
    """Return a hash below all those whose exponential variables have no larger logarithms."""
    uniform = float(np.exp(-np.exp(min(key + SLACK, 700.0))))
    return np.uint64(max(int(uniform * 2.0**53) - 2, 0) << 11)


def _distinct(ascending: Hashes) -> tuple[Hashes, NDArray[np.intp]]:
    """Return each number once, and where it first stands; sorting is faster than `np.unique`."""
    first = np.ones(len(ascending), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    return ascending[starts], starts
