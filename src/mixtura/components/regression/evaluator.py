"""Regressions bound to the parameters of one sweep.

Of each cell there is a linear predictor η = βᵀz + offset of every component; a tile keeps what the
densities find of it for the sums, which are the loss, its gradient and its curvature at β.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.regression.parameters import RegressionParameters, RegressionSums
from mixtura.components.regression.responses import Response

__all__ = [
    "GuessingEvaluator",
    "Products",
    "RegressionEvaluator",
    "RegressionTile",
    "Scratch",
    "upper",
]

Float = NDArray[np.float64]


@dataclass(slots=True)
class Scratch:
    """What is kept of one tile, and by whom."""

    owner: Any = None
    eta: Any = None
    curve: Any = None
    losses: Any = None


@dataclass(slots=True)
class Products:
    """Products of two terms of the cells of a tile, which are made when sums ask for them."""

    made: Float | None = None

    def of(self, design: Float) -> Float:
        """Return them (P, c)."""
        if self.made is None:
            first, second = upper(len(design))
            self.made = design[first] * design[second]
        return self.made


@cache
def upper(n_terms: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of the upper triangle of a matrix, by rows."""
    first, second = np.triu_indices(n_terms)
    return first, second


@dataclass(frozen=True, slots=True)
class RegressionTile:
    """A tile of n rows of m cells each, c = n m.

    Attributes
    ----------
    y, size, offset : (c,) responses, trials (1 but of binomials), what is added to η
    design : (p, c) terms in the frame
    products : of two of them
    present : (c,) 1 where there is a cell, else 0; None where all are there
    per_row : m
    scratch : what is found in a sweep
    """

    y: Float
    size: Float
    offset: Float
    design: Float
    products: Products
    present: Float | None
    per_row: int
    scratch: Scratch

    @property
    def features(self) -> NDArray[Any]:
        """Return the terms."""
        return self.design

    def of_rows(self, values: Float) -> Float:
        """Return sums (K, n) over the cells of each row."""
        if self.present is None:
            return values
        return (values * self.present).reshape(len(values), -1, self.per_row).sum(axis=2)

    def of_cells(self, values: Float) -> Float:
        """Return what cells (K, c) have of their rows (K, n)."""
        if self.present is None:
            return values
        return np.repeat(values, self.per_row, axis=1) * self.present


class RegressionEvaluator:
    """See `mixtura.components.family.Evaluator`."""

    __slots__ = ("_constants", "_log_weights", "_parameters", "_response")

    def __init__(
        self, response: Response, log_weights: Float, parameters: RegressionParameters
    ) -> None:
        self._response, self._parameters = response, parameters
        self._log_weights = log_weights
        self._constants = response.constant(parameters.precisions)

    @property
    def n_components(self) -> int:
        """Return K."""
        return self._parameters.n_components

    def product(self) -> None:
        """Return None: losses are no products."""

    def centre_on(self, parameters: Any) -> None:
        """Do nothing: sums are about the coefficients of the sweep as they are."""

    def log_density(self, prepared: RegressionTile, out: NDArray[Any]) -> None:
        """Write log π_k + log f(y | z, β_k, τ_k), but for log h(y)."""
        losses = self._found(prepared).losses
        densities = self._constants[:, None] - self._parameters.precisions[:, None] * losses
        np.add(prepared.of_rows(densities), self._log_weights[:, None], out=out)

    def _found(self, prepared: RegressionTile) -> Scratch:
        scratch = prepared.scratch
        if scratch.owner is not self:
            response = self._response
            scratch.eta = self._parameters.coefficients @ prepared.design + prepared.offset
            scratch.curve = response.curve(prepared.y, scratch.eta)
            scratch.losses = response.loss(prepared.y, prepared.size, scratch.eta, scratch.curve)
            scratch.owner = self
        return scratch

    def zeros(self) -> RegressionSums:
        """Return fresh totals."""
        p = self._parameters.coefficients.shape[1]
        k, n_pairs = self.n_components, p * (p + 1) // 2
        rows, cells, losses = np.zeros((3, k))
        return RegressionSums(rows, cells, losses, np.zeros((k, p)), np.zeros((k, n_pairs)))

    def accumulate(
        self, prepared: RegressionTile, responsibilities: NDArray[Any], totals: RegressionSums
    ) -> None:
        """Add a tile's sums to the totals."""
        response, found = self._response, self._found(prepared)
        shares = prepared.of_cells(responsibilities)
        _add(
            totals,
            prepared,
            responsibilities,
            np.vecdot(shares, found.losses),
            shares * response.slope(prepared.y, prepared.size, found.curve),
            shares * response.curvature(prepared.size, found.curve),
            shares,
        )

    def sums(self, totals: RegressionSums) -> RegressionSums:
        """Return the totals."""
        return totals


class GuessingEvaluator(RegressionEvaluator):
    """Accumulates only, for a start: by the line that each cell asks for itself, from β = 0."""

    def accumulate(
        self, prepared: RegressionTile, responsibilities: NDArray[Any], totals: RegressionSums
    ) -> None:
        """Add a tile's sums to the totals."""
        target, weight = self._response.guess(prepared.y, prepared.size)
        target = target - prepared.offset
        shares = prepared.of_cells(responsibilities)
        weighed = shares * weight
        losses = 0.5 * (weighed @ target**2)
        _add(totals, prepared, responsibilities, losses, weighed * target, weighed, shares)


def _add(
    totals: RegressionSums,
    tile: RegressionTile,
    responsibilities: Float,
    losses: Float,
    slopes: Float,
    curvatures: Float,
    shares: Float,
) -> None:
    rows, cells = totals.rows, totals.cells
    rows += responsibilities.sum(axis=1)
    cells += shares.sum(axis=1)
    all_losses, gradient, pairs = totals.losses, totals.gradient, totals.pairs
    all_losses += losses
    gradient += slopes @ tile.design.T
    pairs += curvatures @ tile.products.of(tile.design).T
