"""Charts: the free parameters that a mixture is moved by, and how its numbers follow them.

Densities are differentiated by numbers that stand apart component by component: every mixing
weight, every probability, every entry of every covariance. The free parameters are fewer, as
weights sum to one and covariances may be shared. With ξ(ψ) the numbers as functions of the free
parameters, the chain rule gives ∇_ψ ℓ = Jᵀ ∇_ξ ℓ and ∇²_ψ ℓ = Jᵀ (∇²_ξ ℓ) J + Σ_a ∂ℓ/∂ξ_a ∇²_ψ ξ_a.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

__all__ = [
    "Chart",
    "held_weights_chart",
    "identity",
    "of_dense",
    "side_by_side",
    "simplices",
    "tied",
    "weights_chart",
    "without",
]

Float = NDArray[np.float64]
# Parameters that an equation has less of are not in it.
SMALLEST_PIVOT = 1e-9
Names = Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """The free parameters ψ about one point.

    Attributes
    ----------
    names : of the M free parameters
    jacobian : (K q, M) sparse, ∂ξ_ka / ∂ψ_m with the q numbers of one component after another
    n_components : K
    bend : maps a gradient (K, q) by the numbers to Σ_ka g_ka ∇²_ψ ξ_ka (M, M); None for zero
    """

    names: tuple[str, ...]
    jacobian: csr_array
    n_components: int
    bend: Callable[[Float], Float] | None = None

    @property
    def n_free(self) -> int:
        """Return M."""
        return len(self.names)

    @property
    def n_numbers(self) -> int:
        """Return q."""
        shape: Any = self.jacobian.shape
        return shape[0] // self.n_components

    def gradient(self, gradient: Float) -> Float:
        """Return Jᵀ g of a gradient by the numbers, (M,) from (K, q) or (M, n) from (K, q, n)."""
        flat = gradient.reshape(self.n_components * self.n_numbers, *gradient.shape[2:])
        return self.jacobian.T @ flat

    def hessian(self, blocks: Float, gradient: Float) -> Float:
        """Return the second derivatives (M, M) by the free parameters.

        Parameters
        ----------
        blocks : (K, q, q) those by the numbers of each component; no entry of a number that no
            free parameter moves is looked at
        gradient : (K, q) by the numbers
        """
        found = np.zeros((self.n_free, self.n_free))
        for k, block in enumerate(blocks):
            own = self.jacobian[k * self.n_numbers : (k + 1) * self.n_numbers].T
            found += own @ (own @ block.T).T
        if self.bend is not None:
            found = found + self.bend(gradient)
        return 0.5 * (found + found.T)

    def variances(self, covariance: Float) -> Float:
        """Return the variances (K, q) of the numbers, diag(J C Jᵀ), by the delta method."""
        spread = self.jacobian @ covariance
        found = np.asarray(self.jacobian.multiply(spread).sum(axis=1)).ravel()
        return found.reshape(self.n_components, self.n_numbers)


def side_by_side(charts: Sequence[Chart]) -> Chart:
    """Return the chart of the numbers (K, Σq) that several charts share between them."""
    sizes = [chart.n_numbers for chart in charts]
    numbers = _slices(sizes)
    free = _slices([chart.n_free for chart in charts])
    total, n_free = sum(sizes), free[-1].stop
    pieces: list[tuple[Any, Any, Any]] = []
    for chart, rows, columns in zip(charts, numbers, free, strict=True):
        places: Any = coo_array(chart.jacobian)
        component, number = np.divmod(places.row, chart.n_numbers)
        pieces.append(
            (places.data, component * total + rows.start + number, places.col + columns.start)
        )
    data, row, column = (np.concatenate(part) for part in zip(*pieces, strict=True))
    n_components = charts[0].n_components

    def bend(gradient: Float) -> Float:
        found = np.zeros((n_free, n_free))
        for chart, rows, columns in zip(charts, numbers, free, strict=True):
            if chart.bend is not None:
                found[columns, columns] = chart.bend(gradient[:, rows])
        return found

    return Chart(
        tuple(name for chart in charts for name in chart.names),
        csr_array((data, (row, column)), shape=(n_components * total, n_free)),
        n_components,
        bend if any(chart.bend is not None for chart in charts) else None,
    )


def _slices(sizes: Sequence[int]) -> list[slice]:
    return [slice(*pair) for pair in pairwise(np.cumsum([0, *sizes]).tolist())]


def of_dense(
    names: Names, jacobian: ArrayLike, bend: Callable[[Float], Float] | None = None
) -> Chart:
    """Return the chart with a Jacobian given as (K, q, M)."""
    array = np.asarray(jacobian, dtype=np.float64)
    matrix = csr_array(array.reshape(-1, array.shape[2]))
    return Chart(tuple(names), matrix, len(array), bend)


def identity(name: str, free: NDArray[np.bool_], indices: Names) -> Chart:
    """Return the chart in which some numbers are free parameters themselves.

    Parameters
    ----------
    name : of the array that the numbers are kept in
    free : (K, q) which numbers move
    indices : (q,) how each number is called after the component's number
    """
    components, numbers = np.nonzero(free)
    rows = np.flatnonzero(free)
    columns = np.arange(len(rows))
    matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=(free.size, len(rows)))
    return Chart(_named(name, components, numbers, indices), matrix, len(free))


def simplices(name: str, free: NDArray[np.bool_], starts: Sequence[int], indices: Names) -> Chart:
    """Return the chart of probabilities, of which the last free one of each group is what is left.

    Parameters
    ----------
    name : of the array that the numbers are kept in
    free : (K, q) which probabilities move; the others stay where they are
    starts : where in q each group begins that sums to one
    indices : (q,) how each number is called after the component's number
    """
    moving, last = _moving(free, starts)
    components, numbers = np.divmod(moving, free.shape[1])
    names = _named(name, components, numbers, indices)
    return Chart(names, _contrasts(free.size, moving, last), len(free))


def tied(chart: Chart, ties: NDArray[np.int64]) -> Chart:
    """Return the chart in which some numbers stay equal, and the last parameters follow the others.

    Parameters
    ----------
    chart : of the numbers (K, q) without that
    ties : (K, q) numbers with the same one above 0 are equal
    """
    flat, rows = ties.ravel(), []
    for tie in np.unique(flat[flat > 0]):
        first, *others = np.flatnonzero(flat == tie)
        own = chart.jacobian[[first]].toarray()
        rows += [chart.jacobian[[other]].toarray() - own for other in others]
    free, along = _left_free(np.vstack(rows))
    bend = chart.bend
    return Chart(
        tuple(chart.names[m] for m in free),
        csr_array(chart.jacobian @ csr_array(along)),
        chart.n_components,
        None if bend is None else lambda gradient: along.T @ bend(gradient) @ along,
    )


def without(chart: Chart, fixed: NDArray[np.bool_]) -> Chart:
    """Return a chart without what moves numbers that are `fixed` (K, q)."""
    moves = np.asarray(abs(chart.jacobian[fixed.ravel()]).sum(axis=0)).ravel() > 0
    kept = np.flatnonzero(~moves)
    bend = chart.bend
    return Chart(
        tuple(chart.names[m] for m in kept),
        csr_array(chart.jacobian[:, kept]),
        chart.n_components,
        None if bend is None else lambda gradient: bend(gradient)[np.ix_(kept, kept)],
    )


def _left_free(equations: Float) -> tuple[list[int], Float]:
    """Return which parameters (M',) stay free under A dψ = 0, and how all (M, M') follow them.

    A (E, M) is brought to rows each of which says what one parameter is by the free ones, from
    the last parameter on (Gauss and Jordan).
    """
    left, size = equations.copy(), equations.shape[1]
    led: dict[int, int] = {}
    for m in reversed(range(size)):
        open_rows = [e for e in range(len(left)) if e not in led.values()]
        if not open_rows:
            break
        pivot = max(open_rows, key=lambda e: abs(left[e, m]))
        if abs(left[pivot, m]) < SMALLEST_PIVOT:
            continue
        led[m] = pivot
        left[pivot] /= left[pivot, m]
        others = np.arange(len(left)) != pivot
        left[others] -= np.outer(left[others, m], left[pivot])
    free = [m for m in range(size) if m not in led]
    along = np.zeros((size, len(free)))
    along[free, np.arange(len(free))] = 1.0
    for m, row in led.items():
        along[m] = -left[row, free]
    return free, along


def weights_chart(fixed: NDArray[np.bool_]) -> Chart:
    """Return mixing weights (K, 1) as free parameters but for the last, which is what is left.

    Parameters
    ----------
    fixed : (K,) which weights stay where they are
    """
    moving, last = _moving(~fixed[None], [0])
    names = tuple(f"weights[{k}]" for k in moving)
    return Chart(names, _contrasts(len(fixed), moving, last), len(fixed))


def held_weights_chart(weights: Float, *, beside_noise: bool) -> Chart:
    """Return mixing weights (K, 1) that are held in the proportions they have.

    Parameters
    ----------
    weights : (K,)
    beside_noise : whether the last is that of noise and free, π_k = (1 - π_0) s_k being the others
    """
    if not beside_noise:
        return Chart((), csr_array((len(weights), 0)), len(weights))
    slopes = np.append(-weights[:-1] / weights[:-1].sum(), 1.0)
    return Chart((f"weights[{len(weights) - 1}]",), csr_array(slopes[:, None]), len(weights))


def _named(
    name: str, components: NDArray[np.intp], numbers: NDArray[np.intp], indices: Names
) -> tuple[str, ...]:
    places = zip(components.tolist(), numbers.tolist(), strict=True)
    return tuple(f"{name}[{k}{indices[a]}]" for k, a in places)


def _moving(
    free: NDArray[np.bool_], starts: Sequence[int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of the numbers that move, and for each that of its group's last."""
    n_components, n_numbers = free.shape
    group = np.repeat(np.arange(len(starts)), np.diff([*starts, n_numbers]))
    places = np.flatnonzero(free)
    owner = (group + len(starts) * np.arange(n_components)[:, None]).ravel()[places]
    is_last = np.append(owner[1:] != owner[:-1], True)[: len(places)]
    last_of = np.zeros(n_components * len(starts), dtype=np.intp)
    last_of[owner[is_last]] = places[is_last]
    return places[~is_last], last_of[owner[~is_last]]


def _contrasts(size: int, moving: NDArray[np.intp], last: NDArray[np.intp]) -> csr_array:
    """Return (size, M): +1 for each number that moves, -1 for the one that makes up for it."""
    columns = np.arange(len(moving))
    values = np.repeat([1.0, -1.0], len(moving))
    places = (np.concatenate([moving, last]), np.concatenate([columns, columns]))
    return csr_array((values, places), shape=(size, len(moving)))
