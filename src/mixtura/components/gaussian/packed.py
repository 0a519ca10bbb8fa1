"""A mixture and its last sweep as C reads and writes them: numbers side by side."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.features import feature_map
from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
)
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.components.kernel import Mixed
from mixtura.components.packed import Numbers
from mixtura.native.runs import State
from mixtura.native.updates import COMMON_AXES, shared_axes

__all__ = ["Packed"]

Float = NDArray[np.float64]


class Packed:
    """Gaussian components, and segments of other features beside them."""

    __slots__ = ("_n_columns", "_structure", "numbers")

    def __init__(
        self,
        structure: Structure,
        n_components: int,
        n_columns: int,
        n_features: int,
        *,
        n_noise: int = 0,
        n_extras: int = 0,
    ) -> None:
        storage, n_gaussians = structure.storage, n_components - n_noise
        square = n_columns * n_columns
        factor = {"spherical": 1, "diagonal": n_columns, "full": square}[storage]
        scatter = square if storage == "full" else n_columns
        pooled = structure.features == "linear"
        self._structure, self._n_columns = structure, n_columns
        self.numbers = Numbers(
            n_components,
            n_features,
            n_extras,
            means=n_gaussians * n_columns,
            factors=n_gaussians * factor,
            scatter=scatter if pooled else n_gaussians * scatter,
            axes=square,
        )

    @property
    def log_weights(self) -> Float:
        """Return the log mixing weights (K,)."""
        return self.numbers.log_weights

    @property
    def squared(self) -> Float:
        """Return Σ w r² (K,)."""
        return self.numbers.squared

    @property
    def rows(self) -> Float:
        """Return N_k (K,), noise included."""
        return self.numbers.rows

    @property
    def besides(self) -> None:
        """Return None: noise reads the constant."""
        return

    def mixed(self) -> Mixed:
        """Return the mixture."""
        return self.log_weights, self.parameters()

    def filled(self, log_weights: Float, parameters: GaussianParameters) -> Self:
        """Set the mixture, and return this."""
        factors = parameters.covariance.factors
        numbers = self.numbers
        numbers.log_weights[:] = log_weights
        numbers.means[:] = parameters.means.ravel()
        numbers.factors[:] = factors.ravel()
        if self._structure.code in COMMON_AXES:
            numbers.axes[:] = shared_axes(factors).ravel()
        return self

    def state(self, history: int | None = None) -> State:
        """Return where everything is."""
        return self.numbers.state(history)

    def parameters(self) -> GaussianParameters:
        """Return means and covariances as the structure stores them."""
        n_columns = self._n_columns
        storage, factors = self._structure.storage, self.numbers.factors
        if storage == "full":
            factors = factors.reshape(-1, n_columns, n_columns)
        elif storage == "diagonal":
            factors = factors.reshape(-1, n_columns)
        covariance = covariance_of_factors(storage, factors, n_columns)
        return GaussianParameters(self.numbers.means.reshape(-1, n_columns), covariance)

    def moments(self) -> GaussianMoments:
        """Return the moments of the last sweep that was taken."""
        n_columns = self._n_columns
        pooled = self._structure.features == "linear"
        width = (n_columns, n_columns) if self._structure.storage == "full" else (n_columns,)
        scatter = self.numbers.scatter.reshape(width if pooled else (-1, *width))
        means = self.numbers.centres.reshape(-1, n_columns)
        if not pooled and structure(self._structure.code).features == "linear":
            # C writes one scatter where that of the first component would be.
            scatter = self._apart(scatter[0].copy(), len(means))
        return GaussianMoments(self.numbers.rows[: len(means)], means, scatter, pooled)

    def _apart(self, pooled: Float, n_gaussians: int) -> Float:
        """Return what C has pooled for each component, of sums about the origin.

        These have lost digits where a component is far from there, but what all add up to, which is
        all that counts, has not.
        """
        sums, n_columns = self.numbers.sums[:n_gaussians], self._n_columns
        rows = sums[:, n_columns]
        means = sums[:, :n_columns] / rows[:, None]
        features = feature_map(self._structure.features)
        products = sums[:, n_columns + 1 : features.n_features(n_columns)]
        second = features.second(products, n_columns)
        weighted = rows[:, None] * means
        if second.ndim == 2:
            apart, shares = second - weighted * means, (rows / rows.sum())[:, None]
        else:
            apart = second - weighted[:, :, None] * means[:, None, :]
            shares = (rows / rows.sum())[:, None, None]
        return apart + (pooled - apart.sum(axis=0)) * shares

    def sums(self) -> GaussianSums:
        """Return the sums of the last sweep that was taken."""
        sums = self.numbers.sums
        none = np.empty((0, self._n_columns))
        return GaussianSums(sums, np.zeros(len(sums)), none, none)
