"""Gaussian components of underlying values bound to one sweep of rows measured with errors.

A row's density is N(x | μ_k, Σ_k + S), and the M-step is that of Gaussian rows, of which the sums
have the expected value of what underlies x and its square (Bovy, Hogg and Roweis 2011), taken
about the means of the sweep. Compiled code does it for all components (`native/measured.c`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Whole
from mixtura.components.gaussian.evaluator import GaussianTile
from mixtura.components.gaussian.incomplete_sweep import IncompleteSums
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.measured.layout import lower_triangle, symmetric
from mixtura.native.measured import MeasuredRows

__all__ = ["MeasuredEvaluator", "MeasuredTile", "factors_of", "spreads_of"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeasuredTile:
    """A tile of rows.

    Attributes
    ----------
    gaussian : the measured cells, as if there were no errors
    measured : cells and errors as compiled code reads them
    variances : (n, D) of the errors, infinite where a cell was not measured
    """

    gaussian: GaussianTile
    measured: MeasuredRows
    variances: Float

    @property
    def features(self) -> NDArray[Any]:
        """Return the features (P, n) of the measured cells."""
        return self.gaussian.features


@dataclass(frozen=True, slots=True)
class Components:
    """Components as compiled code reads them.

    Attributes
    ----------
    table : (K, 1 + D + M + M) log weights, means, V and V Vᵀ
    spreads : (K, D, D) lower triangular V with Σ = V Vᵀ, or (K, D) roots of variances
    means : (K, D)
    """

    table: Float
    spreads: Float
    means: Float

    @classmethod
    def of(cls, log_weights: Float, parameters: GaussianParameters, *, diagonal: bool) -> Self:
        """Return components whose covariances are read as diagonal ones, or as full ones."""
        means = parameters.means
        spreads = spreads_of(parameters.covariance.factors, means.shape[1])
        if diagonal:
            spreads = np.diagonal(spreads, axis1=1, axis2=2)
            parts = [spreads, spreads**2]
        else:
            parts = [lower_triangle(each) for each in (spreads, spreads @ spreads.mT)]
        table = np.hstack([log_weights[:, None], means, *parts])
        return cls(np.ascontiguousarray(table, np.float64), spreads, means)

    def moments(self, sums: Float) -> tuple[Float, Float, Float]:
        """Return Σ w r E[d], Σ w r E[d dᵀ] or its diagonals, and Σ w r times E of ½ |y|² (K,).

        d = V y is the deviation of an underlying value from the mean.
        """
        d = self.means.shape[1]
        rows, first, second = sums[:, :1], sums[:, 2 : 2 + d], sums[:, 2 + d :]
        if self.spreads.ndim == 2:
            second = second + rows
            half = 0.5 * second.sum(axis=1)
            return first * self.spreads, second * self.spreads**2, half
        square = symmetric(second, d) + rows[:, :, None] * np.eye(d)
        half = 0.5 * np.trace(square, axis1=1, axis2=2)
        return (
            (self.spreads @ first[:, :, None])[:, :, 0],
            self.spreads @ square @ self.spreads.mT,
            half,
        )


class MeasuredEvaluator:
    """See `mixtura.components.family.Evaluator`.

    Parameters
    ----------
    has_full_sums : whether second moments are (D, D), or their diagonals
    diagonal : whether neither errors nor components have covariances
    """

    __slots__ = ("_components", "_determinants", "_has_full_sums", "_log_weights")

    def __init__(
        self,
        log_weights: Float,
        parameters: GaussianParameters,
        *,
        has_full_sums: bool,
        diagonal: bool,
    ) -> None:
        self._components = Components.of(log_weights, parameters, diagonal=diagonal)
        self._log_weights = log_weights
        self._determinants = parameters.covariance.log_determinant()
        self._has_full_sums = has_full_sums

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._log_weights)

    def product(self) -> Whole:
        """Return the compiled sweep of a tile."""
        return Whole(self._sweep)

    def _sweep(
        self,
        prepared: MeasuredTile,
        sizes: Sequence[int],
        row_weights: Float | None,
        excluded: NDArray[np.bool_] | None,
    ) -> tuple[IncompleteSums, Float, Float]:
        """Return sums, Σ w r² (ΣK,) and values (M, 2) of mixtures of the given sizes."""
        sums, squared, values = prepared.measured.sweep(
            self._components.table,
            sizes,
            None if row_weights is None else np.ascontiguousarray(row_weights),
            None if excluded is None else np.ascontiguousarray(excluded),
        )
        return self.sums(sums), squared, values

    def centre_on(self, parameters: Any) -> None:
        """Do nothing: sums are about the means of the sweep."""

    def log_density(self, prepared: MeasuredTile, out: NDArray[Any]) -> None:
        """Write log π_k + log N(x | μ_k, Σ_k + S), without log 2π, into `out` (K, n)."""
        out[:] = prepared.measured.densities(self._components.table)

    def zeros(self) -> Float:
        """Return fresh totals."""
        d = self._components.means.shape[1]
        spreads = self._components.spreads
        m = d if spreads.ndim == 2 else d * (d + 1) // 2
        return np.zeros((self.n_components, 2 + d + m))

    def accumulate(
        self, prepared: MeasuredTile, responsibilities: NDArray[Any], totals: Float
    ) -> None:
        """Add a tile's sums to the totals."""
        shares = np.ascontiguousarray(responsibilities)
        totals += prepared.measured.totals(self._components.table, shares)

    def sums(self, totals: Float) -> IncompleteSums:
        """Return sums about the means, and what densities have beside those of what underlies x.

        At the parameters of the sweep E[log N(v | μ, Σ)] and that are Σ w r log N(x | μ, Σ + S).
        """
        first, second, half = self._components.moments(totals)
        if self._components.spreads.ndim == 3 and not self._has_full_sums:
            second = np.diagonal(second, axis1=1, axis2=2)
        rows, n_columns = totals[:, 0], first.shape[1]
        features = np.zeros((len(rows), n_columns + 1))
        features[:, n_columns] = rows
        beside = totals[:, 1] - rows * self._determinants + half
        return IncompleteSums(features, np.ones(len(rows)), first, second, beside)


def spreads_of(factors: Float, n_columns: int) -> Float:
    """Return lower triangular V (K, D, D) with Σ = V Vᵀ, of factors of precisions."""
    if factors.ndim == 3:
        # What stands above the diagonal of a triangular inverse is rounding.
        return np.tril(np.linalg.inv(factors).mT).astype(np.float64, copy=False)
    own = 1.0 / (factors if factors.ndim == 2 else factors[:, None])
    return np.broadcast_to(own, (len(own), n_columns))[:, :, None] * np.eye(n_columns)


def factors_of(spreads: Float) -> Float:
    """Return upper triangular factors of precisions (K, D, D), of V with Σ = V Vᵀ."""
    return np.triu(np.linalg.inv(spreads).mT).astype(np.float64, copy=False)
