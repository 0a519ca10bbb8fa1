"""Parameters whose every array has the components along its first axis."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.simplex import floored_log

__all__ = ["GammaParameters", "Probabilities", "Rates", "Stacked"]

Float = NDArray[np.float64]


# More logarithms than this (512 kB) are computed anew: a fit holds the parameters of many starts,
# and a sweep of so many costs far more than the logarithms do.
MOST_KEPT = 1 << 16


class Stacked:
    """Base of frozen dataclasses of arrays (K, ...)."""

    __slots__ = ()

    @property
    def n_components(self) -> int:
        """Return K."""
        return len(self._arrays()[0])

    def take(self, components: slice | Sequence[int]) -> Self:
        """Return the parameters of some components."""
        return type(self)(*(array[components] for array in self._arrays()))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the parameters of several mixtures side by side."""
        return cls(*map(np.concatenate, zip(*(part._arrays() for part in parts), strict=True)))

    @property
    def values(self) -> NDArray[np.float64]:
        """Return the only array (K, E)."""
        (values,) = self._arrays()
        return values

    def _arrays(self) -> list[NDArray[np.float64]]:
        return [
            getattr(self, field.name)
            for field in fields(self)  # pyright: ignore[reportArgumentType]
        ]


@dataclass(frozen=True)
class Probabilities(Stacked):
    """Probabilities of each component.

    Attributes
    ----------
    probabilities : (K, M) float64
    """

    probabilities: Float

    @property
    def logs(self) -> Float:
        """Their logarithms, floored; kept unless there are many, as a sweep reads them often."""
        wide = self.probabilities.size > MOST_KEPT
        return floored_log(self.probabilities) if wide else self._logs

    @cached_property
    def _logs(self) -> Float:
        return floored_log(self.probabilities)


@dataclass(frozen=True, slots=True)
class Rates(Stacked):
    """Rates of each component.

    Attributes
    ----------
    rates : (K, D) float64
    """

    rates: Float


@dataclass(frozen=True, slots=True)
class GammaParameters(Stacked):
    """Shapes a and rates b (K, D): means are a / b, variances a / b²."""

    shapes: Float
    rates: Float

    @property
    def values(self) -> Float:
        """Return rates and shapes (K, 2 D), as `fill_cells` has features."""
        return np.hstack([self.rates, self.shapes])

    @classmethod
    def of_values(cls, values: Float) -> Self:
        """Return what has such values."""
        rates, shapes = np.split(values, 2, axis=1)
        return cls(shapes, rates)
