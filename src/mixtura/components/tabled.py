"""Families told of all counts that columns hold: a feature of its own for each count above 0."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from scipy.special import gammaln

from mixtura.components.cellwise import CellwiseFamily
from mixtura.components.columnwise import ColumnwiseFamily
from mixtura.components.count_tables import LEAST_KEYS
from mixtura.errors import ParameterError
from mixtura.kinds import COUNT

__all__ = ["TabledCells", "TabledFamily"]

Float = NDArray[np.float64]
Keys = NDArray[np.int64]

LARGEST_COUNT = 2**40


@dataclass(frozen=True, eq=False)
class TabledCells(CellwiseFamily):
    """Components whose sums are the tables of counts of columns.

    The features are a one for each count above 0 that a column holds: whatever the numbers of a
    component, its table says all of the likelihood, and an M-step is exact without a look at rows.

    Attributes
    ----------
    columns, gaps, sparse
        As in `CellwiseFamily`.
    keys : (C,) the counts of those rows, column by column, as column x unit + count
    unit : more than any count
    """

    keys: Keys | None = None
    unit: int = 1

    # What an error says that counts are too large for, and what other components take such.
    plural: ClassVar[str]
    beyond: ClassVar[str] = "GammaMixture for amounts of that size"
    # How many counts above 0 each column has at the least, whatever rows hold.
    least_keys: ClassVar[int] = LEAST_KEYS

    def reading(self, rows: Any) -> Self:
        """Return the family with the counts that these rows hold.

        Raises
        ------
        ParameterError
            If a count is so large that x log x has no digits left behind the point.
        """
        cells = self.cells_of(rows)
        values = cells.data if issparse(cells) else cells
        unit = 1 + int(np.fmax.reduce(values, axis=None, initial=0.0))
        if unit > LARGEST_COUNT or unit * self.columns >= 2**62:
            raise ParameterError(
                f"a count of {float(unit - 1):,.16g} is too large for {self.plural}; use "
                f"{self.beyond}"
            )
        set_up = replace(super().reading(rows), unit=max(unit, 1 + self.least_keys))
        return replace(set_up, keys=set_up._padded(np.unique(set_up._keys_of(cells)[1])))

    def _padded(self, keys: Keys) -> Keys:
        """Return keys with further ones, 1, 2, ..., so that each column has the least number."""
        found = np.bincount(keys // self.unit, minlength=self.columns)
        few = np.flatnonzero(found < self.least_keys)
        more = few[:, None] * self.unit + np.arange(1, 1 + self.least_keys)
        return np.union1d(keys, more.ravel()).astype(np.int64)

    def beside(self, other: Any) -> Self:
        """Return the family set to read its own rows, with the counts that others held too."""
        unit = max(self.unit, other.unit)
        keys = np.union1d(*(own._in_units(unit) for own in (self, other)))
        return replace(super().beside(other), unit=unit, keys=keys)

    def placed_cells(self, sums: Float, other: Any) -> Float:
        """Return sums over counts that others held among those of all."""
        found = np.zeros((len(sums), self.n_cells))
        found[:, np.searchsorted(self._read, other._in_units(self.unit))] = sums
        return found

    def _in_units(self, unit: int) -> Keys:
        """Return the keys, of columns in another unit."""
        return self._read // self.unit * unit + self._read % self.unit

    def layout(self) -> dict[str, NDArray[Any]]:
        """Return which counts there are."""
        return {"keys": self._read, "unit": np.array(self.unit)}

    def laid_out(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the family with these counts.

        Raises
        ------
        ParameterError
            If they are no counts of its columns.
        """
        keys, unit = arrays["keys"], int(arrays["unit"])
        sound = keys.dtype == np.int64 and keys.ndim == 1 and 1 <= unit <= LARGEST_COUNT
        if not sound or not (np.diff(keys) > 0).all() or (keys // unit >= self.columns).any():
            raise ParameterError("'keys' are no counts of the columns")
        if (keys % unit < 1).any():
            raise ParameterError("'keys' should hold counts above 0")
        return replace(self, keys=keys, unit=unit)

    @property
    def n_cells(self) -> int:
        """Return the number of different counts above 0, column by column."""
        return len(self._read)

    def swept_sparse(self) -> bool:
        """Return True: of the features of a column, a row has at most one."""
        return True

    @property
    def _read(self) -> Keys:
        if self.keys is None:
            raise ParameterError(f"a {self.name} family reads rows after `reading` them")
        return self.keys

    @cached_property
    def counts_read(self) -> Float:
        """The count of each feature of cells (C,)."""
        return (self._read % self.unit).astype(np.float64)

    @cached_property
    def columns_read(self) -> NDArray[np.intp]:
        """The column of each feature of cells (C,)."""
        return (self._read // self.unit).astype(np.intp)

    @cached_property
    def bounds_read(self) -> Keys:
        """Where the features of each column begin, and C (D + 1,)."""
        return np.searchsorted(self._read, self.unit * np.arange(self.columns + 1)).astype(np.int64)

    def _keys_of(self, cells: Any) -> tuple[NDArray[np.intp], Keys]:
        """Return how many counts above 0 each row has (n,), and their keys, row by row."""
        if issparse(cells):
            above = cells.data != 0
            ends = np.concatenate([[0], np.cumsum(above)])[cells.indptr]
            columns, counts = cells.indices[above], cells.data[above]
            return np.diff(ends), columns.astype(np.int64) * self.unit + counts.astype(np.int64)
        above = cells > 0
        counts = np.where(above, cells, 0.0).astype(np.int64)
        return above.sum(axis=1), (counts + np.arange(self.columns) * self.unit)[above]

    def sparse_cells(self, rows: Any) -> csr_array:
        """Return a one at the count of each cell above 0, as CSR.

        Raises
        ------
        ParameterError
            If a count is none of those that the family was set to read.
        """
        return self._ones_of(self.cells_of(rows))

    def _ones_of(self, cells: Any) -> csr_array:
        sizes, keys = self._keys_of(cells)
        places = np.searchsorted(self._read, keys)
        known = places < len(self._read)
        if not known.all() or (self._read[places] != keys).any():
            raise ParameterError("rows hold counts that the family was not set to read")
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        return csr_array((np.ones(len(keys)), places, bounds), shape=(len(sizes), len(self._read)))

    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write a one at the count of each cell above 0."""
        features[:] = self._ones_of(cells).toarray().T


@dataclass(frozen=True, eq=False)
class TabledFamily(TabledCells, ColumnwiseFamily):
    """Such components of columns that are independent in each."""

    kind = COUNT
    reads_every_cell = True
    adds_feature = False

    def log_base_cells(self, cells: Float) -> Float:
        """Return -log x!."""
        return -gammaln(cells + 1.0)

    def even_terms(self, log_widths: Float) -> tuple[Float, Float]:
        """Return the constants, and log x! of each count: what log h(x) has is taken away."""
        return -log_widths[None], gammaln(self.counts_read + 1.0)[None]

    def by_table(self, each: Float) -> Float:
        """Return the sums (K, D) of what the features of cells have, (K, C)."""
        some = np.diff(self.bounds_read) > 0
        totals = np.zeros((len(each), self.columns))
        totals[:, some] = np.add.reduceat(each, self.bounds_read[:-1][some], axis=1)
        return totals

    def points(self, cells: Any) -> Any:
        """Return log (1 + x): counts that vary much have deviations like their means."""
        return cells.log1p() if issparse(cells) else np.log1p(cells)

    def spread(self, constant: Float, own: Float) -> Float:
        """Return (K, D, P) in which column j has its own entries only."""
        inside = self.columns_read == np.arange(self.columns)[:, None]
        return np.concatenate([*self.opened_by_column(constant), own[:, None] * inside], axis=2)
