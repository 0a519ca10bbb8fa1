"""Derivatives of Gaussian densities of rows with missing cells: those of the margins observed."""

from collections.abc import Iterator, Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.chart import Chart
from mixtura.components.derivatives.contract import Edge
from mixtura.components.derivatives.gaussian import GaussianDerivatives
from mixtura.components.derivatives.symmetric import pairs
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import rows_by_pattern
from mixtura.components.margins import marginal_of

__all__ = ["IncompleteDerivatives"]

Float = NDArray[np.float64]


@final
class IncompleteDerivatives:
    """K Gaussian components, and rows that count by their observed columns.

    A row's density is that of a margin, so its derivatives are by the margin's numbers, and zero by
    all others. Second derivatives depend on the pattern, hence are summed rather than what makes
    them up: the further sums are Σ w r ∇² log f_k (K, q²).
    """

    def __init__(self, family: IncompleteGaussianFamily, parameters: GaussianParameters) -> None:
        self._family, self._parameters = family, parameters
        self._whole = GaussianDerivatives(family, parameters)

    @property
    def n_numbers(self) -> int:
        """Return q."""
        return self._whole.n_numbers

    @property
    def n_extra(self) -> int:
        """Return q²."""
        return self.n_numbers**2

    @property
    def values(self) -> Float:
        """Return means and covariances (K, q)."""
        return self._whole.values

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return their scales."""
        return self._whole.scales

    def edge(self, effective_rows: Float) -> Edge:
        """Return the components without rows, whole."""
        return self._whole.edge(effective_rows)

    def scores(self, rows: NDArray[Any]) -> Float:
        """Return the derivatives of log densities of rows (n, D), NaN where missing, (K, q, n)."""
        found = np.zeros((self._parameters.n_components, self.n_numbers, len(rows)))
        for margin, numbers, chosen, own in self._margins(rows):
            found[:, numbers[:, None], chosen] = margin.scores(own)
        return found

    def extra(self, rows: NDArray[Any], responsibilities: Float) -> Float:
        """Return Σ w r ∇² log f_k (K, q²)."""
        n_components = self._parameters.n_components
        found = np.zeros((n_components, self.n_numbers, self.n_numbers))
        for margin, numbers, chosen, own in self._margins(rows):
            part = responsibilities[:, chosen]
            slopes = np.einsum("kan,kn->ka", margin.scores(own), part)
            second = margin.hessian(margin.extra(own, part), slopes)
            found[:, numbers[:, None], numbers] += second
        return found.reshape(n_components, -1)

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return the sums that `extra` took (K, q, q)."""
        return extra.reshape(-1, self.n_numbers, self.n_numbers)

    def gradient(self, moments: Any) -> Float:
        """Return the gradient (K, q) from completed moments, by Fisher's identity."""
        return self._whole.gradient(moments)

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return means and the free parameters of the structure."""
        return self._whole.chart(fixed)

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return means and covariances."""
        return self._whole.arranged(numbers)

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return the gradients by means, covariances, precisions and their factors."""
        return self._whole.gradients(gradient)

    def _margins(
        self, rows: NDArray[Any]
    ) -> Iterator[tuple[GaussianDerivatives, NDArray[np.intp], NDArray[np.intp], NDArray[Any]]]:
        """Yield each pattern's margin, where its numbers are in (q,), and its rows."""
        for observed, chosen in rows_by_pattern(np.asarray(rows, dtype=np.float64)):
            columns = np.flatnonzero(observed)
            if columns.size:
                margin = GaussianDerivatives(
                    *marginal_of(self._family, self._parameters, columns.tolist())
                )
                yield margin, self._numbers(observed), chosen, rows[np.ix_(chosen, columns)]

    def _numbers(self, observed: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return which numbers (q,) are those of observed columns (D,), in a margin's order."""
        inside = observed
        if self._family.structure.storage == "full":
            left, right = pairs(len(observed))
            inside = observed[left] & observed[right]
        return np.flatnonzero(np.concatenate([observed, inside]))
