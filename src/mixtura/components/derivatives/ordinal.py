"""Free parameters of ordinal items: thresholds that components share, and an effect of each.

With η_kl = b_l + s_l λ_k and p = softmax(η), ∂p/∂η = diag p - p pᵀ, and second derivatives are
p_l ((e_l - p)(e_l - p)ᵀ - diag p + p pᵀ). By cumulative logits levels rise, and p_l = c_l - c_(l-1)
of c = logistic(η), η_kl = b_l - λ_k, each of which has a slope and a bend of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, hstack

from mixtura.components.constraints import OrdinalItem
from mixtura.components.derivatives.chart import Chart, without
from mixtura.components.derivatives.contract import Edge, edge_rows

__all__ = ["ordinal_chart", "ordinal_edge"]

Float = NDArray[np.float64]


def ordinal_edge(
    edge: Edge, values: Float, items: Sequence[OrdinalItem], effective_rows: Float
) -> Edge:
    """Return which numbers are on the edge where items are ordinal.

    A small probability follows from thresholds and effects, which other answers determine. On the
    edge are components that give one answer only, and answers that only these give.

    Parameters
    ----------
    edge : of the numbers (K, q) without order
    values : (K, q)
    effective_rows : (K,)
    """
    if not items:
        return edge
    found, least = edge.numbers.copy(), edge_rows(effective_rows)
    for item in items:
        own = values[:, item.levels]
        alone = effective_rows * (1.0 - own.max(axis=1)) < least
        rare = np.where(alone, 0.0, effective_rows) @ own < least
        found[:, item.levels] = alone[:, None] | rare
    if not found.any():
        return Edge(found)
    k, a = np.argwhere(found)[0].tolist()
    reason = edge.reason
    if not edge.numbers[k, a] or np.argwhere(edge.numbers)[0].tolist() != [k, a]:
        reason = f"number {a} of component {k} is {values[k, a]:.3g}, on the edge of its range"
    return Edge(found, reason)


def ordinal_chart(
    chart: Chart, values: Float, items: Sequence[OrdinalItem], fixed: NDArray[np.bool_] | None
) -> Chart:
    """Return the chart in which ordinal items move by their thresholds and effects.

    Parameters
    ----------
    chart : of the numbers (K, q) without order
    values : (K, q)
    fixed : (K, q) numbers that stay where they are, as `ordinal_edge` has them, or None
    """
    if not items:
        return chart
    held = np.zeros(values.shape, dtype=bool) if fixed is None else fixed
    ordinal = np.zeros(values.shape, dtype=bool)
    for item in items:
        ordinal[:, item.levels] = True
    rest = without(chart, ordinal)
    moves = [_Moves.of(item, values, held) for item in items]
    free = np.cumsum([rest.n_free, *(len(one.names) for one in moves)])
    pieces = [one.jacobian(values.shape) for one in moves]

    def bend(gradient: Float) -> Float:
        found = np.zeros((int(free[-1]),) * 2)
        if rest.bend is not None:
            found[: free[0], : free[0]] = rest.bend(gradient)
        for one, start, stop in zip(moves, free[:-1], free[1:], strict=True):
            found[start:stop, start:stop] = one.bend(gradient)
        return found

    return Chart(
        (*rest.names, *(name for one in moves for name in one.names)),
        csr_array(hstack([rest.jacobian, *pieces])),
        chart.n_components,
        bend,
    )


@dataclass(frozen=True, slots=True)
class _Moves:
    """How the probabilities of one item move.

    Attributes
    ----------
    item : OrdinalItem
    names : of its free parameters (m)
    probabilities : (K, L)
    slopes : (K, L, m) ∂η / ∂ψ
    moving : (K, L) which probabilities move
    order : of the levels that do, by their scores
    """

    item: OrdinalItem
    names: tuple[str, ...]
    probabilities: Float
    slopes: Float
    moving: NDArray[np.bool_]
    order: NDArray[np.intp]

    @classmethod
    def of(cls, item: OrdinalItem, values: Float, held: NDArray[np.bool_]) -> "_Moves":
        p, moving = values[:, item.levels], ~held[:, item.levels]
        # Noise has no probabilities.
        classes = np.flatnonzero(moving.any(axis=1) & (p.sum(axis=1) > 0)).tolist()
        there: Any = moving[classes].any(axis=0)
        order = [level for level in np.argsort(item.scores, kind="stable") if there[level]]
        cumulative = item.link == "cumulative"
        # Of adjacent categories one threshold says nothing, and above the highest there is none.
        levels = order[:-1] if cumulative else sorted(order)[1:]
        names = tuple(f"thresholds[{item.first + level}]" for level in levels)
        names += tuple(f"effects[{k}, {item.first}]" for k in classes[1:])
        slopes = np.zeros((*p.shape, len(names)))
        for place, level in enumerate(levels):
            slopes[classes, level, place] = 1.0
        for place, k in enumerate(classes[1:], len(levels)):
            if cumulative:
                slopes[k, levels, place] = -1.0
            else:
                slopes[k, order, place] = np.array(item.scores)[order]
        return cls(item, names, p, slopes, moving, np.array(order))

    def jacobian(self, shape: tuple[int, int]) -> csr_array:
        """Return ∂ξ / ∂ψ (K q, m) of all numbers (K, q)."""
        own = self._cumulative() if self.item.link == "cumulative" else self._adjacent()
        found = np.zeros((*shape, len(self.names)))
        found[:, self.item.levels] = own * self.moving[:, :, None]
        return csr_array(coo_array(found.reshape(-1, len(self.names))))

    def _adjacent(self) -> Float:
        """Return ∂p / ∂ψ (K, L, m)."""
        p = self.probabilities
        return p[:, :, None] * (self.slopes - np.einsum("kl,klm->km", p, self.slopes)[:, None])

    def _cumulative(self) -> Float:
        """Return the same of cumulative logits."""
        found = np.zeros_like(self.slopes)
        below, above = self.order[:-1], self.order[1:]
        shares = self._shares()
        rise = (shares * (1.0 - shares))[:, :, None] * self.slopes[:, below]
        found[:, below] += rise
        found[:, above] -= rise
        return found

    def _shares(self) -> Float:
        """Return the probabilities (K, L - 1) of a level and those below it."""
        return np.cumsum(self.probabilities[:, self.order], axis=1)[:, :-1]

    def bend(self, gradient: Float) -> Float:
        """Return Σ g ∇² p (m, m) of a gradient (K, q) by all numbers."""
        pull = np.where(self.moving, gradient[:, self.item.levels], 0.0)
        if self.item.link == "cumulative":
            below, above, shares = self.order[:-1], self.order[1:], self._shares()
            bends = shares * (1.0 - shares) * (1.0 - 2.0 * shares)
            pulls = bends * (pull[:, below] - pull[:, above])
            return np.einsum("kl,klm,kln->mn", pulls, self.slopes[:, below], self.slopes[:, below])
        p = self.probabilities
        pull = pull * p
        apart = self.slopes - np.einsum("kl,klm->km", p, self.slopes)[:, None]
        found = np.einsum("kl,klm,kln->mn", pull, apart, apart)
        return found - np.einsum("k,kl,klm,kln->mn", pull.sum(axis=1), p, apart, apart)
