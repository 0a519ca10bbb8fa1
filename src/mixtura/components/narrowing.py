"""What a family is asked for starts of many columns, if it can say."""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Narrowing"]

Float = NDArray[np.float64]


@runtime_checkable
class Narrowing(Protocol):
    """A family whose rows may be told by fewer numbers, which say where clusters may be."""

    def narrower(
        self, rows: Float, weights: Float | None, n_components: int
    ) -> Iterator[tuple[Any, Float]]:
        """Yield families of fewer numbers with the rows (N, q) told by these; none of few columns.

        Parameters
        ----------
        rows : (N, D) in the user's units
        weights : (N,) or None
        n_components : K that they are to be parted into
        """
        ...
