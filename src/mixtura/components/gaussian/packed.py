"""A Gaussian mixture and its last sweep as C reads and writes them: numbers side by side."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.covariance import covariance_of_factors
from mixtura.components.gaussian.parameters import (
    GaussianMoments,
    GaussianParameters,
    GaussianSums,
)
from mixtura.components.gaussian.structures import Structure
from mixtura.components.kernel import Mixed
from mixtura.native.runs import State, address

__all__ = ["Packed"]

Float = NDArray[np.float64]

GOLDEN_RATIO = (1 + 5**0.5) / 2
COMMON_AXES = ("EVE", "VVE")


class Packed:
    """The numbers of a mixture and of its last sweep, side by side as C reads and writes them."""

    __slots__ = ("_numbers", "_sizes", "_starts", "_structure")

    def __init__(
        self, structure: Structure, n_components: int, n_columns: int, n_features: int
    ) -> None:
        storage = structure.storage
        square = n_columns * n_columns
        factor = {"spherical": 1, "diagonal": n_columns, "full": square}[storage]
        scatter = square if storage == "full" else n_columns
        starts = [square]
        for width in (1, n_columns, factor, n_features, 1, 1, n_columns):
            starts.append(starts[-1] + n_components * width)
        pooled = structure.features == "linear"
        starts.append(starts[-1] + (scatter if pooled else n_components * scatter))
        self._structure, self._sizes, self._starts = structure, (n_components, n_columns), starts
        self._numbers = np.empty(starts[-1])

    def _part(self, number: int) -> Float:
        return self._numbers[self._starts[number] : self._starts[number + 1]]

    @property
    def log_weights(self) -> Float:
        """Return the log mixing weights (K,)."""
        return self._part(0)

    @property
    def squared(self) -> Float:
        """Return Σ w r² (K,)."""
        return self._part(4)

    def mixed(self) -> Mixed:
        """Return the mixture."""
        return self.log_weights, self.parameters()

    def filled(self, log_weights: Float, parameters: GaussianParameters) -> Self:
        """Set the mixture, and return this."""
        factors = parameters.covariance.factors
        self._part(0)[:] = log_weights
        self._part(1)[:] = parameters.means.ravel()
        self._part(2)[:] = factors.ravel()
        if self._structure.code in COMMON_AXES:
            self._numbers[: self._starts[0]] = _shared_axes(factors).ravel()
        return self

    def state(self, history: int | None = None) -> State:
        """Return where everything is."""
        numbers = self._numbers
        begin = address(numbers)
        places = (begin + start * numbers.itemsize for start in self._starts)
        log_weights, means, factors, *rest, _ = places
        return State(self._sizes[0], log_weights, means, factors, begin, *rest, (0.0, 0.0), history)

    def parameters(self) -> GaussianParameters:
        """Return means and covariances as the structure stores them."""
        n_components, n_columns = self._sizes
        storage, factors = self._structure.storage, self._part(2)
        if storage == "full":
            factors = factors.reshape(n_components, n_columns, n_columns)
        elif storage == "diagonal":
            factors = factors.reshape(n_components, n_columns)
        covariance = covariance_of_factors(storage, factors, n_columns)
        return GaussianParameters(self._part(1).reshape(n_components, n_columns), covariance)

    def moments(self) -> GaussianMoments:
        """Return the moments of the last sweep that was taken."""
        n_components, n_columns = self._sizes
        pooled = self._structure.features == "linear"
        width = (n_columns, n_columns) if self._structure.storage == "full" else (n_columns,)
        scatter = self._part(7).reshape(width if pooled else (n_components, *width))
        means = self._part(6).reshape(n_components, n_columns)
        return GaussianMoments(self._part(5), means, scatter, pooled)

    def sums(self) -> GaussianSums:
        """Return the sums of the last sweep that was taken."""
        n_components, n_columns = self._sizes
        none = np.empty((0, n_columns))
        return GaussianSums(
            self._part(3).reshape(n_components, -1), np.zeros(n_components), none, none
        )


def _shared_axes(factors: Float) -> Float:
    """Return axes (D, D) that all precisions U_k U_kᵀ of factors (K, D, D) share.

    Irregular multiples of them hardly ever add up to a matrix with equal eigenvalues.
    """
    multiples = 1.0 + (GOLDEN_RATIO * np.arange(len(factors))) % 1.0
    sizes = np.einsum("kij,kij->k", factors, factors)
    halves = factors * np.sqrt(multiples / sizes)[:, None, None]
    return np.linalg.eigh(np.einsum("kil,kjl->ij", halves, halves))[1]
