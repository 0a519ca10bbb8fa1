"""Sums over i < x of smooth functions of i, over the counts x of many columns at once.

A Pólya urn of share p and feedback γ gives x draws the mass Π over i < x of (p + iγ). Of many rows
the logarithm is a sum over i of how many counts are above i, times log(p + iγ): it needs no gamma
function, and no count of rows but that. Where that number of counts is the same over many i, a
few nodes stand for all of them: those of Gauss for sums over equal steps (discrete Chebyshev
polynomials; Gautschi 2004, "Orthogonal Polynomials", 1.5), for blocks [u, v) with v no more than
2u, so that no function of p + iγ has a pole near them.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["RisingSums"]

Float = NDArray[np.float64]
Places = NDArray[np.intp]

# Nodes of a block: the pole at -p/γ is three half-lengths from its middle, so that what they
# leave is of the order of (3 + √8)^-22. Fewer steps than that are taken one by one.
NODES = 11


@dataclass(frozen=True, slots=True, eq=False)
class RisingSums:
    """Nodes of G columns of counts, one after the other.

    Attributes
    ----------
    steps : (M,) i
    weights : (M,) how many i each stands for
    above : (M,) the first of the counts that are above it
    starts : (G,) where the nodes of each column begin
    ends : (C,) how many nodes are below each count, those of columns before it too
    columns : (M,) the column of each node
    lasts : (C,) behind which count the column of each ends
    """

    steps: Float
    weights: Float
    above: Places
    starts: Places
    ends: Places
    columns: Places
    lasts: Places

    @classmethod
    def of(cls, counts: Float, bounds: NDArray[np.intp]) -> Self:
        """Return the nodes for counts (C,) above 0, rising in each column, none without one.

        Parameters
        ----------
        bounds : (G + 1,) where those of a column begin, and C
        """
        opens, closes, above, columns, last_blocks = [], [], [], [], []
        n_blocks = 0
        for column, (begin, end) in enumerate(pairwise(bounds)):
            own = counts[begin:end]
            cuts = np.union1d(own, _cuts(own[-1]))
            opens.append(cuts[:-1])
            closes.append(cuts[1:])
            above.append(begin + np.searchsorted(own, cuts[1:]))
            columns.append(np.full(len(cuts) - 1, column))
            last_blocks.append(n_blocks + np.searchsorted(cuts[1:], own))
            n_blocks += len(cuts) - 1
        lows, highs = np.concatenate(opens), np.concatenate(closes)
        sizes = np.minimum(highs - lows, NODES).astype(np.intp)
        steps, weights = _nodes(lows, highs, sizes)
        of_nodes = np.repeat(np.concatenate(columns), sizes)
        return cls(
            steps,
            weights,
            np.repeat(np.concatenate(above), sizes),
            np.searchsorted(of_nodes, np.arange(len(bounds) - 1)),
            np.cumsum(sizes)[np.concatenate(last_blocks)],
            of_nodes,
            np.repeat(bounds[1:], np.diff(bounds)),
        )

    def tails(self, table: Float) -> Float:
        """Return for each node how many counts are above it, times its weight, (K, M).

        Parameters
        ----------
        table : (K, C) how often each count occurs
        """
        from_end = np.zeros((len(table), table.shape[1] + 1))
        np.cumsum(table[:, ::-1], axis=1, out=from_end[:, -2::-1])
        own = from_end[:, :-1] - from_end[:, self.lasts]
        return np.maximum(own, 0.0)[:, self.above] * self.weights

    def by_column(self, each: Float) -> Float:
        """Return the sums (K, G) of what nodes have, (K, M)."""
        return np.add.reduceat(each, self.starts, axis=1)

    def up_to_counts(self, each: Float) -> Float:
        """Return Σ over i < x (K, C) of a function of nodes (K, M)."""
        summed = np.zeros((len(each), each.shape[1] + 1))
        np.cumsum(each * self.weights, axis=1, out=summed[:, 1:])
        first = self.starts[self.columns[self.ends - 1]]
        return summed[:, self.ends] - summed[:, first]


def _cuts(most: float) -> Float:
    """Return where blocks may begin, 0, 1, ..., 11, 22, 44, ... below the most, and that."""
    few = np.arange(min(float(NODES), most) + 1.0)
    doubled = NODES * 2.0 ** np.arange(max(0, int(np.ceil(np.log2(max(most, 1.0))))))
    return np.union1d(few, doubled[doubled < most])


def _nodes(lows: Float, highs: Float, sizes: Places) -> tuple[Float, Float]:
    """Return nodes and weights of blocks, of which short ones have a node for each step."""
    block = np.repeat(np.arange(len(lows)), sizes)
    place = np.arange(len(block)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    lengths, kinds = np.unique(highs - lows, return_inverse=True)
    long = lengths > NODES
    offsets = np.tile(np.arange(float(NODES)), (len(lengths), 1))
    weights = np.ones(offsets.shape)
    if long.any():
        offsets[long], weights[long] = _gauss(lengths[long])
    return lows[block] + offsets[kinds[block], place], weights[kinds[block], place]


def _gauss(lengths: Float) -> tuple[Float, Float]:
    """Return nodes and weights (U, 11) of sums over 0, 1, ..., L - 1."""
    k = np.arange(1.0, NODES)
    squares = k**2 * (1.0 - (k / lengths[:, None]) ** 2) / (4.0 * (4.0 * k**2 - 1.0))
    matrices = np.zeros((len(lengths), NODES, NODES))
    place = np.arange(NODES - 1)
    matrices[:, place + 1, place] = matrices[:, place, place + 1] = np.sqrt(squares)
    roots, vectors = np.linalg.eigh(matrices)
    scale = lengths[:, None]
    return 0.5 * (scale - 1.0) + scale * roots, scale * vectors[:, 0] ** 2
