"""K-means by weight: seeds by greedy k-means++, and Lloyd's turns after them."""

import numpy as np
from numpy.typing import NDArray

from mixtura.native.clouds import KMeans

__all__ = ["lloyd_labels", "seeded_labels"]

Float = NDArray[np.float64]
Labels = NDArray[np.intp]

# Turns of Lloyd's algorithm: a start wants to be near its end only.
TURNS = 8


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
    return _seeded(points, weights, n_components, rng).labels


def lloyd_labels(
    points: Float, weights: Float | None, n_components: int, rng: np.random.Generator
) -> Labels:
    """Return the nearest of K centres for each point, after some turns of Lloyd's algorithm.

    Parameters
    ----------
    points : (M, E) float64
    weights : (M,) float64 or None
    """
    found = _seeded(points, weights, n_components, rng)
    for _ in range(TURNS):
        if not found.turn(n_components):
            break
    return found.labels


def _seeded(
    points: Float, weights: Float | None, n_components: int, rng: np.random.Generator
) -> KMeans:
    found = KMeans.of(points, weights)
    found.seed(0, rng.random(1))
    for component in range(1, n_components):
        if not found.seed(component, rng.random(2 + int(np.log(n_components)))):
            break
    return found
