"""What BIC says of columns: with clusters of their own, and told by others alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from mixtura.column_choice.regression import Moments
from mixtura.estimators import CategoricalMixture, select
from mixtura.mixture import Mixture
from mixtura.selection import Candidate, Selection

__all__ = ["Clustered", "Items", "Judge", "Numbers"]

Float = NDArray[np.float64]
Columns = tuple[int, ...]

# Components that a column more or less may bring, beyond which sizes are tried only where the
# largest of these is the best.
MORE = 2


@dataclass(frozen=True, slots=True)
class Clustered:
    """The best mixture of two components or more of some columns.

    Attributes
    ----------
    bic : infinite where there is none
    kind : what its components are
    n_components : how many
    mixture : itself, or None
    """

    bic: float
    kind: str = ""
    n_components: int = 0
    mixture: Mixture | None = None

    @classmethod
    def of(cls, best: Candidate) -> "Clustered":
        """Return that of the best of a search."""
        mixture = None if best.result is None else best.result.mixture
        return cls(best.value("bic"), best.kind, best.n_components, mixture)

    def shares(self, rows: Float) -> Float:
        """Return the posteriors of its components (N, K)."""
        assert self.mixture is not None
        return self.mixture.responsibilities(rows)


def most_promising(
    others: Sequence[int], n_tried: int, promise: Callable[[int], float]
) -> list[int]:
    """Return so many of the highest promise."""
    return sorted(sorted(others, key=promise, reverse=True)[:n_tried])


class Judge(Protocol):
    """BIC of columns."""

    @property
    def weights(self) -> Float:
        """Return those of the rows (N,)."""
        ...

    @property
    def n_columns(self) -> int:
        """Return D."""
        ...

    def promising(self, chosen: Columns, others: Sequence[int]) -> Sequence[int]:
        """Return which others are worth a search beside columns that are chosen."""
        ...

    def clustered(self, columns: Columns) -> Clustered:
        """Return the best mixture of columns."""
        ...

    def told(self, column: int, given: Columns) -> float:
        """Return the BIC of a column that has no clusters, given others."""
        ...


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns of numbers: Gaussian mixtures, and lines through other columns.

    Attributes
    ----------
    rows : (N, D)
    weights : (N,)
    sizes : numbers of components, from two up
    structures : covariance structures
    settings : of `select`
    moments : of all columns
    n_tried : how many columns are tried in a step, or None for all
    """

    rows: Float
    weights: Float
    sizes: Sequence[int]
    structures: Any
    settings: dict[str, Any]
    moments: Moments
    n_tried: int | None = None
    known: dict[frozenset[int], Clustered] = field(default_factory=dict)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.rows.shape[1]

    def promising(self, chosen: Columns, others: Sequence[int]) -> list[int]:
        """Return those that go with the components that are there, or have clusters alone.

        By the components' own lines, or means and widths, through sums over rows in which each
        counts as much as the components of the columns that are chosen say.
        """
        if not chosen or self.n_tried is None or len(others) <= self.n_tried:
            return list(others)
        shares = self.clustered(chosen).shares(self.rows[:, list(chosen)])
        parts = [
            Moments.of(self.rows, self.weights * own)
            for own in shares.T
            if self.weights @ own > len(chosen) + 2
        ]
        each = float(np.log(self.moments.total))

        def promise(column: int) -> float:
            alone = self.clustered((column,)).bic
            apart = sum(part.deviance(column, ()) for part in parts) + 2 * len(parts) * each
            lines = sum(part.deviance(column, chosen) for part in parts)
            lines += len(parts) * (2 + len(chosen)) * each
            with_clusters = self.told(column, chosen) - min(apart, lines)
            return max(with_clusters, self.told(column, ()) - alone)

        return most_promising(others, self.n_tried, promise)

    def clustered(self, columns: Columns) -> Clustered:
        """Return the best Gaussian mixture of columns."""
        key = frozenset(columns)
        if key not in self.known:
            near = [one.n_components for own, one in self.known.items() if len(own ^ key) == 1]
            few = [size for size in self.sizes if size <= max(near, default=np.inf) + MORE]
            found = self._best(key, few or self.sizes)
            if few and found.n_components == few[-1]:
                found = self._best(key, self.sizes)
            self.known[key] = found
        return self.known[key]

    def _best(self, columns: frozenset[int], sizes: Sequence[int]) -> Clustered:
        found = select(
            self.rows[:, sorted(columns)],
            sizes,
            self.structures,
            sample_weight=self.weights,
            **self.settings,
        )
        return _of_all(found)

    def told(self, column: int, given: Columns) -> float:
        """Return the BIC of a line through the best of the columns that are given."""
        return self.moments.bic(column, tuple(sorted(given)))


@dataclass(frozen=True, slots=True)
class Items:
    """Columns of categories: latent classes, and answers that depend on nothing.

    Attributes
    ----------
    codes : (N, D) numbers of levels, NaN where a cell is missing
    weights : (N,)
    sizes : numbers of classes, from two up
    settings : of `CategoricalMixture`
    n_tried : how many columns are tried in a step, or None for all
    """

    codes: Float
    weights: Float
    sizes: Sequence[int]
    settings: dict[str, Any]
    n_tried: int | None = None
    known: dict[frozenset[int], Clustered] = field(default_factory=dict)

    @property
    def n_columns(self) -> int:
        """Return D."""
        return self.codes.shape[1]

    def promising(self, chosen: Columns, others: Sequence[int]) -> list[int]:
        """Return those that depend most on the classes that are there."""
        if not chosen or self.n_tried is None or len(others) <= self.n_tried:
            return list(others)
        shares = self.clustered(chosen).shares(self.codes[:, list(chosen)])

        def promise(column: int) -> float:
            parts = (_bic(self.codes[:, column], self.weights * own) for own in shares.T)
            return self.told(column, ()) - sum(parts)

        return most_promising(others, self.n_tried, promise)

    def clustered(self, columns: Columns) -> Clustered:
        """Return the latent classes of columns, of as many as these may determine."""
        key = frozenset(columns)
        if key not in self.known:
            self.known[key] = self._classes(sorted(key))
        return self.known[key]

    def _classes(self, columns: list[int]) -> Clustered:
        levels = [int(np.nanmax(self.codes[:, j])) + 1 for j in columns]
        free, patterns = sum(count - 1 for count in levels), prod(levels)
        sizes = [size for size in self.sizes if size * (free + 1) - 1 < patterns]
        if not sizes:
            return Clustered(np.inf)
        model = CategoricalMixture(**self.settings)
        return _of_all(model.select(self.codes[:, columns], sizes, sample_weight=self.weights))

    def told(self, column: int, given: Columns) -> float:
        """Return the BIC of a column alone."""
        return _bic(self.codes[:, column], self.weights)


def _of_all(found: Selection) -> Clustered:
    """Return the best of a search, which is no evidence where it was interrupted."""
    if found.interrupted:
        raise KeyboardInterrupt
    return Clustered.of(found.best)


def _bic(cells: Float, weights: Float) -> float:
    """Return the BIC of one multinomial of codes, NaN where a cell is missing."""
    there = ~np.isnan(cells)
    counts = np.bincount(cells[there].astype(np.intp), weights[there])
    counts = counts[counts > 0]
    # What nobody answered is told without a number.
    total = float(counts.sum())
    log_likelihood = float(xlogy(counts, counts).sum() - xlogy(total, total))
    return -2 * log_likelihood + max(len(counts) - 1, 0) * float(np.log(weights.sum()))
