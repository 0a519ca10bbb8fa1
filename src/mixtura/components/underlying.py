"""Gaussian components of values that underlie the rows: what is alike whatever rows tell of them.

Sums are those of what underlies the rows, given these; so priors and M-steps are those of Gaussian
rows with missing cells. A tile has `gaussian`, a tile of places where values would be by
themselves, for starts and for what is asked of all rows.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.evaluator import GaussianEvaluator
from mixtura.components.gaussian.family import LOG_TWO_PI, GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.incomplete_sweep import IncompleteSums
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.prior import GaussianPrior, ScatterPrior

__all__ = ["UnderlyingFamily"]

Float = NDArray[np.float64]

# By which the weak prior is stronger than that of rows that are what they are.
STRONGER = 1e4


class StartEvaluator:
    """Accumulates only, for a start: values as if they were where they were measured, or stand.

    Parameters
    ----------
    plain : of these places
    """

    __slots__ = ("_plain",)

    def __init__(self, plain: GaussianEvaluator) -> None:
        self._plain = plain

    @property
    def n_components(self) -> int:
        """Return K."""
        return self._plain.n_components

    def centre_on(self, parameters: GaussianParameters) -> None:
        """Take the sums of all components about other means, before the first tile."""
        self._plain.centre_on(parameters)

    def zeros(self) -> Any:
        """Return fresh totals."""
        return self._plain.zeros()

    def accumulate(self, prepared: Any, responsibilities: NDArray[Any], totals: Any) -> None:
        """Add a tile's sums to the totals."""
        self._plain.accumulate(prepared.gaussian, responsibilities, totals)

    def sums(self, totals: Any) -> IncompleteSums:
        """Freeze the totals."""
        plain = self._plain.sums(totals)
        told = plain.features, plain.centred, plain.first, plain.second
        return IncompleteSums(*told, np.zeros(self.n_components))


@dataclass(frozen=True)
class UnderlyingFamily(IncompleteGaussianFamily):
    """K Gaussian components of values that underlie the rows."""

    @cached_property
    def _plain(self) -> GaussianFamily:
        return GaussianFamily(self.structure, self.frame)

    @cached_property
    def _constants(self) -> Float:
        """Return what the log density of a cell (D,) loses by the frame and by 2π."""
        return np.log(self.frame.scale) + 0.5 * LOG_TWO_PI

    def workspace(self, n_rows: int) -> Any:
        """Return buffers for tiles of up to `n_rows` rows."""
        return self._plain.workspace(n_rows)

    def unbound(self, n_components: int) -> Any:
        """Return an evaluator that takes values as if they were at their places."""
        return StartEvaluator(self._plain.unbound(n_components))

    def kernel(
        self, rows: Any, row_weights: Float | None, shared: Any, distinct_share: float
    ) -> None:
        """Return None: there is no compiled loop."""

    def maximise(
        self, moments: Any, previous: GaussianParameters | None, prior: GaussianPrior
    ) -> GaussianParameters:
        """Return the means and covariances of the next iteration."""
        return GaussianFamily.maximise(self, moments, previous, prior)

    def prior(self, name: Any, shared: Any, n_components: int) -> GaussianPrior:
        """Return the penalty of that name; the weak one keeps widths that rows say nothing of.

        They end near the root of its strength, where gradients by means have digits.
        """
        found = super().prior(name, shared, n_components)
        if isinstance(name, str) and name == "weak" and isinstance(found, ScatterPrior):
            return replace(found, rows=STRONGER * found.rows, scatter=STRONGER * found.scatter)
        return found

    def compiled_rows(self, parameters: GaussianParameters) -> Any:
        """Return None: log densities are found first."""
