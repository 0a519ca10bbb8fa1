"""Features of rows whose columns are independent in a component, cells missing or not.

The log density of a cell is c_kj + <θ_kj, φ(x_j)> + log h(x_j). Where all cells are there, the c_kj
of a row are one number beside the constant feature; where some are missing, each stands beside a
feature that says whether its cell is known, times the row's exposure if rows have one.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, issparse

from mixtura.components.background import Background, Passes, Ranges
from mixtura.components.exponential import ExponentialFamily
from mixtura.components.simplex import narrowed, row_sums
from mixtura.errors import ParameterError

__all__ = ["CellwiseFamily"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class CellwiseFamily(ExponentialFamily):
    """Features [1, O of which cells are known, C of cells]; a missing cell, NaN, is left out.

    Attributes
    ----------
    columns : D
    gaps : whether cells of the rows to be read may be missing
    sparse : whether these rows are CSR, of which no cell is missing
    """

    columns: int
    gaps: bool = False
    sparse: bool = False

    @property
    def n_cells(self) -> int:
        """Return how many features the cells of a row have, D where each has one."""
        return self.columns

    @abstractmethod
    def fill_cells(self, cells: Float, features: Float) -> None:
        """Write the features (C, n) of cells (n, D); what comes of NaN is set to 0 afterwards."""

    @abstractmethod
    def log_base_cells(self, cells: Float) -> Float:
        """Return log h(x) of cells, one by one; nothing for the zeros of sparse rows."""

    @abstractmethod
    def terms(self, parameters: Any) -> tuple[Float, Float]:
        """Return the constants c (K, D) and the natural parameters (K, C) beside the features."""

    @abstractmethod
    def estimate_cells(self, rows: Float, sums: Float, previous: Any) -> Any:
        """Return the parameters of sums (K, C) over the rows (K, D) whose cells are known.

        Where a component has no rows, those of `previous`, if there are any.
        """

    @abstractmethod
    def points(self, cells: Any) -> Any:
        """Return cells (n, D), also sparse ones, as points among which distance means something."""

    def by_column(self, of_rows: Float, *of_cells: Float) -> Float:
        """Return (K, D, P) of what the constants, and then each D features of one kind, have.

        Of each feature but the first, column j has its own only; so it is for features of cells in
        which every kind has D.
        """
        one = np.eye(self.columns)
        own = [each[:, :, None] * one for each in of_cells]
        return np.concatenate([*self.opened_by_column(of_rows), *own], axis=2)

    @final
    def opened_by_column(self, of_rows: Float) -> list[Float]:
        """Return (K, D, 1 + O): what constants (K, D) have of the first features."""
        alone = of_rows[:, :, None]
        if self.n_opening == 0:
            return [alone]
        one = np.eye(self.columns) if self.gaps else 1.0
        return [np.zeros_like(alone), alone * one]

    def exposures_of(self, rows: Any) -> Float | None:
        """Return how much (n,) of what is counted each row stands for, or None: all the same."""
        return None

    def cells_of(self, rows: Any) -> Any:
        """Return the columns (n, D) of rows that have components' numbers."""
        return rows

    @property
    def has_exposure(self) -> bool:
        """Return whether a column of rows says how much each stands for."""
        return False

    @property
    @final
    def n_opening(self) -> int:
        """Return O, how many features say which cells are known, and for how much."""
        return self.columns if self.gaps else int(self.has_exposure)

    @final
    def width(self) -> int:
        """Return 1 + O + C."""
        return 1 + self.n_opening + self.n_cells

    def reading(self, rows: Any) -> Self:
        """Return the family for dense or sparse rows, with cells missing or without."""
        sparse = issparse(rows)
        return replace(self, sparse=sparse, gaps=not sparse and bool(np.isnan(rows).any()))

    def beside(self, other: Any) -> Self:
        """Return the family set to read its own rows, with features for those of another too.

        Raises
        ------
        ParameterError
            If its own rows are sparse, and of others some cells are missing.
        """
        if self.sparse and other.gaps:
            raise ParameterError(
                "of earlier rows some cells are missing, and these are sparse; pass X.toarray()"
            )
        return replace(self, gaps=self.gaps or other.gaps)

    @final
    def placed(self, features: Float, other: Any) -> Float:
        """Return sums of features (K, P') that another had, among those of `beside` (K, P)."""
        own = self.placed_cells(features[:, 1 + other.n_opening :], other)
        opening = features[:, 1 : 1 + other.n_opening]
        if self.gaps and not other.gaps:
            known = opening if other.n_opening else features[:, :1]
            opening = np.repeat(known, self.columns, axis=1)
        return np.hstack([features[:, :1], opening, own])

    def placed_cells(self, sums: Float, other: Any) -> Float:
        """Return sums of features of cells (K, C') that another had, among those here (K, C)."""
        return sums

    def layout(self) -> dict[str, NDArray[Any]]:
        """Return what else than missing cells the features depend on, for a model file."""
        return {}

    def laid_out(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the family with the features that `layout` told of.

        Raises
        ------
        ParameterError
            If there are no such features.
        """
        return self

    def swept_sparse(self) -> bool:
        """Return whether the rows to be read are CSR."""
        return self.sparse

    @final
    def fill(self, rows: NDArray[Any], features: Float) -> None:
        """Write [1, features of cells], with e, or e where a cell is known, before the latter."""
        cells, exposures = self.cells_of(rows), self.exposures_of(rows)
        opening, own = features[1 : 1 + self.n_opening], features[1 + self.n_opening :]
        self.fill_cells(cells, own)
        if self.gaps:
            own[np.isnan(own)] = 0.0
            np.logical_not(np.isnan(cells.T), out=opening, casting="unsafe")
            if exposures is not None:
                opening *= exposures
        elif exposures is not None:
            opening[0] = exposures

    def cells(self, rows: Any) -> Any:
        """Return the features but the constant as CSR (n, P - 1), of rows swept as sparse ones."""
        own = self.sparse_cells(rows)
        if not self.gaps:
            return own
        known = csr_array(~np.isnan(self.cells_of(rows)), dtype=np.float64)
        return hstack([known, own], format="csr")

    def sparse_cells(self, rows: Any) -> Any:
        """Return the features of cells as CSR (n, C)."""
        return rows

    def log_base(self, rows: Any) -> Float:
        """Return Σ_j log h(x_j) over the cells that are known."""
        if issparse(rows):
            logs = self.log_base_cells(rows.data), rows.indices, rows.indptr
            return row_sums(csr_array(logs, shape=rows.shape))
        return np.nansum(self.log_base_cells(self.cells_of(rows)), axis=1)

    @final
    def natural(self, parameters: Any) -> Float:
        """Return [Σ_j c, θ], or constants by themselves after a 0 where features ask for that."""
        return self._natural_of(*self.terms(parameters))

    def _natural_of(self, constants: Float, own: Float) -> Float:
        if not self.gaps:
            constants = constants.sum(axis=1, keepdims=True)
        nothing = [np.zeros((len(own), 1))] if self.n_opening else []
        return np.hstack([*nothing, constants, own])

    # A family whose log h(x) is linear in its features says so, and how by `even_terms`.
    adds_feature: ClassVar[bool] = True

    def even_terms(self, log_widths: Float) -> tuple[Float, Float]:
        """Return the constants c (1, D) and θ (1, C) of cells that are even over their ranges.

        These are for a log h(x) of zero.

        Parameters
        ----------
        log_widths : (D,) logarithms of how many values a cell may have, or of their range
        """
        return -log_widths[None], np.zeros((1, self.n_cells))

    def background(self, passes: Passes) -> Background:
        """Return columns that are even from their lowest to their highest cell."""
        if self.even() is not None:
            return super().background(passes)
        return Ranges.of(passes, self.kinds)

    def stored_background(self, arrays: Mapping[str, NDArray[Any]]) -> Background:
        """Return the background of the arrays of a model file."""
        if self.even() is not None:
            return super().stored_background(arrays)
        return Ranges.from_arrays(arrays, self.n_columns)

    def told_of(self, background: Any) -> Float:
        """Return the natural parameters (P,) of the background, zeros where it adds a feature."""
        if self.adds_feature:
            return np.zeros(self.width())
        if isinstance(background, Ranges):
            return self._natural_of(*self.even_terms(background.log_widths))[0]
        return super().told_of(background)

    @final
    def estimate(self, features: Float, previous: Any) -> Any:
        """Return the parameters under which rows have these sums of features (K, P)."""
        return self.estimate_cells(*self.parted(features), previous)

    @final
    def parted(self, features: Float) -> tuple[Float, Float]:
        """Return the rows (K, D) whose cells are known, for how much, and sums of cells (K, C)."""
        opening = self.n_opening
        rows = features[:, 1 : 1 + opening] if opening else features[:, :1]
        return np.broadcast_to(rows, (len(features), self.columns)), features[:, 1 + opening :]

    @final
    def with_cells(self, features: Float, sums: Float) -> Float:
        """Return sums of features (K, P) with others of cells (K, C)."""
        return np.hstack([features[:, : 1 + self.n_opening], sums])

    @final
    def embed(self, rows: Any) -> Float:
        """Return rows as points, a missing cell where the others of its column are on average."""
        cells, exposures = self.cells_of(rows), self.exposures_of(rows)
        points = self.points(cells if exposures is None else cells / exposures[:, None])
        if not issparse(points):
            gaps = np.isnan(points)
            if gaps.any():
                known = np.maximum((~gaps).sum(axis=0), 1)
                points = np.where(gaps, np.nansum(points, axis=0) / known, points)
        return narrowed(points)
