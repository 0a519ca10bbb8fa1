"""The numbers of a mixture and of its last sweep, side by side as C reads and writes them."""

from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mixtura.native.runs import State, address

__all__ = ["Numbers"]

Float = NDArray[np.float64]


@lru_cache(maxsize=1024)
def starts_of(
    n_components: int,
    n_features: int,
    n_extras: int,
    means: int,
    factors: int,
    scatter: int,
    axes: int,
) -> tuple[int, ...]:
    """Return where each kind of numbers starts, and after the last where it ends."""
    sizes = (n_components, means, factors, n_components * n_extras, axes)
    sizes += (n_components * n_features, *3 * (n_components,), means, scatter)
    return tuple(accumulate(sizes, initial=0))


class Numbers:
    """Views of one array; see `mx_state`.

    Parameters
    ----------
    n_components, n_features, n_extras : K, P, E
    means, factors, scatter, axes : how many numbers each takes
    """

    __slots__ = ("_all", "_shape", "_starts")

    def __init__(
        self,
        n_components: int,
        n_features: int,
        n_extras: int = 0,
        *,
        means: int = 0,
        factors: int = 0,
        scatter: int = 0,
        axes: int = 0,
    ) -> None:
        self._starts = starts_of(n_components, n_features, n_extras, means, factors, scatter, axes)
        self._shape = n_components, n_features, n_extras
        self._all = np.empty(self._starts[-1])

    def _part(self, number: int) -> Float:
        return self._all[self._starts[number] : self._starts[number + 1]]

    @property
    def log_weights(self) -> Float:
        """Return the log mixing weights (K,)."""
        return self._part(0)

    @property
    def means(self) -> Float:
        """Return the means of Gaussian components."""
        return self._part(1)

    @property
    def factors(self) -> Float:
        """Return the factors of their precisions."""
        return self._part(2)

    @property
    def extras(self) -> Float:
        """Return the values of segments (K, E)."""
        return self._part(3).reshape(self._shape[0], self._shape[2])

    @property
    def axes(self) -> Float:
        """Return the axes that all share, if they do."""
        return self._part(4)

    @property
    def sums(self) -> Float:
        """Return Σ w r φ (K, P) of the last sweep that was taken."""
        return self._part(5).reshape(self._shape[:2])

    @property
    def squared(self) -> Float:
        """Return Σ w r² (K,)."""
        return self._part(6)

    @property
    def entropy(self) -> Float:
        """Return Σ w r (K,) times the entropy of missing cells."""
        return self._part(7)

    @property
    def rows(self) -> Float:
        """Return N_k (K,)."""
        return self._part(8)

    @property
    def centres(self) -> Float:
        """Return the means of rows."""
        return self._part(9)

    @property
    def scatter(self) -> Float:
        """Return the scatter about them."""
        return self._part(10)

    def state(self, history: int | None) -> State:
        """Return where everything is."""
        begin, size = address(self._all), self._all.itemsize
        places = [begin + start * size for start in self._starts[:-1]]
        return State(self._shape[0], *places, (0.0, 0.0), history)
