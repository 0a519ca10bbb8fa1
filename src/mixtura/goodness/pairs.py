"""What a mixture leaves unexplained between two items: bivariate residuals."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["PairResiduals", "pair_residuals", "pair_table"]

Float = NDArray[np.float64]

# A cell that should be emptier than this is no evidence of anything.
SMALLEST_EXPECTED = 1e-9

# Cells beyond which a pair is left out: with so many, nearly all are empty.
LARGEST_TABLE = 1_000_000


@dataclass(frozen=True, slots=True)
class PairResiduals:
    """X² of the table of each pair of items, divided by its degrees of freedom.

    Values well above 1 say that the two items go together beyond what the classes explain; with
    one degree of freedom, above 3.84 (Vermunt and Magidson 2013, section 7.1).

    Attributes
    ----------
    values : (J, J) symmetric, zeros on the diagonal and for pairs of more than a million cells
    """

    values: Float

    def largest(self, count: int) -> list[tuple[int, int, float]]:
        """Return the pairs with the largest residuals, largest first."""
        pairs = combinations(range(len(self.values)), 2)
        found = [(i, j, float(self.values[i, j])) for i, j in pairs]
        return sorted(found, key=lambda pair: -pair[2])[:count]


def pair_table(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    row_weights: Float,
    shape: tuple[int, int],
) -> Float:
    """Return how often (n,) levels of two items meet, where neither is missing (-1).

    Counting takes 3 ns a row; a product of indicators on all cores takes as long as starting them.
    """
    places = (first + 1) * (shape[1] + 1) + second + 1
    size = (shape[0] + 1) * (shape[1] + 1)
    counts = np.bincount(places, weights=row_weights, minlength=size).astype(np.float64)
    return counts.reshape(shape[0] + 1, shape[1] + 1)[1:, 1:]


def pair_residuals(
    weights: Float,
    probabilities: Float,
    rows: NDArray[np.generic],
    row_weights: Float,
    levels: Sequence[int],
) -> PairResiduals:
    """Return the residuals of all pairs, each over the rows that answer both items.

    Parameters
    ----------
    weights : (K,) mixing weights
    probabilities : (K, ΣL) of the items' levels side by side
    rows : (n, J) numbers of levels, -1 where a cell is missing
    row_weights : (n,)
    levels : (J,)
    """
    joint = weights[:, None] * probabilities
    bounds = np.cumsum([0, *levels])
    slices = [slice(*pair) for pair in pairwise(bounds.tolist())]
    columns = np.ascontiguousarray(rows.T, dtype=np.int64)
    values = np.zeros((len(levels), len(levels)))
    for i, j in combinations(range(len(levels)), 2):
        if levels[i] * levels[j] > LARGEST_TABLE:
            continue
        table = pair_table(columns[i], columns[j], row_weights, (levels[i], levels[j]))
        shares = probabilities[:, slices[i]].T @ joint[:, slices[j]]
        values[i, j] = values[j, i] = _residual(table, table.sum() * shares)
    return PairResiduals(values)


def _residual(observed: Float, expected: Float) -> float:
    df = (observed.shape[0] - 1) * (observed.shape[1] - 1)
    likely = expected > SMALLEST_EXPECTED
    gaps = (observed - expected)[likely]
    return float((gaps * (gaps / expected[likely])).sum()) / df if df else 0.0
