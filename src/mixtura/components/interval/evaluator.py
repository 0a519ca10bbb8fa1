"""Gaussian components bound to one sweep of rows whose cells are known as intervals.

Columns are independent in a component, so a row's density is a product over cells: a density where
a cell is known exactly, the probability of the interval else. The M-step is that of Gaussian rows,
of which the sums have the expected value of what lies in the interval, and its square.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.evaluator import GaussianTile
from mixtura.components.gaussian.incomplete_sweep import IncompleteSums
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.interval.truncated import truncated
from mixtura.components.measured.evaluator import spreads_of

__all__ = ["Column", "IntervalEvaluator", "IntervalTile", "deviations_of"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Column:
    """Cells of one column of a tile, in the frame.

    Attributes
    ----------
    exact : (e,) rows whose cell is known exactly
    values : (e,) these
    held : (h,) rows whose cell is known as an interval
    low, high, width : (h,) of these
    """

    exact: NDArray[np.intp]
    values: Float
    held: NDArray[np.intp]
    low: Float
    high: Float
    width: Float


@dataclass(frozen=True, slots=True)
class Found:
    """What components say of a tile, in units of their deviations from their means.

    Attributes
    ----------
    logs : (K, n) log densities and log probabilities, without log 2π of cells known exactly
    first, second : (K, D, n) E[z] and E[z²]
    """

    logs: Float
    first: Float
    second: Float


@dataclass(slots=True)
class Scratch:
    """What the evaluator that was last asked has found of a tile."""

    owner: Any = None
    found: Any = None


@dataclass(frozen=True, slots=True)
class IntervalTile:
    """A tile of rows.

    Attributes
    ----------
    gaussian : the places of the cells, as if these were known
    columns : the cells of each column
    n_rows : n
    """

    gaussian: GaussianTile
    columns: tuple[Column, ...]
    n_rows: int
    scratch: Scratch = field(default_factory=Scratch)

    @property
    def features(self) -> NDArray[Any]:
        """Return the features (P, n) of the places."""
        return self.gaussian.features


@dataclass(slots=True)
class IntervalTotals:
    """Mutable totals of one unit of rows: Σ w r, Σ w r log f, Σ w r E[z] and Σ w r E[z²]."""

    rows: Float
    logs: Float
    first: Float
    second: Float


class IntervalEvaluator:
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    diagonal : whether second moments are (D,), or (D, D) of the one column there is
    """

    __slots__ = ("_deviations", "_diagonal", "_log_weights", "_means")

    def __init__(
        self, log_weights: Float, parameters: GaussianParameters, *, diagonal: bool
    ) -> None:
        self._deviations, self._means = deviations_of(parameters), parameters.means
        self._log_weights, self._diagonal = log_weights, diagonal

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._log_weights)

    def product(self) -> None:
        """Return None: sums need more than products."""

    def centre_on(self, parameters: Any) -> None:
        """Do nothing: sums are about the means of the sweep."""

    def log_density(self, prepared: IntervalTile, out: NDArray[Any]) -> None:
        """Write log π_k + log f_k(x), without log 2π of cells known exactly, into `out` (K, n)."""
        np.add(self._found(prepared).logs, self._log_weights[:, None], out=out)

    def _found(self, tile: IntervalTile) -> Found:
        if tile.scratch.owner is not self:
            tile.scratch.found = self._of(tile)
            tile.scratch.owner = self
        return tile.scratch.found

    def _of(self, tile: IntervalTile) -> Found:
        shape = self.n_components, len(tile.columns), tile.n_rows
        logs, first = np.zeros((shape[0], shape[2])), np.zeros(shape)
        second = np.ones(shape)
        for j, column in enumerate(tile.columns):
            mean, deviation = self._means[:, j, None], self._deviations[:, j, None]
            z = (column.values - mean) / deviation
            first[:, j, column.exact], second[:, j, column.exact] = z, z**2
            logs[:, column.exact] -= 0.5 * z**2 + np.log(deviation)
            if not column.held.size:
                continue
            width = column.width / deviation
            ends = (column.low - mean) / deviation, (column.high - mean) / deviation
            own = truncated(*ends, width)
            first[:, j, column.held] = own.mean
            second[:, j, column.held] = own.variance + own.mean**2
            logs[:, column.held] += own.log_mass
        return Found(logs, first, second)

    def zeros(self) -> IntervalTotals:
        """Return fresh totals."""
        rows, moments = np.zeros((2, self.n_components)), np.zeros((2, *self._means.shape))
        return IntervalTotals(*rows, *moments)

    def accumulate(
        self, prepared: IntervalTile, responsibilities: NDArray[Any], totals: IntervalTotals
    ) -> None:
        """Add a tile's sums to the totals."""
        found = self._found(prepared)
        totals.rows += responsibilities.sum(axis=1)
        with np.errstate(invalid="ignore"):
            # A row that a component cannot have is none of its rows.
            each = np.where(responsibilities > 0, responsibilities * found.logs, 0.0)
        totals.logs += each.sum(axis=1)
        totals.first += np.vecdot(responsibilities[:, None, :], found.first)
        totals.second += np.vecdot(responsibilities[:, None, :], found.second)

    def sums(self, totals: IntervalTotals) -> IncompleteSums:
        """Return sums about the means, and what densities have beside those of what lies within.

        At the parameters of the sweep E[log N(v | μ, Σ)] and that are Σ w r log f(x).
        """
        rows, n_columns = totals.rows, self._means.shape[1]
        first = totals.first * self._deviations
        second = totals.second * self._deviations**2
        if not self._diagonal:
            second = second[:, :, None] * np.eye(n_columns)
        features = np.zeros((len(rows), n_columns + 1))
        features[:, n_columns] = rows
        half = 0.5 * totals.second.sum(axis=1)
        beside = totals.logs + rows * np.log(self._deviations).sum(axis=1) + half
        return IncompleteSums(features, np.ones(len(rows)), first, second, beside)


def deviations_of(parameters: GaussianParameters) -> Float:
    """Return the standard deviations (K, D) of independent columns."""
    spreads = spreads_of(parameters.covariance.factors, parameters.means.shape[1])
    return np.ascontiguousarray(np.diagonal(spreads, axis1=1, axis2=2))
