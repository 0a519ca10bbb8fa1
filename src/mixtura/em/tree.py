"""Hierarchical clustering, and the view of points in which all directions are alike."""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

__all__ = ["Tree", "whitened"]

Float = NDArray[np.float64]


class Tree:
    """Ward's hierarchical clustering of a subsample, built once and cut for every K.

    Built twice: with columns in units of their spread, and in principal axes of unit variance.
    """

    def __init__(self, points: Float) -> None:
        """Link points (M, E); M rows take M²/2 numbers for a while."""
        self._links = [linkage(view, "ward") for view in (points, whitened(points))]

    def labels(self, n_components: int) -> list[NDArray[np.intp]]:
        """Return the groups of each point (M,), once for each tree."""
        cuts = (fcluster(links, n_components, "maxclust") for links in self._links)
        return [cut.astype(np.intp) - 1 for cut in cuts]


def whitened(points: Float) -> Float:
    """Return points (M, E) in principal axes, each with unit variance."""
    centred = points - points.mean(axis=0)
    axes, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return axes[:, sizes > 1e-9 * sizes[0]] * np.sqrt(len(points))
