"""What derivatives of Gaussian components share where rows tell of them in ways of their own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.chart import Chart
from mixtura.components.derivatives.contract import Edge
from mixtura.components.derivatives.gaussian import GaussianDerivatives
from mixtura.components.gaussian.parameters import GaussianParameters

__all__ = ["RowwiseDerivatives"]

Float = NDArray[np.float64]


class RowwiseDerivatives:
    """Base of such: all but `scores` of rows, and `extra`, their Σ w r ∇² log f_k (K, q²).

    Second derivatives depend on the row, hence are summed rather than what makes them up.
    """

    def __init__(self, family: Any, parameters: GaussianParameters) -> None:
        self._parameters = parameters
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
