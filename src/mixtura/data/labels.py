"""Labels of rows, as numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.errors import DataError

__all__ = ["numbered_labels"]


def numbered_labels(name: str, given: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the labels there are, in order, and the number (N,) of each row's.

    Parameters
    ----------
    name : what the labels are called
    given : (N,)

    Raises
    ------
    DataError
        Naming the first row without a label, or if labels have no order.
    """
    labels = np.asarray(given)
    # NaN and NaT are not what they are, and pandas' NA says of nothing whether it is.
    gaps = [one is None or str(one) == "<NA>" or one != one for one in labels.tolist()]
    gaps = gaps if labels.dtype.kind != "M" else np.isnat(labels).tolist()
    if any(gaps):
        raise DataError(
            f"{name} has no label at row {gaps.index(True)} (counted from 0); give that row one "
            "of its own if it is of no other, or leave it out"
        )
    try:
        found, numbers = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise DataError(
            f"{name} holds labels of several kinds, such as text and numbers ({error}); make all "
            "of them text"
        ) from error
    return found, numbers
