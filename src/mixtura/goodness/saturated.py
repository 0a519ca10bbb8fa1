"""The table of all answers without a model, of rows some cells of which are missing at random.

Maximum likelihood of the probabilities of all cells by EM (Fuchs 1982, Journal of the American
Statistical Association 77, 270-278): a row that lacks an item is shared out among the cells that
agree with it, in proportion to their probabilities.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_CELLS", "Saturated", "saturated"]

Float = NDArray[np.float64]

# Cells of a table, and cells by patterns of missing items, that are worked through.
MOST_CELLS, MOST_WORK = 1 << 20, 1 << 24
# EM ends where a sweep gains less, in nats.
LEAST_GAIN, MOST_SWEEPS = 1e-7, 5000


@dataclass(frozen=True, slots=True)
class Saturated:
    """The unrestricted table.

    Attributes
    ----------
    probabilities : (C,) of all cells, the last item changing fastest
    log_likelihood : Σ w log of the probability of what each row says
    mcar : G² of the rows' own tables, by which items they lack, against it; 0 without gaps
    mcar_df : its degrees of freedom
    """

    probabilities: Float
    log_likelihood: float
    mcar: float
    mcar_df: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The rows that lack the same items: their counts, and the axes that these are summed over."""

    counts: Float
    missing: tuple[int, ...]

    def marginal(self, table: Float) -> Float:
        return table.sum(axis=self.missing, keepdims=True)


def saturated(rows: NDArray[np.intp], weights: Float, levels: Sequence[int]) -> Saturated | None:
    """Return the unrestricted table, or None where it has too many cells.

    Parameters
    ----------
    rows : (U, J) numbers of levels, -1 where a cell is missing; each has one at least
    weights : (U,) of the rows
    levels : (J,) how many there are
    """
    n_cells = prod(map(int, levels))
    if n_cells > MOST_CELLS:
        return None
    parts = list(_parts(rows, weights, levels))
    if n_cells * len(parts) > MOST_WORK:
        return None
    total = float(weights.sum())
    table, before = np.full(tuple(levels), 1.0 / n_cells), -np.inf
    for _ in range(MOST_SWEEPS):
        value, found = 0.0, np.zeros_like(table)
        for part in parts:
            margin = part.marginal(table)
            there = part.counts > 0.0
            value += float(part.counts[there] @ np.log(margin[there]))
            found += table * np.divide(part.counts, margin, out=np.zeros_like(margin), where=there)
        table = found / total
        if value - before < LEAST_GAIN:
            break
        before = value
    mcar, df = 0.0, 1 - n_cells
    for part in parts:
        own, margin = part.counts, part.marginal(table)
        there = own > 0.0
        mcar += 2.0 * float(own[there] @ np.log(own[there] / (own.sum() * margin[there])))
        df += own.size - 1
    value = sum(
        float(part.counts[there] @ np.log(part.marginal(table)[there]))
        for part in parts
        for there in (part.counts > 0.0,)
    )
    return Saturated(table.ravel(), value, mcar, max(df, 0))


def _parts(rows: NDArray[np.intp], weights: Float, levels: Sequence[int]) -> Iterator[_Part]:
    """Yield the tables of rows that lack the same items."""
    patterns, which = np.unique(rows < 0, axis=0, return_inverse=True)
    for number, lacks in enumerate(patterns):
        own = which.ravel() == number
        shape = tuple(1 if gone else int(size) for gone, size in zip(lacks, levels, strict=True))
        counts = np.zeros(shape)
        np.add.at(counts, tuple(np.maximum(rows[own], 0).T), weights[own])
        yield _Part(counts, tuple(np.flatnonzero(lacks).tolist()))
