"""What is asked of a family whose mixtures are to be differentiated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mixtura.components.derivatives.chart import Chart

__all__ = ["Derivatives", "Edge", "Scale"]

Float = NDArray[np.float64]


class Scale:
    """On which scale a number's estimate is nearest to normal, as a code in an array."""

    REAL = 0
    POSITIVE = 1
    SHARE = 2


@dataclass(frozen=True, slots=True)
class Edge:
    """Numbers on the edge of their range, where a likelihood has no curvature to go by.

    Attributes
    ----------
    numbers : (K, q) which are there
    reason : the first of them in words, empty if there is none
    """

    numbers: NDArray[np.bool_]
    reason: str = ""


class Derivatives(Protocol):
    """The derivatives of log f_k(x) by the q numbers of component k, at one point.

    Numbers are in the user's units: means and covariances, probabilities, rates. They are taken
    to move freely: what they share or sum to is said by the chart.
    """

    @property
    def n_numbers(self) -> int:
        """Return q."""
        ...

    @property
    def n_extra(self) -> int:
        """Return E, the number of sums that second derivatives need beside the gradient."""
        ...

    @property
    def values(self) -> Float:
        """Return the numbers (K, q)."""
        ...

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return the `Scale` of each number (q,)."""
        ...

    def edge(self, effective_rows: Float) -> Edge:
        """Return which numbers fewer than `edge_rows` of the rows N_k (K,) speak of."""
        ...

    def scores(self, rows: Any) -> Float:
        """Return ∂ log f_k(x) / ∂ξ_ka of rows (n, D), (K, q, n); not finite on the very edge."""
        ...

    def extra(self, rows: Any, responsibilities: Float) -> Float:
        """Return the further sums (K, E) of rows (n, D) with responsibilities w r (K, n)."""
        ...

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return Σ_i w r ∇² log f_k (K, q, q) from the extra sums and Σ_i w r ∇ log f_k."""
        ...

    def gradient(self, moments: Any) -> Float:
        """Return Σ_i w r ∇ log f_k (K, q) from what a sweep brings back."""
        ...

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the free parameters; numbers that are `fixed` (K, q) stay where they are."""
        ...

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return numbers (K, q) as arrays by name, what components share once."""
        ...

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return a gradient (K, q) as arrays by name, summed where components share a number."""
        ...


# Fewer rows than this say nothing of a number: what holds it up is a prior or rounding.
FEWEST_ROWS = 0.01


def edge_rows(effective_rows: Float) -> float:
    """Return the number of rows below which a count says nothing of its probability.

    The weak prior puts up to 1/N of a row there, beside those that are seen.
    """
    return FEWEST_ROWS + 1.0 / max(float(effective_rows.sum()), 1.0)
