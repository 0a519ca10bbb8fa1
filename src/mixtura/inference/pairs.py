"""What each pair of clusters of components would be merged for, by each criterion."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from mixtura.components.gaussian.ridgeline import Ridgeline
from mixtura.components.predictions import merged_shares
from mixtura.inference.dip import dip, dip_p_value
from mixtura.inference.modes import gaussians_of, passes
from mixtura.mixture import Mixture

__all__ = ["CUTOFFS", "METHODS", "Parts", "criterion_of"]

Float = NDArray[np.float64]
Parts = Sequence[tuple[int, ...]]
# From parts to Σ -w z log z and what each pair (C, C) above the diagonal would be merged for.
Criterion = Callable[[Parts], tuple[float, Float]]

# Below these a pair is two clusters (Hennig 2010; modes are those of the density).
CUTOFFS = {"bhattacharyya": 0.1, "ridge": 0.2, "dip": 0.05, "modes": 1.0}
METHODS = ("entropy", "overlap", *CUTOFFS)

# Rows at a time.
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Looked:
    """Rows looked at for each merge.

    Attributes
    ----------
    mixture : of all components
    rows : (N, D) as it encodes them
    weights : (N,) row weights
    """

    mixture: Mixture
    rows: NDArray[Any]
    weights: Float

    def entropy(self, parts: Parts) -> tuple[float, Float]:
        """Return the entropy of clusters, and what a merge of each pair takes away of it."""
        count, entropy, pairs = len(parts), 0.0, np.zeros((len(parts), len(parts)))
        for own, shares in self._chunks(parts):
            each = xlogy(shares, shares)
            entropy -= float(own @ each.sum(axis=1))
            for place in range(count):
                both = shares[:, place, None] + shares[:, place + 1 : count]
                apart = each[:, place, None] + each[:, place + 1 : count]
                pairs[place, place + 1 :] += own @ (xlogy(both, both) - apart)
        return max(entropy, 0.0), pairs

    def overlap(self, parts: Parts) -> tuple[float, Float]:
        """Return the entropy, and the share of one's rows that are taken for the other's."""
        count, entropy = len(parts), 0.0
        # Σ w of rows that are taken for the cluster of the column, of the cluster of the row.
        taken = np.zeros((count, count))
        for own, shares in self._chunks(parts):
            entropy -= float(own @ xlogy(shares, shares).sum(axis=1))
            said = shares.argmax(axis=1)
            for column in range(count):
                rows_said = said == column
                taken[:, column] += own[rows_said] @ shares[rows_said, :count]
        sizes = np.maximum(taken.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        wrong = taken / sizes
        return max(entropy, 0.0), np.maximum(wrong, wrong.T)

    def said(self, parts: Parts) -> NDArray[np.intp]:
        """Return the place of the likeliest cluster of each row (N,), len(parts) for noise."""
        return np.concatenate([shares.argmax(axis=1) for _, shares in self._chunks(parts)])

    def entropy_alone(self, parts: Parts) -> float:
        """Return the entropy of clusters."""
        each = (own @ xlogy(shares, shares).sum(axis=1) for own, shares in self._chunks(parts))
        return max(-float(sum(each)), 0.0)

    def _chunks(self, parts: Parts) -> Iterator[tuple[Float, Float]]:
        """Yield the weights of some rows, and their posteriors of clusters."""
        for start in range(0, self.rows.shape[0], CHUNK):
            chunk = self.rows[start : start + CHUNK]
            shares = merged_shares(self.mixture.coded.responsibilities(chunk), parts)
            yield self.weights[start : start + CHUNK], shares


def criterion_of(method: str, mixture: Mixture, rows: NDArray[Any], weights: Float) -> Criterion:
    """Return what looks at clusters by one of `METHODS`.

    Raises
    ------
    ParameterError
        If shapes of components are asked for of others than Gaussian ones.
    """
    looked = Looked(mixture, rows, weights)
    if method == "entropy":
        return looked.entropy
    if method == "overlap":
        return looked.overlap
    own, units = gaussians_of(mixture)
    if method == "modes":
        high = passes(mixture)

        def linked(one: tuple[int, ...], other: tuple[int, ...]) -> float:
            return float(high[np.ix_(one, other)].max())

        return lambda parts: (looked.entropy_alone(parts), _each_pair(parts, linked))
    if method == "dip":
        return Dips(looked, rows / units).pairs
    means, covariances = own.parameters.means, own.parameters.covariance.dense()
    alike = _coefficient if method == "bhattacharyya" else _valley

    def shaped(one: tuple[int, ...], other: tuple[int, ...]) -> float:
        first, second = (
            _moments(own.weights, means, covariances, list(part)) for part in (one, other)
        )
        return alike(first, second)

    return lambda parts: (looked.entropy_alone(parts), _each_pair(parts, shaped))


@dataclass(frozen=True, slots=True)
class Dips:
    """Rows of two clusters, looked at along the line that tells these apart best.

    Attributes
    ----------
    looked : the rows
    cells : (N, D) in units of the components' widths, so that squares are numbers
    known : p values of pairs of clusters
    """

    looked: Looked
    cells: Float
    known: dict[Parts, float] = field(default_factory=dict)

    def pairs(self, parts: Parts) -> tuple[float, Float]:
        """Return the entropy, and the p value of one mode for each pair (Hennig 2010)."""
        said = self.looked.said(parts)
        whole = ~np.isnan(self.cells).any(axis=1)
        rows = {part: whole & (said == place) for place, part in enumerate(parts)}

        def of_one_mode(one: tuple[int, ...], other: tuple[int, ...]) -> float:
            pair = (one, other)
            if pair not in self.known:
                self.known[pair] = self._of_one_mode(rows[one], rows[other])
            return self.known[pair]

        return self.looked.entropy_alone(parts), _each_pair(parts, of_one_mode)

    def _of_one_mode(self, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
        weights = self.looked.weights
        if min(weights @ one, weights @ other) <= 0:
            return 1.0
        both = [
            (self.cells[own], weights[own] / weights[own].sum(), float(weights @ own))
            for own in (one, other)
        ]
        means = [shares @ rows for rows, shares, _ in both]
        within = sum(
            (
                total * ((rows - mean) * shares[:, None]).T @ (rows - mean)
                for (rows, shares, total), mean in zip(both, means, strict=True)
            ),
            np.zeros((len(means[0]), len(means[0]))),
        )
        # Columns of unlike units keep their digits.
        units = np.sqrt(np.maximum(np.diagonal(within), np.finfo(float).tiny))
        line = np.linalg.lstsq(within / np.outer(units, units), (means[0] - means[1]) / units)[0]
        if not line.any():
            # Where neither has a width they are two points, and any line goes through both.
            line = (means[0] - means[1]) * units
        involved = one | other
        scores = (self.cells[involved] - means[1]) @ (line / units)
        return dip_p_value(dip(scores, weights[involved]), float(weights @ involved))


Shape = tuple[float, Float, Float]


def _each_pair(parts: Parts, value: Callable[[tuple[int, ...], tuple[int, ...]], float]) -> Float:
    pairs = np.zeros((len(parts), len(parts)))
    for one, other in combinations(range(len(parts)), 2):
        pairs[one, other] = value(parts[one], parts[other])
    return pairs


def _moments(weights: Float, means: Float, covariances: Float, part: list[int]) -> Shape:
    """Return weight, mean (D,) and covariance (D, D) of a cluster of components."""
    total = float(weights[part].sum())
    shares = weights[part] / total
    mean = shares @ means[part]
    apart = means[part] - mean
    within = np.einsum("k,kij->ij", shares, covariances[part])
    return total, mean, within + (shares[:, None] * apart).T @ apart


def _coefficient(one: Shape, other: Shape) -> float:
    """Return ∫ √(f_a f_b), which no misclassification of the two is above."""
    (_, mean, covariance), (_, other_mean, other_covariance) = one, other
    middle = 0.5 * (covariance + other_covariance)
    difference = mean - other_mean
    distance = 0.125 * difference @ np.linalg.solve(middle, difference)
    logs = [np.linalg.slogdet(each)[1] for each in (middle, covariance, other_covariance)]
    return float(np.exp(-distance - 0.5 * logs[0] + 0.25 * (logs[1] + logs[2])))


def _valley(one: Shape, other: Shape) -> float:
    """Return how deep the valley between two Gaussians is, one where there is none."""
    (weight, mean, covariance), (other_weight, other_mean, other_covariance) = one, other
    line = Ridgeline.between(mean, other_mean, covariance, other_covariance)
    return line.valley(other_weight / (weight + other_weight))
