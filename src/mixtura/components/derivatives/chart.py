"""Charts: the free parameters that a mixture is moved by, and how its numbers follow them.

Densities are differentiated by numbers that stand apart component by component: every mixing
weight, every probability, every entry of every covariance. The free parameters are fewer, as
weights sum to one and covariances may be shared. With ξ(ψ) the numbers as functions of the free
parameters, the chain rule gives ∇_ψ ℓ = Jᵀ ∇_ξ ℓ and ∇²_ψ ℓ = Jᵀ (∇²_ξ ℓ) J + Σ_a ∂ℓ/∂ξ_a ∇²_ψ ξ_a.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chart", "identity", "side_by_side", "simplices", "tied"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Chart:
    """The free parameters ψ about one point.

    Attributes
    ----------
    names : of the M free parameters
    jacobian : (K, q, M) ∂ξ_ka / ∂ψ_m
    bend : maps a gradient (K, q) by the numbers to Σ_ka g_ka ∇²_ψ ξ_ka (M, M); None for zero
    """

    names: tuple[str, ...]
    jacobian: Float
    bend: Callable[[Float], Float] | None = None

    @property
    def n_free(self) -> int:
        """Return M."""
        return len(self.names)

    @property
    def matrix(self) -> Float:
        """Return the Jacobian as (K q, M)."""
        return self.jacobian.reshape(-1, self.n_free)

    def gradient(self, gradient: Float) -> Float:
        """Return Jᵀ g (M,) of a gradient (K, q) by the numbers."""
        return self.matrix.T @ gradient.ravel()

    def hessian(self, hessian: Float, gradient: Float) -> Float:
        """Return the second derivatives (M, M) from those by the numbers, (K q, K q)."""
        found = self.matrix.T @ hessian @ self.matrix
        if self.bend is not None:
            found += self.bend(gradient)
        return 0.5 * (found + found.T)


def side_by_side(charts: Sequence[Chart]) -> Chart:
    """Return the chart of numbers (K, Σq) that several charts share between them."""
    sizes = [chart.jacobian.shape[1] for chart in charts]
    counts = [chart.n_free for chart in charts]
    n_components = len(charts[0].jacobian)
    jacobian = np.zeros((n_components, sum(sizes), sum(counts)))
    numbers, free = _slices(sizes), _slices(counts)
    for chart, rows, columns in zip(charts, numbers, free, strict=True):
        jacobian[:, rows, columns] = chart.jacobian

    def bend(gradient: Float) -> Float:
        found = np.zeros((sum(counts), sum(counts)))
        for chart, rows, columns in zip(charts, numbers, free, strict=True):
            if chart.bend is not None:
                found[columns, columns] = chart.bend(gradient[:, rows])
        return found

    names = tuple(name for chart in charts for name in chart.names)
    return Chart(names, jacobian, bend if any(chart.bend for chart in charts) else None)


def _slices(sizes: Sequence[int]) -> list[slice]:
    ends = np.cumsum([0, *sizes]).tolist()
    return [slice(start, stop) for start, stop in zip(ends[:-1], ends[1:], strict=True)]


def identity(name: str, free: NDArray[np.bool_], indices: Sequence[str]) -> Chart:
    """Return the chart in which some numbers are free parameters themselves.

    Parameters
    ----------
    name : of the array that the numbers are kept in
    free : (K, q) which numbers move
    indices : (q,) how each number is called after the component's number
    """
    places = np.argwhere(free)
    jacobian = np.zeros((*free.shape, len(places)))
    jacobian[places[:, 0], places[:, 1], np.arange(len(places))] = 1.0
    return Chart(tuple(f"{name}[{k}{indices[a]}]" for k, a in places), jacobian)


def tied(names: Sequence[str], weights: Float, n_components: int) -> Chart:
    """Return the chart of numbers that all components have in common.

    Parameters
    ----------
    names : of the M free parameters
    weights : (q, M) ∂ξ_a / ∂ψ_m, the same in every component
    """
    return Chart(tuple(names), np.repeat(weights[None], n_components, axis=0))


def simplices(
    name: str, free: NDArray[np.bool_], starts: Sequence[int], indices: Sequence[str]
) -> Chart:
    """Return the chart of probabilities, of which the last free one of each group is what is left.

    Parameters
    ----------
    name : of the array that the numbers are kept in
    free : (K, q) which probabilities move; the others stay where they are
    starts : where in q each group begins that sums to one
    indices : (q,) how each number is called after the component's number
    """
    n_numbers = free.shape[1]
    moving = [
        (k, number, group[-1])
        for k, own in enumerate(free)
        for start, stop in zip(starts, [*starts[1:], n_numbers], strict=True)
        for group in [start + np.flatnonzero(own[start:stop])]
        for number in group[:-1]
    ]
    jacobian = np.zeros((*free.shape, len(moving)))
    for column, (k, number, last) in enumerate(moving):
        jacobian[k, number, column] = 1.0
        jacobian[k, last, column] = -1.0
    return Chart(tuple(f"{name}[{k}{indices[a]}]" for k, a, _ in moving), jacobian)
