"""Levels that no row has: parameters that are counted and not there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.groups import ordinal_columns, parts_of
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.mixture import Mixture

__all__ = ["n_absent"]


def n_absent(mixture: Mixture, rows: Any) -> NDArray[np.intp]:
    """Return how many parameters of each column (D,) are of levels that none of some rows has.

    A class has a probability for each level but one; ordinal items a threshold that classes share,
    and one effect for each class but one.

    Parameters
    ----------
    rows : (N, D) as the family reads them
    """
    size, ordinal = mixture.n_components, ordinal_columns(mixture)
    found = np.zeros(mixture.n_columns, dtype=np.intp)
    for family, _, own in parts_of(mixture):
        for j, column in enumerate(range(own.start, own.stop)):
            cells = rows[:, column]
            if isinstance(family, CategoricalFamily):
                n_levels, n_there = family.levels[j], len(np.unique(cells[cells >= 0]))
            elif isinstance(family, BernoulliFamily):
                n_levels, n_there = 2, len(np.unique(cells[~np.isnan(cells)]))
            else:
                continue
            lost = n_levels - max(n_there, 1)
            if column in ordinal:
                found[column] = lost if n_there > 1 else lost + size - 1
            else:
                found[column] = size * lost
    return found
