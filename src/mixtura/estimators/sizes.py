"""The numbers of components that a search tries."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mixtura.data import RowSource
from mixtura.errors import ParameterError
from mixtura.estimators.settings import checked_integer

__all__ = ["checked_sizes", "possible_sizes"]


def checked_sizes(n_components: Any) -> list[int]:
    """Return numbers of components in order, each once.

    Parameters
    ----------
    n_components : a number or several, from 1 up
    """
    several = isinstance(n_components, Iterable) and not isinstance(n_components, str)
    given = list(n_components) if several else [n_components]
    if not given:
        raise ParameterError("n_components is empty; give at least one number from 1 up")
    given = [int(size) if isinstance(size, np.integer) else size for size in given]
    return sorted({checked_integer("n_components", size, 1) for size in given})


def possible_sizes(sizes: list[int], source: RowSource) -> list[int]:
    """Return the sizes that are no larger than the number of distinct rows; at least one."""
    distinct = source.count_distinct(max(sizes))
    return [size for size in sizes if size <= distinct] or [distinct]
