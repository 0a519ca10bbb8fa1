"""Components merged into clusters, a pair at a time, by how little rows tell them apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from mixtura.arrays import whole_number
from mixtura.data.checks import row_weights
from mixtura.data.weights import given_weights
from mixtura.errors import ParameterError
from mixtura.inference.rows import check_mixture
from mixtura.mixture import Mixture
from mixtura.text import text_table

__all__ = ["Merging", "merge"]

Float = NDArray[np.float64]

METHODS = ("entropy", "overlap")

# Of the entropy of components that are all alike, what those may have that rows tell apart.
TOLD_APART = 0.01

# Rows at a time.
CHUNK = 4096


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Merging:
    """A tree of clusters, from a component each to all in one.

    Attributes
    ----------
    mixture : K components; noise, if there is any, is no cluster and never merged
    method : "entropy" or "overlap"
    merges : K - 1 pairs of clusters, each called by the least of its components, in the order in
        which they were merged
    entropies : (K,) -Σ w Σ_c z log z where there are 1 to K clusters, in nats
    gains : (K - 1,) what each merge was chosen for: the nats of entropy that it takes away, or the
        share of a cluster's rows that are taken for the other's
    total_weight : Σ w
    """

    mixture: Mixture
    method: str
    merges: tuple[tuple[int, int], ...]
    entropies: Float
    gains: Float
    total_weight: float

    def __repr__(self) -> str:
        count, bend = len(self.entropies), self.elbow
        return f"<Merging of {count} components by {self.method}, which bends at {bend}>"

    def partition(self, n_clusters: int) -> tuple[tuple[int, ...], ...]:
        """Return the components of each of so many clusters, the first component's first.

        Parameters
        ----------
        n_clusters : from 1 to K

        Raises
        ------
        ParameterError
            If it is not.
        """
        most = len(self.entropies)
        if whole_number("n_clusters", n_clusters, 1) > most:
            raise ParameterError(f"n_clusters should be from 1 to {most}, but got {n_clusters!r}")
        clusters = {k: [k] for k in range(most)}
        for one, other in self.merges[: most - n_clusters]:
            clusters[one] = sorted(clusters[one] + clusters.pop(other))
        return tuple(tuple(clusters[k]) for k in sorted(clusters))

    @property
    def elbow(self) -> int:
        """Return the number of clusters at which the curve of entropies bends.

        Two lines are put through the entropies of fewer clusters and of more, that of the bend in
        both (Baudry and others 2010). All K stay where rows tell them apart: where their entropy is
        below a hundredth of N log K, that of components that are all alike.
        """
        curve, most = self.entropies, len(self.entropies)
        if most < 3 or curve[-1] < TOLD_APART * self.total_weight * np.log(most):
            return most
        sizes = np.arange(1, most + 1)
        errors = [
            _left_by_line(sizes[:bend], curve[:bend])
            + _left_by_line(sizes[bend - 1 :], curve[bend - 1 :])
            for bend in range(2, most)
        ]
        return int(np.argmin(errors)) + 2

    def _parts(self, n_clusters: int | None) -> tuple[tuple[int, ...], ...]:
        """Return the components of each cluster, of as many as at the elbow where that is None."""
        return self.partition(self.elbow if n_clusters is None else n_clusters)

    def clusters(self, n_clusters: int | None = None) -> tuple[Mixture, ...]:
        """Return each cluster as a mixture of its components; by default as many as at the elbow.

        Parameters
        ----------
        n_clusters : from 1 to K
        """
        found = self.mixture
        parts = [list(part) for part in self._parts(n_clusters)]
        return tuple(
            Mixture(
                found.weights[part] / found.weights[part].sum(),
                getattr(found.family, "inner", found.family),
                getattr(found.parameters, "inner", found.parameters).take(part),
                found.columns,
                reading=found.reading,
            )
            for part in parts
        )

    def predict_proba(self, X: Any, n_clusters: int | None = None) -> Float:
        """Return the posterior probabilities of the clusters (N, C), and of noise in a last column.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        n_clusters : from 1 to K; by default as many as at the elbow
        """
        return _merged(self.mixture.responsibilities(X), self._parts(n_clusters))

    def predict(self, X: Any, n_clusters: int | None = None) -> NDArray[np.intp]:
        """Return the most probable cluster of each row (N,), -1 for noise.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        n_clusters : from 1 to K; by default as many as at the elbow
        """
        parts = self._parts(n_clusters)
        found = _merged(self.mixture.responsibilities(X), parts).argmax(axis=1)
        return np.where(found == len(parts), -1, found)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each number of clusters, the most first."""
        most = len(self.entropies)
        rows: list[dict[str, Any]] = []
        for size in range(most, 0, -1):
            step = most - size
            rows.append(
                {
                    "n_clusters": size,
                    "entropy": float(self.entropies[size - 1]),
                    "merged": None if step == 0 else self.merges[step - 1],
                    "gain": None if step == 0 else float(self.gains[step - 1]),
                    "components": self.partition(size),
                }
            )
        return rows

    def summary(self) -> str:
        """Return the tree as a text table."""
        rows = [
            [
                f"{row['n_clusters']}{' *' if row['n_clusters'] == self.elbow else ''}",
                f"{row['entropy']:.4f}",
                " ".join("+".join(map(str, part)) for part in row["components"]),
            ]
            for row in self.table()
        ]
        told = text_table(["clusters", "entropy", "components"], rows)
        return f"{told}\n* where the curve of entropies bends"


def merge(
    mixture: Mixture,
    X: Any,
    *,
    sample_weight: ArrayLike | None = None,
    method: str = "entropy",
) -> Merging:
    """Merge components into clusters, a pair at a time.

    A cluster that is not of the components' form takes several of them: BIC counts components, not
    clusters. The likelihood and the density stay as they are.

    Parameters
    ----------
    mixture : of any family
    X : (N, D) rows of the columns that were fitted; frames by name
    sample_weight : (N,) row weights
    method : "entropy" merges the pair that takes most entropy away (Baudry and others 2010);
        "overlap" the pair of which one's rows are most often taken for the other's, by its
        posteriors (Hennig 2010, directly estimated misclassification probabilities)

    Raises
    ------
    ParameterError
        If there is no such method, or `mixture` is none.
    DataError
        If rows or weights cannot be used.

    Notes
    -----
    Posteriors are made again for each merge, 4 096 rows at a time, so that memory does not grow
    with the rows.
    """
    if method not in METHODS:
        raise ParameterError(f"method should be one of {', '.join(METHODS)}, but got {method!r}")
    check_mixture(mixture)
    rows = mixture.encode(X)
    given = row_weights(given_weights(X, sample_weight), rows.shape[0])
    weights = np.ones(rows.shape[0]) if given is None else given
    n_components = mixture.n_components - int(mixture.family.has_noise)
    parts: list[tuple[int, ...]] = [(k,) for k in range(n_components)]
    entropies, gains, merges = [], [], []
    while True:
        entropy, pairs = _looked_at(mixture, rows, weights, parts, method)
        entropies.append(entropy)
        if len(parts) == 1:
            break
        one, other = np.unravel_index(np.argmax(pairs), pairs.shape)
        one, other = sorted((int(one), int(other)))
        gains.append(float(pairs[one, other]))
        merges.append((parts[one][0], parts[other][0]))
        joined = tuple(sorted(parts[one] + parts.pop(other)))
        parts[one] = joined
        parts.sort()
    curve, total = np.array(entropies[::-1]), float(weights.sum())
    return Merging(mixture, method, tuple(merges), curve, np.array(gains), total)


def _looked_at(
    mixture: Mixture,
    rows: NDArray[Any],
    weights: Float,
    parts: list[tuple[int, ...]],
    method: str,
) -> tuple[float, Float]:
    """Return the entropy of clusters, and what each pair (C, C) would be merged for.

    The least is below any pair that may be merged, and stands where there is none.
    """
    count, entropy = len(parts), 0.0
    # Σ w of rows that are taken for the cluster of the column, of the cluster of the row.
    taken, pairs = np.zeros((count, count)), np.zeros((count, count))
    for chunk, own in _chunks(rows, weights):
        shares = _merged(mixture.coded.responsibilities(chunk), parts)
        each = xlogy(shares, shares)
        entropy -= float(own @ each.sum(axis=1))
        if method == "overlap":
            said = shares.argmax(axis=1)
            for column in range(count):
                rows_said = said == column
                taken[:, column] += own[rows_said] @ shares[rows_said, :count]
            continue
        for place in range(count):
            both = shares[:, place, None] + shares[:, place + 1 : count]
            apart = each[:, place, None] + each[:, place + 1 : count]
            pairs[place, place + 1 :] += own @ (xlogy(both, both) - apart)
    if method == "overlap":
        sizes = np.maximum(taken.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        wrong = taken / sizes
        pairs = np.maximum(wrong, wrong.T)
    pairs[np.tril_indices(count)] = -np.inf
    return max(entropy, 0.0), pairs


def _chunks(rows: NDArray[Any], weights: Float) -> Iterator[tuple[NDArray[Any], Float]]:
    for start in range(0, rows.shape[0], CHUNK):
        yield rows[start : start + CHUNK], weights[start : start + CHUNK]


def _merged(shares: Float, parts: Any) -> Float:
    """Return posteriors of clusters (N, C) from those of components, noise as it is."""
    found = [shares[:, list(part)].sum(axis=1) for part in parts]
    known = sum(len(part) for part in parts)
    return np.column_stack([*found, shares[:, known:]])


def _left_by_line(places: NDArray[Any], values: Float) -> float:
    """Return the sum of squares that the best line leaves."""
    if len(places) < 3:
        return 0.0
    return float(np.polyfit(places, values, 1, full=True)[1].sum())
