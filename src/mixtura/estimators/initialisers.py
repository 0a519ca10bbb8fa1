"""scikit-learn's ways to start, for those who ask for them by name."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["INITIALISERS", "initial_responsibilities"]

Float = NDArray[np.float64]


def _kmeans(rows: NDArray[Any], n_components: int, random: np.random.RandomState) -> Float:
    # Loaded where it is asked for, as it brings half of scikit-learn along.
    from sklearn.cluster import KMeans

    clusters: Any = KMeans(n_components, random_state=random).set_params(n_init=1)
    return _hard(clusters.fit(rows).labels_, n_components)


def _random(rows: NDArray[Any], n_components: int, random: np.random.RandomState) -> Float:
    responsibilities = random.uniform(size=(len(rows), n_components))
    return responsibilities / responsibilities.sum(axis=1, keepdims=True)


def _chosen(chosen: NDArray[np.intp], n_rows: int) -> Float:
    """Return responsibilities in which each component rests on one row."""
    responsibilities = np.zeros((n_rows, len(chosen)))
    responsibilities[chosen, np.arange(len(chosen))] = 1.0
    return responsibilities


def _random_from_data(
    rows: NDArray[Any], n_components: int, random: np.random.RandomState
) -> Float:
    return _chosen(random.choice(len(rows), size=n_components, replace=False), len(rows))


def _plus_plus(rows: NDArray[Any], n_components: int, random: np.random.RandomState) -> Float:
    from sklearn.cluster import kmeans_plusplus

    return _chosen(kmeans_plusplus(rows, n_components, random_state=random)[1], len(rows))


def _hard(labels: NDArray[np.intp], n_components: int) -> Float:
    return (labels[:, None] == np.arange(n_components)).astype(np.float64)


INITIALISERS: dict[str, Callable[[NDArray[Any], int, np.random.RandomState], Float]] = {
    "kmeans": _kmeans,
    "k-means++": _plus_plus,
    "random": _random,
    "random_from_data": _random_from_data,
}


def initial_responsibilities(
    name: str, rows: NDArray[Any], n_components: int, random: np.random.RandomState
) -> Float:
    """Return the responsibilities (N, K) that an initialiser of that name makes."""
    return INITIALISERS[name](rows, n_components, random)
