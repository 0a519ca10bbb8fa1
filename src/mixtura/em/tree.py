"""Hierarchical clustering, and the view of points in which all directions are alike."""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

__all__ = ["Tree", "views_of"]

Float = NDArray[np.float64]

# Beyond this many columns principal axes take longer than they are worth.
WIDEST = 256
# Points for each direction below which their distances in principal axes say nothing.
ENOUGH = 5


class Tree:
    """Ward's hierarchical clustering of a subsample, built once and cut for every K.

    Built for each of `views_of` its points.
    """

    def __init__(self, points: Float) -> None:
        """Link points (M, E); M rows take M²/2 numbers for a while."""
        self._links = [linkage(view, "ward") for view in views_of(points)]
        self._labels: dict[int, list[NDArray[np.intp]]] = {}

    def labels(self, n_components: int) -> list[NDArray[np.intp]]:
        """Return the groups of each point (M,), once for each tree."""
        if n_components not in self._labels:
            cuts = (fcluster(links, n_components, "maxclust") for links in self._links)
            self._labels[n_components] = [cut.astype(np.intp) - 1 for cut in cuts]
        return self._labels[n_components]


def views_of(points: Float) -> list[Float]:
    """Return the points (M, E), and also in principal axes where there are enough of them.

    Clusters long in one direction are round in principal axes, and the other way about. Among few
    points in many directions all distances become equal there, and rounding would choose.
    """
    n_points, n_directions = points.shape
    if not 1 < n_directions <= min(WIDEST, n_points // ENOUGH):
        return [points]
    return [points, whitened(points)]


def whitened(points: Float) -> Float:
    """Return points (M, E) in principal axes, each with unit variance."""
    centred = points - points.mean(axis=0)
    axes, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return axes[:, sizes > 1e-9 * sizes[0]] * np.sqrt(len(points))
