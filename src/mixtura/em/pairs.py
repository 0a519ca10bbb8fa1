"""Pairs of components that may be merged: all of few, and of many each with those near to it.

What is asked of all pairs takes time and room by K squared, times D squared where widths are full.
Components that lie far apart cost much to merge, so of many only those are looked at whose centres
are nearest, by the points that starts are made of.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mixtura.arrays import Pairs, all_pairs, in_parts
from mixtura.components.simplex import SMALLEST
from mixtura.em.model import Model
from mixtura.em.sources import MANY
from mixtura.em.sweep import Sweep

__all__ = ["LEAST", "near_pairs", "pairs_of"]

Float = NDArray[np.float64]

# Components near to each that it is paired with.
PARTNERS = 32
# Responsibilities below this are left out where centres are found.
LEAST = 0.05


def pairs_of(sample: Sweep, model: Model) -> Pairs:
    """Return all pairs of few components, and of many those that are near.

    Parameters
    ----------
    sample : a sweep over rows in memory
    model : the mixture of K components
    """
    if model.n_components <= 2 * MANY:
        return all_pairs(model.n_components)
    return near_pairs(sample, sample.responsibilities(model, LEAST))


def near_pairs(sample: Sweep, responsibilities: csr_array) -> Pairs:
    """Return the pairs of each component with those near to it, the smaller number first.

    Parameters
    ----------
    sample : a sweep over rows in memory
    responsibilities : (N, K) of the mixture
    """
    cloud = sample.cloud
    mass = responsibilities.multiply(cloud.mass[:, None]).T.tocsr()
    totals = np.maximum(mass.sum(axis=1), SMALLEST)
    centres = (mass @ cloud.points) / totals[:, None]
    first, other = np.concatenate(list(_nearest(centres)), axis=1)
    low, high = np.minimum(first, other), np.maximum(first, other)
    once = np.unique(low * len(centres) + high)
    return np.divmod(once, len(centres))


def _nearest(centres: Float) -> Iterator[NDArray[np.intp]]:
    """Yield some components and those near to each (2, M)."""
    count = len(centres)
    near, squares = min(PARTNERS, count - 1), np.square(centres).sum(axis=1)
    for part in in_parts(count, count):
        own = np.arange(count)[part]
        distances = squares - 2.0 * centres[part] @ centres.T
        distances[np.arange(len(own)), own] = np.inf
        found = np.argpartition(distances, near - 1, axis=1)[:, :near]
        yield np.stack([np.repeat(own, near), found.ravel()])
