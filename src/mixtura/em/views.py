"""Units in which distances between rows tell clusters apart."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["has_axes", "robust", "views_of", "within"]

Float = NDArray[np.float64]

# Beyond this many columns principal axes take longer than they are worth.
WIDEST = 256
# Points for each direction below which their distances in principal axes say nothing.
ENOUGH = 5
# Directions of less than this of a correlation's variance count as so wide.
FLAT = 1e-10
# The distance between quartiles of a normal distribution, in standard deviations.
QUARTILES = 1.349


def views_of(points: Float) -> list[Float]:
    """Return the points (M, E), and also in principal axes where there are enough of them.

    Clusters long in one direction are round in principal axes, and the other way about. Among few
    points in many directions all distances become equal there, and rounding would choose.
    """
    return [points, whitened(points)] if has_axes(points) else [points]


def has_axes(points: Float) -> bool:
    """Return whether there are enough points (M, E) for principal axes."""
    n_points, n_directions = points.shape
    return 1 < n_directions <= min(WIDEST, n_points // ENOUGH)


def whitened(points: Float) -> Float:
    """Return points (M, E) in principal axes, each with unit variance."""
    centred = points - points.mean(axis=0)
    axes, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return axes[:, sizes > 1e-9 * sizes[0]] * np.sqrt(len(points))


def robust(points: Float) -> Float:
    """Return points (M, E) about their medians, in units of the spread between quartiles."""
    low, middle, high = np.quantile(points, [0.25, 0.5, 0.75], axis=0)
    spread = (high - low) / QUARTILES
    return (points - middle) / np.where(spread > 0, spread, np.maximum(points.std(axis=0), 1e-300))


def within(points: Float, mass: Float, labels: NDArray[np.intp], *, turned: bool) -> Float:
    """Return points (M, E) in units of the scatter that groups have in common.

    Parameters
    ----------
    mass : (M,) float64
    labels : (M,) the group of each point
    turned : whether along the axes of that scatter, or column by column
    """
    totals = np.bincount(labels, weights=mass)
    sums = np.stack([np.bincount(labels, weights=mass * column) for column in points.T], axis=1)
    deviations = points - (sums / np.maximum(totals, 1e-300)[:, None])[labels]
    variances = mass @ deviations**2 / mass.sum()
    spread = np.where(variances > 0, np.sqrt(variances), 1.0)
    if not turned:
        return points / spread
    scaled = deviations / spread
    sizes, axes = np.linalg.eigh((scaled.T * mass) @ scaled / mass.sum())
    return (points / spread) @ axes / np.sqrt(np.maximum(sizes, FLAT))
