"""Derivatives of Gaussian densities of rows with missing cells: those of the margins observed."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.gaussian import GaussianDerivatives
from mixtura.components.derivatives.rowwise import RowwiseDerivatives
from mixtura.components.derivatives.symmetric import pairs
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import rows_by_pattern
from mixtura.components.margins import marginal_of

__all__ = ["IncompleteDerivatives"]

Float = NDArray[np.float64]


@final
class IncompleteDerivatives(RowwiseDerivatives):
    """K Gaussian components, and rows that count by their observed columns.

    A row's density is that of a margin, so its derivatives are by the margin's numbers, and zero by
    all others. Second derivatives depend on the pattern, hence are summed rather than what makes
    them up: the further sums are Σ w r ∇² log f_k (K, q²).
    """

    def __init__(self, family: IncompleteGaussianFamily, parameters: GaussianParameters) -> None:
        super().__init__(family, parameters)
        self._family = family

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
