"""Parameters of K Gaussian components, and the moments they are computed from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import (
    DiagonalCovariance,
    FullCovariance,
    SphericalCovariance,
    factor_of,
)
from mixtura.sums import Sums

__all__ = ["VANISHED", "GaussianMoments", "GaussianParameters", "GaussianSums", "RowTotals"]

Float = NDArray[np.float64]
Made = TypeVar("Made")

# A component with less than this of a row keeps its mean: its own would be rounding noise.
VANISHED = 1e-290

# A direction with less than this of the widest direction's scatter has none.
SINGULAR = 1e-12

# Of the square of a column this much is rounding, and no variance.
ROUNDED = 1e-13

# Below this smallest eigenvalue of the correlations, columns count as collinear.
COLLINEAR = 1e-11
DRAWN = 0.1


@dataclass(frozen=True, slots=True)
class GaussianParameters:
    """Means and covariances.

    Attributes
    ----------
    means : (K, D) float64
    covariance : the K covariances
    """

    means: Float
    covariance: SphericalCovariance | DiagonalCovariance | FullCovariance

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self.means)

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        return type(self)(self.means[components], self.covariance.take(components))

    def padded(self) -> Self:
        """Return the parameters themselves: no component is noise."""
        return self

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        factors = np.concatenate([part.covariance.factors for part in parts])
        first = parts[0].covariance
        covariance = (
            SphericalCovariance(factors, first.n_columns)
            if isinstance(first, SphericalCovariance)
            else type(first)(factors)
        )
        return cls(np.concatenate([part.means for part in parts]), covariance)


@dataclass(frozen=True, slots=True)
class GaussianSums(Sums):
    """Sums over rows; deviations are from the origin of the frame, or from a component's mean.

    Attributes
    ----------
    features : (K, P) Σ w r φ(x), about the origin
    centred : (K,) greater than zero where a component went by the centred path
    first : (K, D) Σ w r d about the sweep's means, (0, D) if no component was centred
    second : (K, D) or (K, D, D) Σ w r d dᵀ likewise
    """

    features: Float
    centred: Float
    first: Float
    second: Float

    def take(self, components: slice | NDArray[np.bool_]) -> Self:
        """Return the sums of some components."""
        return type(self)(
            self.features[components],
            self.centred[components],
            self.first[components] if len(self.first) else self.first,
            self.second[components] if len(self.second) else self.second,
        )


@dataclass(frozen=True, eq=False)
class RowTotals(Sums):
    """Sums over all rows, whatever their component: weight, Σ w x, Σ w x xᵀ (or its diagonal)."""

    weight: float
    first: Float
    second: Float

    @cached_property
    def covariance(self) -> Float:
        """Return that of all rows, (D, D) and definite but for columns of one value, or variances.

        What is left of second moments by rounding only counts as nothing.
        """
        mean = self.first / self.weight
        second = self.second / self.weight
        if second.ndim == 1:
            found = second - mean**2
            return np.where(found > ROUNDED * second, found, 0.0)
        covariance = second - np.outer(mean, mean)
        varies = np.diagonal(covariance) > ROUNDED * np.diagonal(second)
        return _definite(np.where(varies[:, None] & varies, covariance, 0.0))

    def factor(self, storage: Literal["spherical", "diagonal", "full"]) -> Float:
        """Return the factor of the precision of all rows, as structures store it."""
        return self.once(storage, lambda: factor_of(self.covariance, storage))

    def once(self, name: Any, make: Callable[[], Made]) -> Made:
        """Return what is made of these sums, made once."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class GaussianMoments:
    """What the M-step reads.

    Attributes
    ----------
    effective_rows : (K,) N_k
    means : (K, D)
    scatter : Σ w r (x - mean)(x - mean)ᵀ, (K, D, D), or its diagonals (K, D)
    pooled : whether the scatter is one for all components, without the leading K
    """

    effective_rows: Float
    means: Float
    scatter: Float
    pooled: bool

    def __add__(self, other: "GaussianMoments") -> Self:
        """Return the moments of these rows and others (Chan, Golub and LeVeque 1983)."""
        rows = self.effective_rows + other.effective_rows
        part = other.effective_rows / np.maximum(rows, VANISHED)
        shift = other.means - self.means
        means = self.means + part[:, None] * shift
        weighted = (self.effective_rows * part)[:, None] * shift
        full = self.scatter.ndim - (not self.pooled) == 2
        between = weighted[:, :, None] * shift[:, None, :] if full else weighted * shift
        if self.pooled:
            between = between.sum(axis=0)
        scatter = self.scatter + other.scatter + between
        return replace(self, effective_rows=rows, means=means, scatter=scatter)

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        rows, scatter = self.effective_rows * factor, self.scatter * factor
        return replace(self, effective_rows=rows, scatter=scatter)

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components, of a pooled scatter their part by their rows."""
        rows = self.effective_rows[components]
        if self.pooled:
            scatter = self.scatter * (rows.sum() / max(self.effective_rows.sum(), VANISHED))
        else:
            scatter = self.scatter[components]
        return replace(self, effective_rows=rows, means=self.means[components], scatter=scatter)

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no spread in some direction, or none that is a number.

        None does if the scatter is pooled.
        """
        if self.pooled:
            return np.zeros(len(self.effective_rows), dtype=bool)
        finite = np.isfinite(self.scatter).all(axis=tuple(range(1, self.scatter.ndim)))
        scatter = np.where(finite.reshape(-1, *(1,) * (self.scatter.ndim - 1)), self.scatter, 0.0)
        spreads = np.linalg.eigvalsh(scatter) if scatter.ndim == 3 else scatter
        return spreads.min(axis=1) <= SINGULAR * np.maximum(spreads.max(axis=1), 1e-300)


def _definite(covariance: Float) -> Float:
    """Return a covariance (D, D), drawn towards its diagonal where columns are collinear."""
    diagonal = np.diag(covariance)
    deviations = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    correlation = covariance / deviations[:, None] / deviations
    if np.linalg.eigvalsh(correlation)[0] > COLLINEAR:
        return covariance
    return (1 - DRAWN) * covariance + DRAWN * np.diag(diagonal)
