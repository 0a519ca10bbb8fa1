"""Coefficients that are held, and those that all components have alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bounds"]

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bounds:
    """What coefficients are bound to, in the user's units.

    Attributes
    ----------
    held : (K, p) values, NaN where free; one row where all components have the same
    alike : (p,) True where all components have one coefficient
    alike_precision : whether they have one precision
    """

    held: Float
    alike: NDArray[np.bool_]
    alike_precision: bool = False

    @property
    def tells_apart(self) -> bool:
        """Return whether components are held at unlike values, which numbers them."""
        first = self.held[:1]
        return not bool(((self.held == first) | (np.isnan(self.held) & np.isnan(first))).all())

    def values(self, n_components: int) -> Float:
        """Return what is held (K, p), NaN where free."""
        return np.broadcast_to(self.held, (n_components, self.held.shape[1]))

    def directions(self, n_components: int) -> Float:
        """Return how coefficients (K p, q) follow from the q that are free."""
        free = np.isnan(self.values(n_components))
        columns = []
        for term, same in enumerate(self.alike):
            places = np.flatnonzero(free[:, term]) * len(self.alike) + term
            groups = [places] if same and len(places) else [np.array([one]) for one in places]
            columns += groups
        found = np.zeros((free.size, len(columns)))
        for column, places in enumerate(columns):
            found[places, column] = 1.0
        return found

    def n_free(self, n_components: int) -> int:
        """Return the number of free coefficients."""
        return self.directions(n_components).shape[1]
