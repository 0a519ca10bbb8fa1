"""What a user says of the mixing weights: free, equal, or given numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.weighing import EQUAL, Weighing
from mixtura.errors import ParameterError

__all__ = ["checked_weighing"]

# By how much given weights may miss a sum of one.
SLACK = 1e-6


def checked_weighing(
    given: Any, sizes: Sequence[int], *, concentration: float = 1.0, start: Any = None
) -> Weighing:
    """Return what the mixing weights are.

    Parameters
    ----------
    given : "free", "equal" or numbers
    sizes : the numbers of components, noise left out
    concentration : α of a Dirichlet prior on them; 1 is none
    start : where the user wants them to start, or None

    Raises
    ------
    ParameterError
        If it is none of these, or weights that are held have a prior, a start or another number.
    """
    if isinstance(given, str) and given == "free":
        return Weighing(concentration=concentration)
    if concentration != 1.0:
        raise ParameterError(
            "a Dirichlet in prior is about free mixing weights, and mixing_weights holds them; "
            "leave one of the two out"
        )
    if start is not None:
        raise ParameterError(
            "weights_init says where free mixing weights start, and mixing_weights holds them; "
            "leave one of the two out"
        )
    if isinstance(given, str) and given == "equal":
        return Weighing(EQUAL)
    return Weighing.holding(_checked_numbers(given, sizes))


def _checked_numbers(given: Any, sizes: Sequence[int]) -> NDArray[np.float64]:
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if isinstance(given, str) or array.ndim != 1:
        raise ParameterError(
            'mixing_weights should be "free", "equal" or one number for each component, but got '
            f"{given!r}"
        )
    other = [size for size in sizes if size != len(array)]
    if other:
        raise ParameterError(
            f"mixing_weights holds {len(array)} numbers, which fit n_components={len(array)}, but "
            f"n_components is {other[0]}"
        )
    if not (array > 0).all() or not abs(array.sum() - 1.0) <= SLACK:
        raise ParameterError(
            f"mixing_weights should be above 0 and sum to one, but got {array.tolist()}"
        )
    return array
