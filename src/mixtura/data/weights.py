"""Row weights that are given beside rows, or by a dataset's column of them."""

from typing import Any

from numpy.typing import ArrayLike

from mixtura.data.dataset import Dataset
from mixtura.errors import ParameterError

__all__ = ["given_weights"]


def given_weights(data: Any, sample_weight: ArrayLike | None) -> ArrayLike | None:
    """Return the row weights that are given beside rows, or by a dataset's column of them.

    Raises
    ------
    ParameterError
        If both are.
    """
    if not (isinstance(data, Dataset) and data.has_weights):
        return sample_weight
    if sample_weight is not None:
        raise ParameterError(
            "the dataset has a column of weights, and there is sample_weight too; leave one out"
        )
    return data.row_weights
