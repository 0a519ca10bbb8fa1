"""Distinct rows with their total weights, and samples that depend on contents alone.

Rows are grouped by a 64-bit hash of their values: one pass of about 3 ns a number and one sort of
N integers, where sorting the rows themselves would take D sorts. Rows that share a hash are then
compared, so that a collision costs a second pass and never merges two different rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from mixtura.arrays import order_by_pattern
from mixtura.data.gaps import has_gaps
from mixtura.data.totals import sums_of_runs, total

__all__ = [
    "content_subsample",
    "count_distinct",
    "count_distinct_cells",
    "distinct_rows",
    "hashes_of",
    "hashes_of_cells",
    "in_order",
    "log_exponentials",
    "subsample_of_cells",
]

Float = NDArray[np.float64]
Rows = NDArray[np.float64] | NDArray[np.float32]

# Chunks of rows whose columns, hashes and scratch stay in the second-level cache.
CHUNK_ROWS = 4096
MASK = 2**64 - 1
# Increment and multipliers of SplitMix64 (Steele, Lea and Flood 2014).
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def distinct_rows(
    rows: Rows, weights: Float | None = None, limit: int | None = None
) -> tuple[Rows, Float]:
    """Return the distinct rows in lexicographic order, each with its total weight.

    Parameters
    ----------
    rows : (N, D) float64 or float32, all NaN of the same bits; -0.0 counts as 0.0
    weights : (N,) float64, not negative, or None for 1 a row; rows of weight 0 are dropped
    limit : keep only the first so many of the distinct rows; None keeps all

    Returns
    -------
    rows : (U, D), of the dtype given
    weights : (U,) float64
    """
    firsts, _, totals = _grouped(rows, weights, seed=0)
    return in_order(rows[firsts], totals, limit)


def count_distinct(rows: Rows, at_least: int) -> int:
    """Return the number of distinct rows, or `at_least` as soon as so many were seen.

    Parameters
    ----------
    rows : (N, D) float64 or float32, without NaN
    at_least : where to stop counting
    """
    return _count(rows, at_least, hashes_of)


def count_distinct_cells(rows: Any, at_least: int) -> int:
    """Like `count_distinct`, for a float64 array or CSR without stored zeros."""
    return _count(rows, at_least, hashes_of_cells)


def _count(rows: Any, at_least: int, hashes: Callable[[Any, int], NDArray[np.uint64]]) -> int:
    seen = np.empty(0, dtype=np.uint64)
    start, step = 0, max(2 * at_least, CHUNK_ROWS)
    while start < rows.shape[0] and len(seen) < at_least:
        seen = np.union1d(seen, hashes(rows[start : start + step], 0))
        start, step = start + step, 2 * step
    return max(min(len(seen), at_least), 0)


def content_subsample(
    rows: Rows, weights: Float | None, size: int, seed: int
) -> tuple[Rows, Float]:
    """Return at most `size` distinct rows, drawn in proportion to weight without replacement.

    The draw is a function of the distinct rows, their total weights and the seed: neither the
    order of the rows matters nor whether a row is given twice or once with weight 2. Each row has
    an exponential variable made of its own hash, divided by its weight; the smallest are kept
    (Efraimidis and Spirakis 2006).

    Parameters
    ----------
    rows : (N, D) float64 or float32, finite but for NaN, which equals itself here; -0.0 counts
        as 0.0
    weights : (N,) float64, not negative, or None for 1 a row; rows of weight 0 are dropped
    size : how many rows to keep, at least 1
    seed : another seed draws other rows

    Returns
    -------
    rows : (S, D) distinct, in lexicographic order, of the dtype given; by patterns of NaN first
    weights : (S,) float64, of the same sum as those given: the total weights of the rows when all
        distinct rows are kept, else equal shares
    """
    if has_gaps(rows):
        # Infinity, which equals itself, stands for NaN meanwhile.
        filled = np.where(np.isnan(rows), rows.dtype.type(np.inf), rows)
        found, shares = content_subsample(filled, weights, size, seed)
        found = np.where(np.isinf(found), rows.dtype.type(np.nan), found)
        order = order_by_pattern(found)
        return found[order], shares[order]
    firsts, hashes, totals = _grouped(rows, weights, seed)
    if len(firsts) <= size:
        return in_order(rows[firsts], totals)
    shares = np.full(size, (rows.shape[0] if weights is None else total(weights)) / size)
    # Logarithms order the keys alike, and no weight is too large or small for them.
    keys = log_exponentials(hashes)
    del hashes
    keys -= np.log(totals, out=totals)
    kept = np.argpartition(keys, size - 1)[:size]
    return in_order(rows[firsts[kept]], shares)


def subsample_of_cells(rows: Any, weights: Float | None, size: int, seed: int) -> tuple[Any, Float]:
    """Like `content_subsample`, the same for dense and sparse rows, in the order of a hash.

    Parameters
    ----------
    rows : (N, D) float64 array or CSR without stored zeros
    """
    firsts, hashes, totals = _grouped(rows, weights, seed, by_cells=True)
    if len(firsts) <= size:
        return rows[firsts], totals
    shares = np.full(size, (rows.shape[0] if weights is None else total(weights)) / size)
    keys = log_exponentials(hashes) - np.log(totals)
    kept = np.sort(np.argpartition(keys, size - 1)[:size])
    return rows[firsts[kept]], shares


def log_exponentials(hashes: NDArray[np.uint64]) -> Float:
    """Return the logarithms (U,) of exponential variables made of hashes, which are used up."""
    hashes >>= np.uint64(11)
    values = hashes.astype(np.float64)
    values += 0.5
    values *= 2.0**-53
    np.log(values, out=values)
    np.negative(values, out=values)
    return np.log(values, out=values)


def in_order(rows: Rows, weights: Float, limit: int | None = None) -> tuple[Rows, Float]:
    """Return rows (U, D) that are distinct in lexicographic order, with their weights (U,)."""
    # Adding zero turns -0.0 into 0.0.
    rows = rows + rows.dtype.type(0)
    if len(rows) == 0 or rows.shape[1] == 0:
        return rows[:limit], weights[:limit]
    order = np.argsort(rows[:, 0])
    leading = rows[order, 0]
    same = leading[1:] == leading[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    order[tied] = order[tied][np.lexsort(rows[order[tied]].T[::-1])]
    return rows[order[:limit]], weights[order[:limit]]


def _grouped(
    rows: Any, weights: Float | None, seed: int, *, by_cells: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.uint64], Float]:
    """Return an index (U,) into `rows`, a hash and the total weight of each distinct row."""
    hashes = hashes_of_cells(rows, seed) if by_cells else hashes_of(rows, seed)
    order = np.argsort(hashes)
    if weights is not None:
        order = order[weights[order] > 0]
    hashes = np.take(hashes, order)
    repeats = np.flatnonzero(hashes[1:] == hashes[:-1]) + 1
    if not _repeat(rows, order, repeats):
        # Two different rows share a hash. That, too, depends on contents alone.
        return _grouped(rows, weights, seed + GOLDEN, by_cells=by_cells)
    if not repeats.size:
        return order, hashes, np.ones(len(order)) if weights is None else weights[order]
    first = np.ones(len(order), dtype=bool)
    first[repeats] = False
    starts = np.flatnonzero(first)
    if weights is None:
        totals = np.diff(starts, append=len(order)).astype(np.float64)
    else:
        totals = sums_of_runs(weights[order], starts)
    return order[starts], hashes[starts], totals


def _repeat(rows: Rows, order: NDArray[np.intp], repeats: NDArray[np.intp]) -> bool:
    """Return whether the rows at these positions of the order equal the rows before them."""
    for start in range(0, len(repeats), CHUNK_ROWS):
        here = repeats[start : start + CHUNK_ROWS]
        if not _equal(rows[order[here]], rows[order[here - 1]]):
            return False
    return True


def _equal(some: Any, others: Any) -> bool:
    if issparse(some):
        return (some != others).nnz == 0
    return np.array_equal(some, others, equal_nan=True)


def hashes_of(rows: Rows, seed: int) -> NDArray[np.uint64]:
    """Return a hash (N,) of each row's values, equal for float32 and float64."""
    hashes = np.full(len(rows), (seed * GOLDEN + FIRST) & MASK, dtype=np.uint64)
    for start in range(0, len(rows), CHUNK_ROWS):
        state = hashes[start : start + CHUNK_ROWS]
        scratch = np.empty_like(state)
        values = np.add(rows[start : start + CHUNK_ROWS].T, 0.0, dtype=np.float64, order="C")
        for column in values.view(np.uint64):
            state ^= column
            _mix(state, scratch)
    return hashes


def hashes_of_cells(rows: Any, seed: int) -> NDArray[np.uint64]:
    """Return a hash (N,) of each row's cells other than zero, the same for dense and sparse."""
    hashes = np.empty(rows.shape[0], dtype=np.uint64)
    for start in range(0, rows.shape[0], CHUNK_ROWS):
        chunk = csr_array(rows[start : start + CHUNK_ROWS])
        state = chunk.indices.astype(np.uint64)
        state *= np.uint64(GOLDEN)
        state ^= chunk.data.view(np.uint64)
        _mix(state, np.empty_like(state))
        # Sums wrap around, so differences of running sums are exact.
        running = np.concatenate([np.zeros(1, np.uint64), np.cumsum(state, dtype=np.uint64)])
        sums = running[chunk.indptr[1:]] - running[chunk.indptr[:-1]]
        sums ^= np.uint64((seed * GOLDEN + FIRST) & MASK)
        _mix(sums, np.empty_like(sums))
        hashes[start : start + CHUNK_ROWS] = sums
    return hashes


def _mix(state: NDArray[np.uint64], scratch: NDArray[np.uint64]) -> None:
    """Scramble each number in place, no two alike (the finaliser of SplitMix64)."""
    state += np.uint64(GOLDEN)
    for shift, multiplier in ((30, FIRST), (27, SECOND)):
        state ^= np.right_shift(state, np.uint64(shift), out=scratch)
        state *= np.uint64(multiplier)
    state ^= np.right_shift(state, np.uint64(31), out=scratch)
