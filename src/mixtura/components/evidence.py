"""How strong pseudo-counts should be, by the evidence of the counts themselves.

Counts S_k of component k are draws of probabilities that are Dirichlet of A s; what is most likely
of A says how far components lie apart (Minka 2000). s is half the shares of all rows and half even.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["FIRST_COUNT", "Cells", "evident_strength", "smoothed_shares"]

Float = NDArray[np.float64]

# What a cell has before there is evidence.
FIRST_COUNT = 0.1
# Bounds of the logarithm of the pseudo-counts of a cell.
LOWEST, HIGHEST = np.log(1e-4), np.log(1e3)


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts by the cells of items, whose probabilities add up to one.

    Attributes
    ----------
    counts : (K, M)
    starts : where in M each item begins
    """

    counts: Float
    starts: Sequence[int]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Return the number of cells of each item."""
        return np.diff([*self.starts, self.counts.shape[1]])


def smoothed_shares(every: Cells) -> Float:
    """Return s (M,): of each item half the shares of all rows, half even."""
    sizes = np.repeat(every.sizes, every.sizes)
    counts = every.counts.sum(axis=0) + 0.5
    totals = np.repeat(np.add.reduceat(counts, every.starts), every.sizes)
    return 0.5 * counts / totals + 0.5 / sizes


def evident_strength(cells: Cells, shares: Float) -> float:
    """Return A / M, the pseudo-counts of a cell on average, that are most likely.

    Parameters
    ----------
    cells : counts of each component
    shares : s (M,)
    """
    starts = cells.starts
    totals = np.add.reduceat(cells.counts, starts, axis=1)
    mean = cells.counts.shape[1] / len(starts)

    def behind(log_each: float) -> float:
        strength = mean * np.exp(log_each)
        prior = strength * shares
        found = gammaln(cells.counts + prior).sum() - len(totals) * gammaln(prior).sum()
        return float(gammaln(totals + strength).sum() - totals.size * gammaln(strength) - found)

    found = scipy.optimize.minimize_scalar(behind, bounds=(LOWEST, HIGHEST), method="bounded")
    return float(np.exp(found.x))
