"""What moments of any family are: sums in the form that an M-step reads."""

from collections.abc import Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments"]

Float = NDArray[np.float64]


class Moments(Protocol):
    """Sums in the form that `maximise` reads."""

    @property
    def effective_rows(self) -> Float:
        """N_k = Σ w r (K,)."""
        ...

    def __add__(self, other: Self) -> Self:
        """Return the moments of these rows and others together."""
        ...

    def times(self, factor: float) -> Self:
        """Return the moments of rows that count so many times."""
        ...

    def take(self, components: Sequence[int]) -> Self:
        """Return the moments of some components."""
        ...

    def collapsed(self) -> NDArray[np.bool_]:
        """Return which components (K,) have no spread in some direction."""
        ...
