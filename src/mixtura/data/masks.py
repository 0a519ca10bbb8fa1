"""Rows of which some components are excluded: known ones, and those narrowed down to a few."""

from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from mixtura.data.arrays import ArrayRows
from mixtura.data.blocks import AT_ONCE, Block, RowSource
from mixtura.data.distinct import content_subsample, subsample_of_cells
from mixtura.data.sparse import CountRows
from mixtura.data.spool import SpooledRows

__all__ = ["MaskedRows", "SpooledCodes", "plain_rows"]

Float = NDArray[np.float64]


@final
class SpooledCodes:
    """The masks of rows beyond memory, by the labels that stand beside these.

    Parameters
    ----------
    rows : whose labels are numbers of components, -1 where unknown
    n_components : K, of which the mask after the last bars nothing
    """

    def __init__(self, rows: SpooledRows, n_components: int) -> None:
        self._rows, self._n_masks = rows, n_components + 1

    def __getitem__(self, rows: slice) -> NDArray[np.intp]:
        """Return those of some rows."""
        return self._rows.row_labels(rows.start, rows.stop).astype(np.intp) % self._n_masks

    def counts(self) -> NDArray[np.intp]:
        """Return how many rows have each."""
        bounds = range(0, self._rows.n_rows, AT_ONCE)
        parts = (self[at : min(at + AT_ONCE, self._rows.n_rows)] for at in bounds)
        none = np.zeros(self._n_masks, dtype=np.intp)
        return sum((np.bincount(part, minlength=self._n_masks) for part in parts), none)


@final
class MaskedRows:
    """A source whose blocks say which components a row cannot belong to.

    Masks are held once each, as most rows share a few.

    Parameters
    ----------
    source : the rows
    codes : (N,) the mask of each row
    masks : (M, K) bool, True where a component is excluded
    counts : (M,) how many rows have each mask, where that is known
    """

    lasting: ClassVar[bool] = True

    def __init__(
        self,
        source: RowSource,
        codes: NDArray[np.intp] | SpooledCodes,
        masks: NDArray[np.bool_],
        counts: NDArray[np.intp] | None = None,
    ) -> None:
        self._source = source
        self._codes = codes
        self._masks = np.ascontiguousarray(masks.T)
        if counts is None:
            counted = codes.counts() if isinstance(codes, SpooledCodes) else np.bincount(codes)
            counts = np.zeros(len(masks), dtype=np.intp)
            counts[: len(counted)] = counted
        self._counts = counts

    @property
    def plain(self) -> RowSource:
        """Return the rows alone, of which any may belong to any component."""
        return self._source

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
        return MaskedRows(source, self._codes, self._masks.T, self._counts)

    @property
    def n_known(self) -> int:
        """Return how many rows can belong to one component only."""
        known = np.count_nonzero(~self._masks, axis=0) == 1
        return int(self._counts[known].sum())

    @property
    def n_narrowed(self) -> int:
        """Return how many rows cannot belong to some component."""
        narrowed = np.count_nonzero(self._masks, axis=0) > 0
        return int(self._counts[narrowed].sum())

    @property
    def without_rows(self) -> list[int]:
        """Return which components no row can belong to."""
        return np.flatnonzero(self._masks[:, self._counts > 0].all(axis=1)).tolist()

    def block(self, start: int, stop: int) -> Block:
        """Return some rows with what is excluded for them."""
        block = self._source.block(start, stop)
        return Block(block.rows, block.weights, self._masks[:, self._codes[start:stop]])

    def subsample(self, size: int, seed: int) -> tuple[NDArray[Any], Float | None]:
        """Return at most `size` distinct rows and their weights, whatever is excluded for them."""
        return self._source.subsample(size, seed)

    def times(self, factor: float) -> "MaskedRows":
        """Return the rows with every weight multiplied."""
        return MaskedRows(self._source.times(factor), self._codes, self._masks.T, self._counts)

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        return self._source.count_distinct(at_least)

    def masked_subsample(self, size: int, seed: int, n_components: int) -> Self:
        """Return at most `size` rows that are distinct, or excluded from other components.

        Parameters
        ----------
        n_components : how many of the components count, from the first
        """
        if isinstance(self._source, SpooledRows):
            tagged = self._source.tagged(lambda start, stop: self._codes[start:stop])
            return self._of_tagged(*tagged.subsample(size, seed), n_components)
        whole = self._source.block(0, self.n_rows)
        rows: Any = whole.rows
        codes = np.asarray(self._codes)
        if issparse(rows):
            # A stored zero would make two of one row.
            tags = csr_array(codes[:, None] + 1.0)
            tagged = hstack([rows, tags], format="csr")
            found, weights = subsample_of_cells(tagged, whole.weights, size, seed)
            codes = found[:, [-1]].toarray()[:, 0].astype(np.intp) - 1
            source = CountRows(found[:, :-1], weights)
            return type(self)(source, codes, self._masks.T[:, :n_components])
        tagged = np.column_stack([rows, codes.astype(rows.dtype)])
        found, weights = content_subsample(tagged, whole.weights, size, seed)
        return self._of_tagged(found, weights, n_components)

    def _of_tagged(self, found: NDArray[Any], weights: Float | None, n_components: int) -> Self:
        """Return rows whose last column is their mask."""
        source = ArrayRows(np.ascontiguousarray(found[:, :-1]), weights)
        return type(self)(source, found[:, -1].astype(np.intp), self._masks.T[:, :n_components])


def plain_rows(source: RowSource) -> RowSource:
    """Return the rows of a source alone, whatever is excluded for them."""
    return source.plain if isinstance(source, MaskedRows) else source
