"""All numbers of a mixture as (K, 1 + q): its weights and those of its components."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mixtura.components.constrained import OrdinalItem
from mixtura.components.derivatives import (
    Chart,
    Derivatives,
    Edge,
    Scale,
    derivatives_of,
    edge_rows,
    held_weights_chart,
    ordinal_chart,
    ordinal_edge,
    side_by_side,
    tied,
    weights_chart,
)
from mixtura.components.family import Family
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = ["BOUNDARIES", "Numbers"]

Float = NDArray[np.float64]

BOUNDARIES = ("refuse", "hold")


@final
class Numbers:
    """The derivatives of log(π_k f_k(x)) by π_k and by the component's own numbers.

    Parameters
    ----------
    mixture : Mixture
    family : the mixture's, set to read the rows at hand
    """

    def __init__(self, mixture: Mixture, family: Family) -> None:
        self.mixture = mixture
        self.components: Derivatives = derivatives_of(family, mixture.parameters)

    @property
    def shape(self) -> tuple[int, int]:
        """Return K and 1 + q."""
        return self.mixture.n_components, 1 + self.components.n_numbers

    @cached_property
    def values(self) -> Float:
        """The numbers (K, 1 + q)."""
        return np.column_stack([self.mixture.weights, self.components.values])

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return the scale of each number (1 + q,)."""
        return np.append(np.int8(Scale.SHARE), self.components.scales)

    @cached_property
    def bound(self) -> NDArray[np.bool_]:
        """Which numbers of components (K, q) were held in the fit."""
        found = np.zeros(self.components.values.shape, dtype=bool)
        constraints = self.mixture.constraints
        if constraints is not None:
            found[: constraints.n_components] = constraints.fixed
        return found

    @property
    def _ordinal(self) -> tuple[OrdinalItem, ...]:
        constraints = self.mixture.constraints
        return () if constraints is None else constraints.ordinal

    def edge(self, total_weight: float) -> Edge:
        """Return which numbers are on the edge of their range for rows of that weight."""
        effective = total_weight * self.mixture.weights
        inner = self.inner_edge(effective)
        few = effective < edge_rows(effective)
        reason = _reason_of_free(inner, self.bound)
        if few.any():
            k = int(few.argmax())
            reason = f"weights[{k}] is {self.mixture.weights[k]:.3g}, on the edge of its range"
        known = np.full(len(few), not self._has_free_noise(few)) if self.mixture.held else few
        # What a component without rows is made of cannot be known either.
        fixed = inner.numbers | self.bound | few[:, None]
        return Edge(np.column_stack([known, fixed]), reason)

    def inner_edge(self, effective: Float) -> Edge:
        """Return which numbers of components (K, q) are on the edge, for N_k rows (K,)."""
        edge = self.components.edge(effective)
        return ordinal_edge(edge, self.components.values, self._ordinal, effective)

    def inner_chart(self, fixed: NDArray[np.bool_]) -> Chart:
        """Return the free parameters of components, of which numbers (K, q) stay."""
        inner = self.components.chart(fixed if fixed.any() else None)
        inner = ordinal_chart(inner, self.components.values, self._ordinal, fixed)
        constraints = self.mixture.constraints
        if constraints is not None and constraints.ties.any():
            inner = tied(inner, constraints.ties)
        return inner

    def _has_free_noise(self, fixed: NDArray[np.bool_]) -> bool:
        return bool(self.mixture.family.has_noise and not fixed[-1])

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the free parameters: the weights but one, if not held, and the components'."""
        known = np.zeros(self.mixture.n_components, dtype=bool) if fixed is None else fixed[:, 0]
        inner = self.inner_chart(self.bound if fixed is None else fixed[:, 1:])
        if self.mixture.held:
            beside = self._has_free_noise(known)
            weights = held_weights_chart(self.mixture.weights, beside_noise=beside)
        else:
            weights = weights_chart(known)
        return side_by_side([weights, inner])

    def scores(self, rows: Any) -> Float:
        """Return the derivatives of log(π_k f_k(x)) of rows (n, D), (K, 1 + q, n)."""
        inner = self.components.scores(rows)
        found = np.empty((len(inner), 1 + inner.shape[1], inner.shape[2]))
        with np.errstate(divide="ignore"):
            found[:, 0] = 1.0 / self.mixture.weights[:, None]
        found[:, 1:] = inner
        return found

    def curvature(self, effective_rows: Float, extra: Float, gradient: Float) -> Float:
        """Return Σ w r ∇² log(π_k f_k) (K, 1 + q, 1 + q)."""
        found = np.zeros((*self.shape, self.shape[1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            found[:, 0, 0] = -effective_rows / self.mixture.weights**2
        found[:, 1:, 1:] = self.components.hessian(extra, gradient[:, 1:])
        return found

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return numbers (K, 1 + q) as arrays by name."""
        return {"weights": numbers[:, 0], **self.components.arranged(numbers[:, 1:])}


def _reason_of_free(edge: Edge, bound: NDArray[np.bool_]) -> str:
    """Return what is on the edge of its range of what is not held there, empty if nothing is."""
    free = edge.numbers & ~bound
    if not free.any():
        return ""
    first = np.argwhere(edge.numbers)[0]
    if free[tuple(first)]:
        return edge.reason
    k = int(np.argwhere(free)[0, 0])
    return f"a number of component {k} that is free is on the edge of its range"


def checked_boundary(boundary: str) -> bool:
    """Return whether numbers on the edge are to be held, rather than refused."""
    if boundary not in BOUNDARIES:
        raise ParameterError(f"boundary should be 'refuse' or 'hold', but got {boundary!r}")
    return boundary == "hold"
