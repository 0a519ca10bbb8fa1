"""How often each pattern of answers is seen, and how often a mixture says it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.data.distinct import distinct_rows
from mixtura.mixture import Mixture

__all__ = ["PatternResiduals", "pattern_residuals"]

Float = NDArray[np.float64]

# Tables of more cells are told of by the patterns that were seen alone.
MOST_CELLS = 1 << 16
# A pattern that was never seen is told of where it is expected as often.
LEAST_EXPECTED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class PatternResiduals:
    """Patterns of answers, as often as they are seen and as they are expected.

    Attributes
    ----------
    patterns : (U, J) numbers of answers, -1 where one is missing
    observed : (U,) the weight of rows with each
    expected : (U,) by the model, of as many rows as lack the same answers
    of : (U,) the weight of these
    """

    patterns: NDArray[np.intp]
    observed: Float
    expected: Float
    of: Float

    @property
    def pearson(self) -> Float:
        """Return Pearson's residuals (O - E) / √E (U,)."""
        return (self.observed - self.expected) / np.sqrt(self.expected)

    @property
    def standardised(self) -> Float:
        """Return the residuals over their standard deviations (U,), (O - E) / √(E (1 - E / n)).

        Parameters are taken for known, so these are a little nearer to 0 than deviates of N(0, 1).
        """
        spread = self.expected * np.maximum(1.0 - self.expected / self.of, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (self.observed - self.expected) / np.sqrt(spread)
        return np.where(spread > 0.0, found, 0.0)

    def most(self, count: int, fewest: float) -> NDArray[np.intp]:
        """Return the places of patterns, the furthest from what is expected first.

        Parameters
        ----------
        count : how many at the most
        fewest : how often a pattern is to be seen or expected
        """
        often = np.flatnonzero(np.maximum(self.observed, self.expected) >= fewest)
        return often[np.argsort(-np.abs(self.standardised[often]), kind="stable")][:count]


def pattern_residuals(
    mixture: Mixture,
    rows: NDArray[Any],
    weights: Float | None,
    seen: Sequence[NDArray[np.intp]],
) -> PatternResiduals:
    """Return how often each pattern is seen and expected, the most frequent first.

    Patterns that were never seen are among them where no answer is missing, the table has no more
    than 65 536 cells, and one is expected at least half a time.

    Parameters
    ----------
    mixture : of items alone
    rows : (N, J) numbers of answers, NaN or -1 where one is missing
    weights : (N,) row weights, or None
    seen : of each item (J,) the numbers of the answers that were given
    """
    found, observed = distinct_rows(np.asarray(rows, dtype=np.float64), weights)
    patterns = np.asarray(found, dtype=np.float64)
    known = patterns >= 0
    kept = known.any(axis=1) & (observed > 0)
    patterns, observed, known = patterns[kept], observed[kept], known[kept]
    if known.all() and prod(map(len, seen)) <= MOST_CELLS:
        patterns, observed = _with_unseen(patterns, observed, seen)
        known = np.ones(patterns.shape, dtype=bool)
    # Rows that lack the same answers are a table of their own.
    _, which = np.unique(known, axis=0, return_inverse=True)
    totals: Any = np.bincount(which.ravel(), observed)
    of = totals[which.ravel()]
    expected = of * np.exp(mixture.coded.log_density(patterns.astype(rows.dtype)))
    told = np.flatnonzero((observed > 0) | (expected >= LEAST_EXPECTED))
    order = told[np.lexsort((-expected[told], -observed[told]))]
    coded = np.where(known, patterns, -1).astype(np.intp)
    return PatternResiduals(coded[order], observed[order], expected[order], of[order])


def _with_unseen(
    patterns: Float, observed: Float, seen: Sequence[NDArray[np.intp]]
) -> tuple[Float, Float]:
    """Return all cells of a table (C, J), and how often each is seen."""
    sizes = [len(own) for own in seen]
    places = [np.searchsorted(own, column) for own, column in zip(seen, patterns.T, strict=True)]
    place = np.ravel_multi_index(places, sizes)
    counts: Any = np.bincount(place, observed, minlength=prod(sizes))
    cells = np.unravel_index(np.arange(prod(sizes)), sizes)
    every = np.column_stack([own[place] for own, place in zip(seen, cells, strict=True)])
    return every.astype(np.float64), counts
