"""Gaussian components over some of their columns: margins, and the others given those.

With columns ordered (given, rest) and Σ⁻¹ = U Uᵀ, U upper triangular, Uᵀ d whitens the given
columns first: the leading block of U belongs to their margin, the trailing block to the rest given
them, and U_rr⁻ᵀ U_grᵀ to the regression. So no covariance is inverted and none is subtracted from.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from mixtura.components.gaussian.covariance import FullCovariance, SphericalCovariance
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import Structure, structure

__all__ = [
    "Conditional",
    "Margin",
    "by_pattern",
    "conditional",
    "marginal",
    "partitioned_structure",
    "rows_by_pattern",
]

Float = NDArray[np.float64]

# Structures that margins and conditionals are of again; of the others they are only ellipsoidal.
CLOSED = {"EII", "VII", "EEI", "VEI", "VVI", "EEE", "VEE", "VVV"}


@dataclass(frozen=True, slots=True)
class Conditional:
    """The rest given some columns: N(offset_k + gain_k (x_g - μ_kg), Σ_k of the rest).

    Attributes
    ----------
    given : parameters of the given columns' margin
    rest : parameters of the rest where the given columns are at their means
    gains : (K, R, G) the regression coefficients
    """

    given: GaussianParameters
    rest: GaussianParameters
    gains: Float

    def means(self, values: Float) -> Float:
        """Return the means (n, K, R) of the rest given rows (n, G)."""
        deviations = values[:, None, :] - self.given.means
        return self.rest.means + np.einsum("krg,nkg->nkr", self.gains, deviations)

    def at(self, values: Float) -> GaussianParameters:
        """Return the parameters of the rest given one row (G,)."""
        return GaussianParameters(self.means(values[None])[0], self.rest.covariance)


def partitioned_structure(form: Structure) -> Structure:
    """Return the structure of margins and conditionals of components of a structure."""
    if form.code in CLOSED:
        return form
    return structure("VVV" if form.storage == "full" else "VVI")


def marginal(parameters: GaussianParameters, columns: Sequence[int]) -> GaussianParameters:
    """Return the parameters of some columns, in the order given."""
    chosen = list(columns)
    covariance, means = parameters.covariance, parameters.means[:, chosen]
    if isinstance(covariance, SphericalCovariance):
        return GaussianParameters(means, SphericalCovariance(covariance.factors, len(chosen)))
    if isinstance(covariance, FullCovariance):
        rest = [column for column in range(parameters.means.shape[1]) if column not in chosen]
        factors = _reordered(covariance.factors, chosen + rest)
        size = len(chosen)
        return GaussianParameters(means, FullCovariance(factors[:, :size, :size].copy()))
    return GaussianParameters(means, type(covariance)(covariance.factors[:, chosen]))


def conditional(
    parameters: GaussianParameters, given: Sequence[int], rest: Sequence[int]
) -> Conditional:
    """Return what the rest of the columns are like given some of them."""
    columns, others = list(given), list(rest)
    covariance, means = parameters.covariance, parameters.means
    if not isinstance(covariance, FullCovariance):
        gains = np.zeros((len(means), len(others), len(columns)))
        return Conditional(marginal(parameters, columns), marginal(parameters, others), gains)
    factors = _reordered(covariance.factors, columns + others)
    size = len(columns)
    leading, trailing = factors[:, :size, :size].copy(), factors[:, size:, size:].copy()
    gains = np.stack(
        [
            -solve_triangular(own.T, across.T, lower=True)
            for own, across in zip(trailing, factors[:, :size, size:], strict=True)
        ]
    )
    return Conditional(
        GaussianParameters(means[:, columns], FullCovariance(leading)),
        GaussianParameters(means[:, others], FullCovariance(trailing)),
        gains,
    )


def by_pattern(
    rows: Float,
    parameters: GaussianParameters,
    function: Callable[[Float, GaussianParameters], Float],
) -> Float:
    """Return a function (n, K) of rows and parameters, of the columns observed in each row.

    Parameters
    ----------
    rows : (n, D) float64, NaN where a cell is missing
    parameters : of K components
    function : of rows without gaps and parameters in as many columns; zero where there is none
    """
    found = np.zeros((len(rows), parameters.n_components))
    for observed, chosen in rows_by_pattern(rows):
        columns = np.flatnonzero(observed)
        if columns.size:
            own = marginal(parameters, columns.tolist())
            found[chosen] = function(rows[np.ix_(chosen, columns)], own)
    return found


@dataclass(frozen=True, slots=True)
class Margin:
    """What the density of some columns needs of factors of all: Σ_oo⁻¹ = U_o (I - Q Qᵀ) U_oᵀ.

    Q spans the rows of U of the missing columns, and |Σ_mm|o| is what its triangle says. Only as
    many directions as columns are missing are decomposed, and no matrix is subtracted from.

    Attributes
    ----------
    parameters : of all columns
    basis : (K, D, M) Q, or None where columns are independent
    log_determinants : (K,) ½ log|Σ_oo⁻¹|
    """

    parameters: GaussianParameters
    basis: Float | None
    log_determinants: Float

    @classmethod
    def of(cls, parameters: GaussianParameters, missing: NDArray[np.intp]) -> Self:
        """Return the margin that is left without the missing columns (M,)."""
        covariance = parameters.covariance
        whole = covariance.log_determinant()
        if not missing.size:
            return cls(parameters, None, whole)
        if missing.size == parameters.means.shape[1]:
            return cls(parameters, None, np.zeros_like(whole))
        if not isinstance(covariance, FullCovariance):
            factors = np.broadcast_to(
                covariance.factors.reshape(len(whole), -1), parameters.means.shape
            )
            return cls(parameters, None, whole - np.log(factors[:, missing]).sum(axis=1))
        basis, triangles = np.linalg.qr(covariance.factors[:, missing].transpose(0, 2, 1))
        sizes = np.abs(np.diagonal(triangles, axis1=1, axis2=2))
        return cls(parameters, basis, whole - np.log(sizes).sum(axis=1))

    def log_density(self, deviations: Float, component: int) -> Float:
        """Return the log density but for log 2π (n,) of deviations (D, n), zero where missing."""
        white = self.parameters.covariance.whiten(component, deviations)
        if self.basis is not None:
            own = self.basis[component]
            white = white - own @ (own.T @ white)
        distance = np.einsum("dn,dn->n", white, white)
        return self.log_determinants[component] - 0.5 * distance


def rows_by_pattern(rows: Float) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Yield the observed columns (D,) and the positions of the rows, for each pattern."""
    masks, codes = np.unique(~np.isnan(rows), axis=0, return_inverse=True)
    codes = codes.ravel()
    order = np.argsort(codes, kind="stable")
    yield from zip(masks, np.split(order, np.cumsum(np.bincount(codes))[:-1]), strict=True)


def _reordered(factors: Float, order: Sequence[int]) -> Float:
    """Return upper U' with U' U'ᵀ = P U Uᵀ Pᵀ, by RQ decompositions of P U.

    With J the reversal, A = R Q where (J A)ᵀ = Qᵀ J (J Rᵀ J) is a QR decomposition.
    """
    turned = factors[:, list(order)][:, ::-1].transpose(0, 2, 1)
    triangles: Float = np.asarray(np.linalg.qr(turned, mode="r"))
    upper = triangles.transpose(0, 2, 1)[:, ::-1, ::-1]
    return upper * np.sign(np.diagonal(upper, axis1=1, axis2=2))[:, None, :]
