"""Compiled runs of components beside noise: those of the components, which are told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mixtura.components.compiled import CompiledRuns, Packing
from mixtura.components.kernel import Terms
from mixtura.components.noise_parameters import (
    NoisyMoments,
    NoisyParameters,
    NoisyPrior,
    last_of,
)
from mixtura.native.runs import Problem, State

__all__ = ["NoisyKernel"]

Float = NDArray[np.float64]
Joined: TypeAlias = Callable[[Any, Float | None], Any]
OfNoise: TypeAlias = Callable[[Any, NDArray[np.bool_]], float]


@dataclass(frozen=True, slots=True, eq=False)
class NoisyKernel(CompiledRuns):
    """A loop over rows; see `mixtura.components.kernel.Kernel`.

    Attributes
    ----------
    inner : that of the components, told of noise as the last of them
    joined : makes the family's sums of the components' and those of a feature that only noise reads
    of_noise : makes Σ w r log f(x) of the noise of a sweep's sums, and of which component it is
    """

    inner: Any
    of_noise: OfNoise
    joined: Joined

    def problem(self, terms: Terms, far: float) -> Problem | None:
        """Return what C is told, or None for a prior that is no pseudo-rows."""
        prior = terms.prior.inner if isinstance(terms.prior, NoisyPrior) else terms.prior
        return self.inner.problem(Terms(prior, terms.weighing), far)

    def packing(self, n_components: int) -> "NoisyPacked":
        """Return room for a mixture."""
        return NoisyPacked(self.inner.packing(n_components), self)

    def excluding(self, excluded: NDArray[np.bool_]) -> "NoisyKernel":
        """Return the same loop over rows that are excluded from components, as in (K, n)."""
        return NoisyKernel(self.inner.excluding(excluded), self.of_noise, self.joined)

    @property
    def n_rows(self) -> int:
        """Return n."""
        return self.inner.n_rows


class NoisyPacked:
    """A mixture with noise as the last component, and its last sweep."""

    __slots__ = ("_inner", "_kernel")

    def __init__(self, inner: Packing, kernel: NoisyKernel) -> None:
        self._inner, self._kernel = inner, kernel

    @property
    def log_weights(self) -> Float:
        """Return the log mixing weights (K',)."""
        return self._inner.log_weights

    @property
    def squared(self) -> Float:
        """Return Σ w r² (K',)."""
        return self._inner.squared

    @property
    def besides(self) -> Float | None:
        """Return the sums (K', 1) of a feature that only noise reads, or None."""
        return self._inner.besides

    @property
    def rows(self) -> Float:
        """Return N_k (K',)."""
        return self._inner.rows

    def filled(self, log_weights: Float, parameters: NoisyParameters) -> Self:
        """Set the mixture, and return this."""
        self._inner.filled(log_weights, parameters.inner)
        return self

    def state(self, history: int | None = None) -> State:
        """Return where everything is."""
        return self._inner.state(history)

    def parameters(self) -> NoisyParameters:
        """Return the components, and which is noise."""
        return NoisyParameters.around(self._inner.parameters())

    def moments(self) -> NoisyMoments:
        """Return the moments of the last sweep that was taken."""
        noise = last_of(len(self.rows))
        of_noise = self._kernel.of_noise(self.sums(), noise)
        return NoisyMoments(self.rows, self._inner.moments(), noise, of_noise)

    def sums(self) -> Any:
        """Return the family's sums of it."""
        return self._kernel.joined(self._inner.sums(), self._inner.besides)
