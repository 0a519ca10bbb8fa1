"""Hierarchical clustering, built once and cut for every number of groups."""

import numpy as np
import scipy
from numpy.typing import NDArray

from mixtura.em.views import views_of

__all__ = ["Tree"]

Float = NDArray[np.float64]


class Tree:
    """Ward's hierarchical clustering of a subsample, built once and cut for every K.

    Built for each of `views_of` its points.
    """

    def __init__(self, points: Float) -> None:
        """Link points (M, E); M rows take M²/2 numbers for a while."""
        self._links = [scipy.cluster.hierarchy.linkage(view, "ward") for view in views_of(points)]
        self._labels: dict[int, list[NDArray[np.intp]]] = {}

    def labels(self, n_components: int) -> list[NDArray[np.intp]]:
        """Return the groups of each point (M,), once for each tree."""
        if n_components not in self._labels:
            cuts = (
                scipy.cluster.hierarchy.fcluster(links, n_components, "maxclust")
                for links in self._links
            )
            self._labels[n_components] = [cut.astype(np.intp) - 1 for cut in cuts]
        return self._labels[n_components]
