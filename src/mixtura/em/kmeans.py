"""K-means by weight: seeds by greedy k-means++, and Lloyd's turns after them."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["lloyd_labels", "seeded_labels"]

Float = NDArray[np.float64]
Labels = NDArray[np.intp]

# Turns of Lloyd's algorithm: a start wants to be near its end only.
TURNS = 8
# Distances that are held at a time.
AT_ONCE = 1 << 18


def seeded_labels(
    points: Float, weights: Float | None, n_components: int, rng: np.random.Generator
) -> Labels:
    """Return the nearest of K seeds for each point, seeds chosen by greedy k-means++.

    Each seed is the best of 2 + log K candidates drawn by weight times squared distance to the
    nearest seed so far (Arthur and Vassilvitskii 2007).

    Parameters
    ----------
    points : (M, E) float64
    weights : (M,) float64 or None
    """
    mass = np.ones(len(points)) if weights is None else weights
    n_candidates = 2 + int(np.log(n_components))
    squares = np.einsum("me,me->m", points, points)
    first = _draw(mass, 1, rng)
    labels = np.zeros(len(points), dtype=np.intp)
    nearest = _squared_distances(points, squares, first)[0]
    for component in range(1, n_components):
        potential = nearest * mass
        if not potential.any():
            break
        candidates = _draw(potential, n_candidates, rng)
        distances = np.minimum(_squared_distances(points, squares, candidates), nearest)
        best = distances[int(np.argmin(distances @ mass))]
        labels[best < nearest] = component
        nearest = best
    return labels


def lloyd_labels(
    points: Float, weights: Float | None, n_components: int, rng: np.random.Generator
) -> Labels:
    """Return the nearest of K centres for each point, after some turns of Lloyd's algorithm.

    Parameters
    ----------
    points : (M, E) float64
    weights : (M,) float64 or None
    """
    mass = np.ones(len(points)) if weights is None else weights
    labels = seeded_labels(points, mass, n_components, rng)
    for _ in range(TURNS):
        totals = np.bincount(labels, weights=mass, minlength=n_components)
        filled = np.flatnonzero(totals > 0)
        centres = _sums(points, mass, labels, n_components)[filled] / totals[filled, None]
        after = filled[_nearest(points, centres)]
        if (after == labels).all():
            break
        labels = after
    return labels


def _nearest(points: Float, centres: Float) -> Labels:
    """Return the nearest of centres (C, E) for each point, some points at a time."""
    squares = np.square(centres).sum(axis=1)[:, None]
    size = max(1, AT_ONCE // len(centres))
    labels = np.empty(len(points), dtype=np.intp)
    for start in range(0, len(points), size):
        part = points[start : start + size]
        distances = squares - 2.0 * centres @ part.T
        labels[start : start + size] = distances.argmin(axis=0)
    return labels


def _sums(points: Float, mass: Float, labels: Labels, n_groups: int) -> Float:
    """Return the weighted sum (K, E) of the points of each group."""
    weighted = [np.bincount(labels, mass * column, n_groups) for column in points.T]
    return np.stack(weighted, axis=1).astype(np.float64, copy=False)


def _draw(mass: Float, size: int, rng: np.random.Generator) -> Labels:
    cumulative = np.cumsum(mass)
    drawn = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return np.minimum(drawn, len(mass) - 1)


def _squared_distances(points: Float, squares: Float, chosen: Labels) -> Float:
    """Return (C, M) squared distances from the chosen points."""
    distances = squares[chosen, None] + squares - 2.0 * (points[chosen] @ points.T)
    distances[np.arange(len(chosen)), chosen] = 0.0
    return np.maximum(distances, 0.0)
