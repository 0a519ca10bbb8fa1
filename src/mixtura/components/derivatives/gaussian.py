"""Derivatives of Gaussian components by means and covariances."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.chart import Chart, identity, side_by_side, without
from mixtura.components.derivatives.contract import Edge, Scale, edge_rows
from mixtura.components.derivatives.layouts import Diagonal, Full, Layout
from mixtura.components.derivatives.shapes import covariance_chart
from mixtura.components.gaussian.covariance import check_widths, deviations_of
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters

__all__ = ["GaussianDerivatives"]

Float = NDArray[np.float64]

# Squares of variances, which second derivatives are as large as, are numbers up to this width.
SQUARES = 1e75


@final
class GaussianDerivatives:
    """K Gaussian components: the numbers of each are its D means and the E of its covariance.

    Diagonal and spherical structures have the D variances for numbers, all others the D(D+1)/2
    entries on and above the diagonal.
    """

    def __init__(self, family: GaussianFamily, parameters: GaussianParameters) -> None:
        self.structure = family.structure
        self.parameters = parameters
        self.n_components, self.n_columns = parameters.means.shape
        self.layout: Layout = Full() if self.structure.storage == "full" else Diagonal()
        covariance = parameters.covariance
        self._covariances = self._by_column(covariance.covariances())
        self.precisions = self._by_column(covariance.precisions())
        self._widths = deviations_of(covariance, self.n_columns)

    def _by_column(self, stored: Float) -> Float:
        return stored if stored.ndim > 1 else np.repeat(stored[:, None], self.n_columns, axis=1)

    @property
    def n_numbers(self) -> int:
        """Return D + E."""
        return self.n_columns + len(self.layout.variances(self.n_columns))

    @property
    def n_extra(self) -> int:
        """Return 1, for N_k."""
        return 1

    @property
    def values(self) -> Float:
        """Return means and covariances (K, D + E)."""
        return np.hstack([self.parameters.means, self.layout.numbers(self._covariances)])

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return that variances are positive, and other numbers may be any."""
        variances = self.layout.variances(self.n_columns)
        means = np.full(self.n_columns, Scale.REAL)
        covariances = np.where(variances, Scale.POSITIVE, Scale.REAL)
        return np.concatenate([means, covariances]).astype(np.int8)

    def check(self, *, squares: bool = False) -> None:
        """Raise `ParameterError` where derivatives, or squares of variances, are no numbers."""
        check_widths(self._widths, *((SQUARES,) if squares else ()))

    def edge(self, effective_rows: Float) -> Edge:
        """Return the components without rows, whole."""
        few = effective_rows < edge_rows(effective_rows)
        numbers = np.repeat(few[:, None], self.n_numbers, axis=1)
        return Edge(numbers, f"component {int(few.argmax())} has no rows" if few.any() else "")

    def scores(self, rows: NDArray[Any]) -> Float:
        """Return the derivatives of log densities of rows (n, D), (K, D + E, n)."""
        self.check()
        transposed = np.asarray(rows, dtype=np.float64).T
        found = np.empty((self.n_components, self.n_numbers, transposed.shape[1]))
        for k, (mean, precision) in enumerate(
            zip(self.parameters.means, self.precisions, strict=True)
        ):
            white = self.layout.times(precision, transposed - mean[:, None])
            found[k, : self.n_columns] = white
            found[k, self.n_columns :] = self.layout.scores(precision, white)
        return found

    def extra(self, rows: NDArray[Any], responsibilities: Float) -> Float:
        """Return N_k (K, 1)."""
        return responsibilities.sum(axis=1, keepdims=True)

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return Σ r ∇² log f_k (K, D + E, D + E)."""
        self.check(squares=True)
        parts = zip(self.precisions, extra[:, 0].tolist(), gradient, strict=True)
        return np.stack([self.layout.hessian(*three) for three in parts])

    def gradient(self, moments: GaussianMoments) -> Float:
        """Return P m and the derivatives ½ (P C P - N P) by the covariance (K, D + E).

        Where the sweep pools the scatter C over components, each gets an equal part of it and of
        the rows: only the sum over components has a meaning, and only it is asked for.
        """
        self.check()
        rows = moments.effective_rows
        shift = moments.means - self.parameters.means
        first = rows[:, None] * self.parameters.covariance.precision_times(shift)
        counts = rows.reshape(-1, *(1,) * (self.precisions.ndim - 1))
        scatter = counts * self.layout.spread(shift)
        if moments.pooled:
            scatter = (moments.scatter + scatter.sum(axis=0)) / self.n_components
            counts = counts.mean()
        else:
            scatter = moments.scatter + scatter
        second = self.layout.between(self.precisions, scatter) - counts * self.precisions
        return np.hstack([first, self.layout.slopes(0.5 * second)])

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return means and the free parameters of the structure.

        Covariances can be held only where each component has one of its own.
        """
        n_columns = self.n_columns
        free = np.ones((self.n_components, self.n_numbers), dtype=bool)
        if fixed is not None:
            free = ~fixed
        means = identity("means", free[:, :n_columns], [f", {j}" for j in range(n_columns)])
        own = free[:, n_columns:]
        if self.structure.code in ("VVV", "VVI") or not own.any():
            indices = self.layout.indices(n_columns)
            return side_by_side([means, identity("covariances", own, indices)])
        self.check()
        chart = covariance_chart(self.structure, self._covariances)
        if self.structure.code == "VII":
            chart = without(chart, ~own)
        return side_by_side([means, chart])

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return means (K, D), and covariances without the axis of what components share."""
        covariances = self.layout.array(numbers[:, self.n_columns :], self.n_columns)
        if self.structure.storage == "spherical":
            covariances = covariances[:, 0]
        if self.structure.shares_covariance:
            covariances = covariances[0]
        return {"means": numbers[:, : self.n_columns], "covariances": covariances}

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return the gradients by means, covariances, precisions and their Cholesky factors.

        Matrices follow dℓ = tr(Gᵀ dM). By Σ it is G; by the precision S = Σ⁻¹ it is -Σ G Σ; by the
        lower factor of Σ = L Lᵀ the lower triangle of 2 G L; and by the upper one of S = U Uᵀ,
        which scikit-learn calls `precisions_cholesky_`, the upper triangle of -2 Σ G Σ U.
        """
        slopes = self.layout.gradient(gradient[:, self.n_columns :], self.n_columns)
        covariances, factors = self._covariances, self.parameters.covariance.factors
        if self.structure.storage == "spherical":
            slopes, covariances = slopes.sum(axis=1), covariances[:, 0]
        if self.structure.shares_covariance:
            slopes, covariances, factors = slopes.sum(axis=0), covariances[0], factors[0]
        by_matrix = _by_matrix if self.structure.storage == "full" else _by_variance
        return {
            "means": gradient[:, : self.n_columns],
            "covariances": slopes,
            **by_matrix(slopes, covariances, factors),
        }


def _by_matrix(slopes: Float, covariances: Float, factors: Float) -> Mapping[str, Float]:
    precisions = -covariances @ slopes @ covariances
    return {
        "precisions": precisions,
        "covariances_cholesky": np.tril(2.0 * slopes @ np.linalg.cholesky(covariances)),
        "precisions_cholesky": np.triu(2.0 * precisions @ factors),
    }


def _by_variance(slopes: Float, covariances: Float, factors: Float) -> Mapping[str, Float]:
    precisions = -slopes * covariances**2
    return {
        "precisions": precisions,
        "covariances_cholesky": 2.0 * slopes / factors,
        "precisions_cholesky": 2.0 * precisions * factors,
    }
