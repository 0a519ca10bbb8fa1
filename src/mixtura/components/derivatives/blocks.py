"""Derivatives of families made of others: blocks of columns, and noise beside Gaussians."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from mixtura.components.derivatives.chart import Chart, side_by_side
from mixtura.components.derivatives.contract import Derivatives, Edge
from mixtura.components.derivatives.gaussian import GaussianDerivatives
from mixtura.components.gaussian.noise import GaussianNoiseFamily, NoisyParameters
from mixtura.components.product import ProductFamily, ProductMoments, ProductParameters

__all__ = ["NoiseDerivatives", "ProductDerivatives"]

Float = NDArray[np.float64]


@final
class ProductDerivatives:
    """Blocks side by side: their log densities add, so no derivative is by two of them."""

    def __init__(
        self,
        family: ProductFamily,
        parameters: ProductParameters,
        derivatives_of: Callable[[Any, Any], Derivatives],
    ) -> None:
        self._columns = family.blocks
        self._names = _block_names([each.name for each in family.families])
        self._parts = [
            derivatives_of(*pair) for pair in zip(family.families, parameters.parts, strict=True)
        ]

    @property
    def n_numbers(self) -> int:
        """Return Σq."""
        return sum(part.n_numbers for part in self._parts)

    @property
    def n_extra(self) -> int:
        """Return ΣE."""
        return sum(part.n_extra for part in self._parts)

    @property
    def values(self) -> Float:
        """Return the numbers of all blocks."""
        return np.hstack([part.values for part in self._parts])

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return their scales."""
        return np.concatenate([part.scales for part in self._parts])

    def edge(self, effective_rows: Float) -> Edge:
        """Return what is on the edge in any block."""
        edges = [part.edge(effective_rows) for part in self._parts]
        reason = next((edge.reason for edge in edges if edge.reason), "")
        return Edge(np.hstack([edge.numbers for edge in edges]), reason)

    def scores(self, rows: Any) -> Float:
        """Return the blocks' scores."""
        pairs = zip(self._parts, self._columns, strict=True)
        return np.concatenate([part.scores(rows[:, own]) for part, own in pairs], axis=1)

    def extra(self, rows: Any, responsibilities: Float) -> Float:
        """Return the blocks' further sums."""
        pairs = zip(self._parts, self._columns, strict=True)
        return np.hstack([part.extra(rows[:, own], responsibilities) for part, own in pairs])

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return the blocks' second derivatives along the diagonal."""
        found = np.zeros((len(gradient), self.n_numbers, self.n_numbers))
        pieces = zip(self._parts, self._split(gradient), self._split_extra(extra), strict=True)
        start = 0
        for part, slopes, sums in pieces:
            own = slice(start, start + part.n_numbers)
            found[:, own, own] = part.hessian(sums, slopes)
            start += part.n_numbers
        return found

    def gradient(self, moments: ProductMoments) -> Float:
        """Return the blocks' gradients."""
        pairs = zip(self._parts, moments.parts, strict=True)
        return np.hstack([part.gradient(own) for part, own in pairs])

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the blocks' free parameters, each name with its block's."""
        each: Sequence[Any] = [None] * len(self._parts) if fixed is None else self._split(fixed)
        charts = [part.chart(own) for part, own in zip(self._parts, each, strict=True)]
        return side_by_side(
            [
                replace(chart, names=tuple(f"{block}.{name}" for name in chart.names))
                for block, chart in zip(self._names, charts, strict=True)
            ]
        )

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return the blocks' arrays, each by the name of its block, a dot and its own."""
        return self._named(
            part.arranged(own) for part, own in zip(self._parts, self._split(numbers), strict=True)
        )

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return the blocks' gradients likewise."""
        pairs = zip(self._parts, self._split(gradient), strict=True)
        return self._named(part.gradients(own) for part, own in pairs)

    def _named(self, parts: Any) -> Mapping[str, Float]:
        return {
            f"{block}.{name}": array
            for block, arrays in zip(self._names, parts, strict=True)
            for name, array in arrays.items()
        }

    def _split(self, numbers: NDArray[Any]) -> list[NDArray[Any]]:
        ends = np.cumsum([part.n_numbers for part in self._parts])[:-1]
        return np.split(numbers, ends, axis=1)

    def _split_extra(self, extra: Float) -> list[Float]:
        return np.split(extra, np.cumsum([part.n_extra for part in self._parts])[:-1], axis=1)


def _block_names(families: Sequence[str]) -> list[str]:
    """Return the families' names, numbered where one occurs twice."""
    return [
        name if families.count(name) == 1 else f"{name}{families[:block].count(name)}"
        for block, name in enumerate(families)
    ]


@final
class NoiseDerivatives:
    """Gaussian components and, as the last, noise whose density has nothing to differentiate by."""

    def __init__(self, family: GaussianNoiseFamily, parameters: NoisyParameters) -> None:
        self._inner = GaussianDerivatives(family.inner, parameters.gaussians)

    @property
    def n_numbers(self) -> int:
        """Return D + E."""
        return self._inner.n_numbers

    @property
    def n_extra(self) -> int:
        """Return 1."""
        return self._inner.n_extra

    @property
    def values(self) -> Float:
        """Return the numbers, those of the noise being zero."""
        return _with_noise(self._inner.values)

    @property
    def scales(self) -> NDArray[np.int8]:
        """Return the scales of the Gaussian numbers."""
        return self._inner.scales

    def edge(self, effective_rows: Float) -> Edge:
        """Return what is on the edge among the Gaussian components."""
        edge = self._inner.edge(effective_rows[:-1])
        return Edge(_with_noise(edge.numbers), edge.reason)

    def scores(self, rows: Any) -> Float:
        """Return the scores, those of the noise being zero."""
        return _with_noise(self._inner.scores(rows))

    def extra(self, rows: Any, responsibilities: Float) -> Float:
        """Return N_k."""
        return responsibilities.sum(axis=1, keepdims=True)

    def hessian(self, extra: Float, gradient: Float) -> Float:
        """Return the second derivatives, those of the noise being zero."""
        return _with_noise(self._inner.hessian(extra[:-1], gradient[:-1]))

    def gradient(self, moments: Any) -> Float:
        """Return the gradient, that of the noise being zero."""
        return _with_noise(self._inner.gradient(moments.gaussians))

    def chart(self, fixed: NDArray[np.bool_] | None = None) -> Chart:
        """Return the free parameters of the Gaussian components."""
        chart = self._inner.chart(None if fixed is None else fixed[:-1])
        bend = chart.bend
        nothing = csr_array((chart.n_numbers, chart.n_free))
        return replace(
            chart,
            jacobian=csr_array(vstack([chart.jacobian, nothing])),
            n_components=chart.n_components + 1,
            bend=None if bend is None else lambda gradient: bend(gradient[:-1]),
        )

    def arranged(self, numbers: Float) -> Mapping[str, Float]:
        """Return the arrays of the Gaussian components."""
        return self._inner.arranged(numbers[:-1])

    def gradients(self, gradient: Float) -> Mapping[str, Float]:
        """Return the gradients of the Gaussian components."""
        return self._inner.gradients(gradient[:-1])


def _with_noise(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array (K, ...) with a further component of zeros."""
    return np.concatenate([array, np.zeros_like(array[:1])])
