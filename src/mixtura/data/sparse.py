"""Rows of counts in memory, dense or sparse."""

from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from mixtura.data.blocks import Block
from mixtura.data.distinct import count_distinct_cells, subsample_of_cells
from mixtura.data.totals import total

__all__ = ["CountRows", "CsrRows"]

Float = NDArray[np.float64]


@final
class CsrRows(csr_array):
    """SciPy's CSR array, of which a range of rows is a view and not a copy."""

    def prune(self) -> None:
        """Leave out what is behind the last entry: SciPy would copy a part of larger arrays."""
        stored = self.indptr[-1]
        self.indices, self.data = self.indices[:stored], self.data[:stored]

    def __getitem__(self, key: Any) -> Any:
        if not (isinstance(key, slice) and key.step in (None, 1)):
            return super().__getitem__(key)
        n_rows, n_columns = self.shape  # pyright: ignore[reportGeneralTypeIssues]
        start, stop, _ = key.indices(n_rows)
        if (start, stop) == (0, n_rows):
            return self
        bounds = self.indptr[start : max(start, stop) + 1]
        inside = slice(bounds[0], bounds[-1])
        return CsrRows(
            (self.data[inside], self.indices[inside], bounds - bounds[0]),
            shape=(len(bounds) - 1, n_columns),
        )


@final
class CountRows:
    """A source over counts that are checked already.

    Its subsamples are the same whether the rows are dense or sparse.

    Parameters
    ----------
    rows : (N, D) float64 array or `CsrRows`
    weights : (N,) float64 > 0, or None
    """

    lasting: ClassVar[bool] = True

    def __init__(self, rows: Any, weights: Float | None = None) -> None:
        self._rows: Any = CsrRows(rows) if issparse(rows) else rows
        self._weights = weights
        self._total = float(rows.shape[0]) if weights is None else total(weights)

    @property
    def n_rows(self) -> int:
        """Return N."""
        return self._rows.shape[0]

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self._rows.shape[1]

    @property
    def total_weight(self) -> float:
        """Return Σ w."""
        return self._total

    @property
    def is_sparse(self) -> bool:
        """Return whether the rows are CSR."""
        return issparse(self._rows)

    def dense(self) -> "CountRows":
        """Return the source with dense rows."""
        return CountRows(self._rows.toarray(), self._weights) if self.is_sparse else self

    def block(self, start: int, stop: int) -> Block:
        """Return a view of some rows."""
        weights = None if self._weights is None else self._weights[start:stop]
        return Block(self._rows[start:stop], weights)

    def subsample(self, size: int, seed: int) -> tuple[Any, Float | None]:
        """Return at most `size` distinct rows and their weights."""
        return subsample_of_cells(self._rows, self._weights, size, seed)

    def times(self, factor: float) -> "CountRows":
        """Return the rows with every weight multiplied."""
        ones = np.ones(self.n_rows) if self._weights is None else self._weights
        return CountRows(self._rows, ones * factor)

    def count_distinct(self, at_least: int) -> int:
        """Return the number of distinct rows, or `at_least` as soon as so many were seen."""
        return count_distinct_cells(self._rows, at_least)
