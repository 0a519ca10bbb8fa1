"""Rows of which some components are excluded: known ones, and those narrowed down to a few."""

from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from mixtura.data.arrays import ArrayRows
from mixtura.data.blocks import Block, RowSource
from mixtura.data.distinct import content_subsample, subsample_of_cells
from mixtura.data.sparse import CountRows

__all__ = ["MaskedRows"]

Float = NDArray[np.float64]


@final
class MaskedRows:
    """A source whose blocks say which components a row cannot belong to.

    Masks are held once each, as most rows share a few.

    Parameters
    ----------
    source : the rows
    codes : (N,) the mask of each row
    masks : (M, K) bool, True where a component is excluded
    """

    lasting: ClassVar[bool] = True

    def __init__(
        self, source: RowSource, codes: NDArray[np.intp], masks: NDArray[np.bool_]
    ) -> None:
        self._source = source
        self._codes = codes
        self._masks = np.ascontiguousarray(masks.T)

    @property
    def n_rows(self) -> int:
        """Return N."""
        return self._source.n_rows

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self._source.n_columns

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return self._source.total_weight

    @property
    def is_sparse(self) -> bool:
        """Return whether blocks have CSR rows."""
        return isinstance(self._source, CountRows) and self._source.is_sparse

    def dense(self) -> "MaskedRows":
        """Return the source with dense rows."""
        source = self._source.dense() if isinstance(self._source, CountRows) else self._source
        return MaskedRows(source, self._codes, self._masks.T)

    @property
    def n_known(self) -> int:
        """Return how many rows can belong to one component only."""
        known = np.asarray(np.count_nonzero(~self._masks, axis=0) == 1)
        return int(known[self._codes].sum())

    @property
    def n_narrowed(self) -> int:
        """Return how many rows cannot belong to some component."""
        narrowed = np.count_nonzero(self._masks, axis=0) > 0
        return int(np.asarray(narrowed)[self._codes].sum())

    @property
    def without_rows(self) -> list[int]:
        """Return which components no row can belong to."""
        return np.flatnonzero(self._masks[:, np.unique(self._codes)].all(axis=1)).tolist()

    def block(self, start: int, stop: int) -> Block:
        """Return some rows with what is excluded for them."""
        block = self._source.block(start, stop)
        return Block(block.rows, block.weights, self._masks[:, self._codes[start:stop]])

    def subsample(self, size: int, seed: int) -> tuple[NDArray[Any], Float | None]:
        """Return at most `size` distinct rows and their weights, whatever is excluded for them."""
        return self._source.subsample(size, seed)

    def times(self, factor: float) -> "MaskedRows":
        """Return the rows with every weight multiplied."""
        return MaskedRows(self._source.times(factor), self._codes, self._masks.T)

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        return self._source.count_distinct(at_least)

    def masked_subsample(self, size: int, seed: int, n_components: int) -> Self:
        """Return at most `size` rows that are distinct, or excluded from other components.

        Parameters
        ----------
        n_components : how many of the components count, from the first
        """
        whole = self._source.block(0, self.n_rows)
        rows: Any = whole.rows
        if issparse(rows):
            # A stored zero would make two of one row.
            tags = csr_array(self._codes[:, None] + 1.0)
            tagged = hstack([rows, tags], format="csr")
            found, weights = subsample_of_cells(tagged, whole.weights, size, seed)
            codes = found[:, [-1]].toarray()[:, 0].astype(np.intp) - 1
            source: RowSource = CountRows(found[:, :-1], weights)
        else:
            tagged = np.column_stack([rows, self._codes.astype(rows.dtype)])
            found, weights = content_subsample(tagged, whole.weights, size, seed)
            codes = found[:, -1].astype(np.intp)
            source = ArrayRows(np.ascontiguousarray(found[:, :-1]), weights)
        return type(self)(source, codes, self._masks.T[:, :n_components])
