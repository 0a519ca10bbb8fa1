"""Components merged into clusters, a pair at a time, by how little rows tell them apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import whole_number
from mixtura.components.noise import beside_noise
from mixtura.components.predictions import merged_shares
from mixtura.data.checks import row_weights
from mixtura.data.weights import given_weights
from mixtura.errors import ParameterError
from mixtura.inference.pairs import CUTOFFS, METHODS, criterion_of
from mixtura.inference.rows import check_mixture
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["Merging", "merge"]

Float = NDArray[np.float64]

# Of the entropy of components that are all alike, what those may have that rows tell apart.
TOLD_APART = 0.01

# Nats a row that are as good as none, so that no quotient of next to nothing is an elbow; on drawn
# shapes a quarter of it and more than twice as much put the elbow where it is.
UNFELT = 0.002


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Merging(Tabled):
    """A tree of clusters, from a component each to all in one.

    Attributes
    ----------
    mixture : K components; noise, if there is any, is no cluster and never merged
    criterion : as in `merge`
    merges : K - 1 pairs of clusters, each called by the least of its components, in the order in
        which they were merged
    entropies : (K,) -Σ w Σ_c z log z where there are 1 to K clusters, in nats
    gains : (K - 1,) what each merge was chosen for: the nats of entropy that it takes away, the
        share of a cluster's rows that are taken for the other's, or how nearly two are one
    total_weight : Σ w
    """

    mixture: Mixture
    criterion: str
    merges: tuple[tuple[int, int], ...]
    entropies: Float
    gains: Float
    total_weight: float

    def __repr__(self) -> str:
        count = len(self.entropies)
        return f"<Merging of {count} components by {self.criterion} to {self.n_clusters} clusters>"

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
    def n_clusters(self) -> int:
        """Return how many clusters there are by the criterion.

        By entropy and overlap as many as at the `elbow`; by shapes and modes as many as are left
        when no two are so nearly one as its threshold asks: 0.1 for "bhattacharyya", 0.2 for
        "ridge", p = 0.05 for "dip" (Hennig 2010), 1, which is one mode, for "modes".
        """
        if self.criterion not in CUTOFFS:
            return self.elbow
        apart = np.flatnonzero(self.gains < CUTOFFS[self.criterion])
        return len(self.entropies) - int(apart[0] if len(apart) else len(self.gains))

    @property
    def elbow(self) -> int:
        """Return the number of clusters at which the curve of entropies bends.

        That is where the entropy that one cluster more adds is the most times what the one before
        added: up to there rows tell clusters apart, beyond it they do ever less. All K stay where
        rows tell them apart: where their entropy is below a hundredth of N log K, that of
        components that are all alike.

        Notes
        -----
        Two lines through the curve (Baudry and others 2010) put the bend too high where there are
        many components, as what each one more adds grows.
        """
        curve, most = self.entropies, len(self.entropies)
        if most < 3 or curve[-1] < TOLD_APART * self.total_weight * np.log(most):
            return most
        added = np.diff(curve) + UNFELT * self.total_weight
        return int(np.argmax(added[1:] / added[:-1])) + 2

    def _parts(self, n_clusters: int | None) -> tuple[tuple[int, ...], ...]:
        """Return the components of each of so many clusters, by default of `n_clusters`."""
        return self.partition(self.n_clusters if n_clusters is None else n_clusters)

    def clusters(self, n_clusters: int | None = None) -> tuple[Mixture, ...]:
        """Return each cluster as a mixture of its components; by default `n_clusters`.

        Parameters
        ----------
        n_clusters : from 1 to K
        """
        found = self.mixture
        family, parameters = beside_noise(found.family, found.parameters)
        parts = [list(part) for part in self._parts(n_clusters)]
        return tuple(
            Mixture(
                found.weights[part] / found.weights[part].sum(),
                family,
                parameters.take(part),
                found.columns,
                reading=found.reading,
                component_names=found.component_names and tuple(found.names[k] for k in part),
            )
            for part in parts
        )

    def predict_proba(self, X: Any, n_clusters: int | None = None) -> Float:
        """Return the posterior probabilities of the clusters (N, C), and of noise in a last column.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        n_clusters : from 1 to K; by default `n_clusters`
        """
        return merged_shares(self.mixture.responsibilities(X), self._parts(n_clusters))

    def predict(self, X: Any, n_clusters: int | None = None) -> NDArray[np.intp]:
        """Return the most probable cluster of each row (N,), -1 for noise.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        n_clusters : from 1 to K; by default `n_clusters`
        """
        parts = self._parts(n_clusters)
        found = merged_shares(self.mixture.responsibilities(X), parts).argmax(axis=1)
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

    def summary(self) -> Summary:
        """Return the tree as a table."""
        rows = [
            [
                f"{row['n_clusters']}{' *' if row['n_clusters'] == self.n_clusters else ''}",
                f"{row['entropy']:.4f}",
                "" if row["gain"] is None else f"{row['gain']:.4f}",
                " ".join("+".join(map(str, part)) for part in row["components"]),
            ]
            for row in self.table()
        ]
        told = Table.of(["clusters", "entropy", "merged for", "components"], rows)
        cutoff = CUTOFFS.get(self.criterion)
        why = (
            "where the curve of entropies bends"
            if cutoff is None
            else f"by {self.criterion}, where the next would be merged for less than {cutoff:g}"
        )
        return Summary([Passage("", (told,), f"* {why}")], self.table())


def merge(
    mixture: Mixture,
    X: Any,
    *,
    sample_weight: ArrayLike | None = None,
    criterion: str = "entropy",
) -> Merging:
    """Merge components into clusters, a pair at a time.

    A cluster that is not of the components' form takes several of them: BIC counts components, not
    clusters. The likelihood and the density stay as they are.

    Parameters
    ----------
    mixture : of any family
    X : (N, D) rows of the columns that were fitted; frames by name
    sample_weight : (N,) row weights
    criterion : "entropy" merges the pair that takes most entropy away (Baudry and others 2010);
        "overlap" the pair of which one's rows are most often taken for the other's, by its
        posteriors (Hennig 2010, directly estimated misclassification probabilities). Of Gaussian
        components also "bhattacharyya", the pair of the largest ∫ √(f_a f_b), and "ridge", the pair
        between which the density falls least below their lower mode (Hennig 2010; a cluster of
        several components counts as the Gaussian of its mean and covariance); "dip", the pair whose
        rows, along the line that tells the two apart best, are the likeliest to have one mode, by
        the p value of Hartigan's dip test (Hennig 2010); and "modes", which
        merges components that lead up to the same mode of the density (Li, Ray and Lindsay 2007),
        then those of the modes between which it stays highest

    Raises
    ------
    ParameterError
        If there is no such criterion, `mixture` is none, or not of Gaussians where it should be.
    DataError
        If rows or weights cannot be used.

    Notes
    -----
    Posteriors are made again for each merge, 4 096 rows at a time, so that memory does not grow
    with the rows.
    """
    if criterion not in METHODS:
        raise ParameterError(
            f"criterion should be one of {', '.join(METHODS)}, but got {criterion!r}"
        )
    check_mixture(mixture)
    rows = mixture.encode(X)
    given = row_weights(given_weights(X, sample_weight), rows.shape[0])
    weights = np.ones(rows.shape[0]) if given is None else given
    n_components = mixture.n_components - int(mixture.family.has_noise)
    parts: list[tuple[int, ...]] = [(k,) for k in range(n_components)]
    entropies, gains, merges = [], [], []
    looked_at = criterion_of(criterion, mixture, rows, weights)
    while True:
        entropy, pairs = looked_at(parts)
        entropies.append(entropy)
        if len(parts) == 1:
            break
        pairs[np.tril_indices(len(parts))] = -np.inf
        one, other = np.unravel_index(np.argmax(pairs), pairs.shape)
        one, other = sorted((int(one), int(other)))
        gains.append(float(pairs[one, other]))
        merges.append((parts[one][0], parts[other][0]))
        joined = tuple(sorted(parts[one] + parts.pop(other)))
        parts[one] = joined
        parts.sort()
    curve, total = np.array(entropies[::-1]), float(weights.sum())
    return Merging(mixture, criterion, tuple(merges), curve, np.array(gains), total)
