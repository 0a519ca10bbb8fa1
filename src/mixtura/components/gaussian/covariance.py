"""Covariances that whiten: K spherical, diagonal or full ones behind one small protocol.

Each holds the factor U of the precision, Σ⁻¹ = U Uᵀ, never Σ itself: a variance overflows long
before a standard deviation does, and every density needs U and log|U| only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.factors import factors_of
from mixtura.errors import ParameterError

__all__ = [
    "Covariance",
    "DiagonalCovariance",
    "FullCovariance",
    "SphericalCovariance",
    "check_widths",
    "covariance_from",
    "covariance_of_factors",
    "dense_within",
    "deviations_of",
    "factor_of",
    "units_of",
]

Float = NDArray[np.float64]

# Components no wider than this, and no less than one over it, have variances that are numbers.
WIDEST = 1e150

# A variance may be infinite or zero where a standard deviation is a number.
BEYOND = np.errstate(all="ignore")


class Covariance(Protocol):
    """The covariances of K components in D columns."""

    @property
    def factors(self) -> Float:
        """Return what precisions are made of, of shape (K,), (K, D) or (K, D, D)."""
        ...

    def whiten(self, component: int, deviations: Float) -> Float:
        """Return Uᵀ d for deviations d (D, n) from the component's mean."""
        ...

    def log_determinant(self) -> Float:
        """Return log|U_k| = -½ log|Σ_k| (K,)."""
        ...

    def precision_times(self, vectors: Float) -> Float:
        """Return Σ_k⁻¹ v_k for vectors (K, D)."""
        ...

    def precisions(self) -> Float:
        """Return Σ_k⁻¹ in the storage's own shape."""
        ...

    def covariances(self) -> Float:
        """Return Σ_k in the storage's own shape."""
        ...

    def dense(self) -> Float:
        """Return Σ_k as (K, D, D)."""
        ...

    def variances(self) -> Float:
        """Return the diagonals of Σ_k (K, D), or a view of them."""
        ...

    def spread(self, component: int, noise: Float) -> Float:
        """Return rows (n, D) of the component's covariance from white noise (n, D)."""
        ...

    def scaled(self, scale: Float) -> Self:
        """Return the covariances of columns multiplied by `scale` (D,)."""
        ...

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return those of some components."""
        ...


def deviations_of(covariance: Covariance, n_columns: int) -> Float:
    """Return the standard deviations (K, D), also where variances are beyond numbers."""
    unit = units_of(covariance, n_columns)
    return np.sqrt(covariance.scaled(1.0 / unit).variances()) * unit


def units_of(covariance: Covariance, n_columns: int) -> Float:
    """Return powers of two (D,) in which columns are about one wide."""
    size = np.abs(covariance.factors)
    # Rows of factors are one over the column's units.
    largest = size.max(axis=(0, 2)[: size.ndim - 1] if size.ndim > 1 else None)
    return np.broadcast_to(2.0 ** -np.frexp(largest)[1].astype(float), n_columns)


def check_widths(widths: Float, most: float = WIDEST) -> None:
    """Raise `ParameterError` naming a column in which one of (K, D) is above it, or below one over.

    Parameters
    ----------
    widths : (K, D) standard deviations
    """
    wrong = np.flatnonzero(((widths < 1 / most) | (widths > most)).any(axis=0))
    if wrong.size:
        raise ParameterError(
            f"components are {widths[0, wrong[0]]:.1g} wide in column {int(wrong[0])}, and squares "
            "there are beyond numbers; multiply the column by a power of ten, and fit again"
        )


def dense_within(covariance: Covariance, columns: Sequence[int]) -> Float:
    """Return the Σ_k of some columns (K, d, d), without those of all where they are diagonal."""
    chosen = list(columns)
    if covariance.factors.ndim == 3:
        return covariance.dense()[:, chosen][:, :, chosen]
    return diagonal_matrices(covariance.variances()[:, chosen])


def diagonal_matrices(diagonals: Float) -> Float:
    """Return matrices (K, D, D) with zeros beside a diagonal, be that infinite."""
    matrices = np.zeros((*diagonals.shape, diagonals.shape[1]))
    places = np.arange(diagonals.shape[1])
    matrices[:, places, places] = diagonals
    return matrices


def covariance_from(
    storage: Literal["spherical", "diagonal", "full"], covariances: Float, n_columns: int
) -> "SphericalCovariance | DiagonalCovariance | FullCovariance":
    """Return the value for covariances of shape (K,), (K, D) or (K, D, D).

    Raises
    ------
    ParameterError
        Naming the first component whose covariance is singular, be it by rounding only.
    """
    if storage != "full":
        return covariance_of_factors(storage, 1.0 / np.sqrt(covariances), n_columns)
    return covariance_of_factors(storage, factors_of(covariances), n_columns)


def factor_of(covariance: Float, storage: Literal["spherical", "diagonal", "full"]) -> Float:
    """Return the factor of the precision of one covariance, as structures store it.

    Parameters
    ----------
    covariance : (D,) variances or (D, D); a variance of zero counts as one
    """
    variances = covariance if covariance.ndim == 1 else np.diag(covariance)
    flat = (variances <= 0).astype(np.float64)
    if storage == "spherical":
        return np.array(1 / np.sqrt((variances + flat).mean()))
    if storage == "diagonal":
        return 1 / np.sqrt(variances + flat)
    return factors_of((covariance + np.diag(flat))[None])[0]


def covariance_of_factors(
    storage: Literal["spherical", "diagonal", "full"], factors: Float, n_columns: int
) -> "SphericalCovariance | DiagonalCovariance | FullCovariance":
    """Return the value for factors of the precisions, of shape (K,), (K, D) or (K, D, D)."""
    if storage == "spherical":
        return SphericalCovariance(factors, n_columns)
    return DiagonalCovariance(factors) if storage == "diagonal" else FullCovariance(factors)


@dataclass(frozen=True, slots=True)
class SphericalCovariance:
    """Σ_k = σ_k² I: `factors` (K,) holds 1/σ_k."""

    factors: Float
    n_columns: int

    def whiten(self, component: int, deviations: Float) -> Float:
        """Return d / σ_k."""
        return deviations * self.factors[component]

    def log_determinant(self) -> Float:
        """Return -D log σ_k."""
        return self.n_columns * np.log(self.factors)

    def precision_times(self, vectors: Float) -> Float:
        """Return v_k / σ_k²."""
        return vectors * (self.factors**2)[:, None]

    @BEYOND
    def precisions(self) -> Float:
        """Return 1/σ_k² (K,)."""
        return self.factors**2

    @BEYOND
    def covariances(self) -> Float:
        """Return σ_k² (K,)."""
        return 1.0 / self.factors**2

    def dense(self) -> Float:
        """Return (K, D, D)."""
        return diagonal_matrices(self.variances())

    def variances(self) -> Float:
        """Return σ_k² for each column (K, D)."""
        return np.broadcast_to(self.covariances()[:, None], (len(self.factors), self.n_columns))

    def spread(self, component: int, noise: Float) -> Float:
        """Return σ_k z."""
        return noise / self.factors[component]

    def scaled(self, scale: Float) -> Self:
        """Return the covariances in units multiplied by the one number in `scale`."""
        return type(self)(self.factors / scale[0], self.n_columns)

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return those of some components."""
        return type(self)(self.factors[components], self.n_columns)


@dataclass(frozen=True, slots=True)
class DiagonalCovariance:
    """Σ_k = diag(σ_kj²): `factors` (K, D) holds 1/σ_kj."""

    factors: Float

    def whiten(self, component: int, deviations: Float) -> Float:
        """Return d_j / σ_kj."""
        return deviations * self.factors[component][:, None]

    def log_determinant(self) -> Float:
        """Return -Σ_j log σ_kj."""
        return np.log(self.factors).sum(axis=1)

    def precision_times(self, vectors: Float) -> Float:
        """Return v_kj / σ_kj²."""
        return vectors * self.factors**2

    @BEYOND
    def precisions(self) -> Float:
        """Return 1/σ_kj² (K, D)."""
        return self.factors**2

    @BEYOND
    def covariances(self) -> Float:
        """Return σ_kj² (K, D)."""
        return 1.0 / self.factors**2

    def dense(self) -> Float:
        """Return (K, D, D)."""
        return diagonal_matrices(self.variances())

    def variances(self) -> Float:
        """Return σ_kj² (K, D)."""
        return self.covariances()

    def spread(self, component: int, noise: Float) -> Float:
        """Return σ_kj z_j."""
        return noise / self.factors[component]

    def scaled(self, scale: Float) -> Self:
        """Return the covariances of columns multiplied by `scale`."""
        return type(self)(self.factors / scale)

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return those of some components."""
        return type(self)(self.factors[components])


@dataclass(frozen=True, slots=True)
class FullCovariance:
    """Any Σ_k: `factors` (K, D, D) holds upper triangular U_k with Σ_k⁻¹ = U_k U_kᵀ."""

    factors: Float

    def whiten(self, component: int, deviations: Float) -> Float:
        """Return U_kᵀ d."""
        return self.factors[component].T @ deviations

    def log_determinant(self) -> Float:
        """Return Σ_j log U_kjj."""
        return np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)

    def precision_times(self, vectors: Float) -> Float:
        """Return U_k U_kᵀ v_k."""
        white = vectors[:, None, :] @ self.factors
        return (white @ self.factors.transpose(0, 2, 1))[:, 0]

    @BEYOND
    def precisions(self) -> Float:
        """Return U_k U_kᵀ (K, D, D)."""
        return self.factors @ self.factors.transpose(0, 2, 1)

    @BEYOND
    def covariances(self) -> Float:
        """Return Σ_k (K, D, D)."""
        lower = np.linalg.inv(self.factors).transpose(0, 2, 1)
        return lower @ lower.transpose(0, 2, 1)

    def dense(self) -> Float:
        """Return (K, D, D)."""
        return self.covariances()

    def variances(self) -> Float:
        """Return the diagonals of Σ_k (K, D)."""
        return np.diagonal(self.covariances(), axis1=1, axis2=2)

    def spread(self, component: int, noise: Float) -> Float:
        """Return U_k⁻ᵀ z, which has covariance Σ_k."""
        return np.linalg.solve(self.factors[component].T, noise.T).T

    def scaled(self, scale: Float) -> Self:
        """Return the covariances of columns multiplied by `scale`."""
        return type(self)(self.factors / scale[:, None])

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return those of some components."""
        return type(self)(self.factors[components])
