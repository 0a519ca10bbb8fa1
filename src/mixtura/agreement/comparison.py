"""Two models of the same rows, compared row by row."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.metrics import adjusted_rand_score

from mixtura.agreement.matching import Matching, matched_confusion
from mixtura.data.checks import row_weights
from mixtura.data.gaps import lack_all, words_of_empty
from mixtura.data.weights import given_weights
from mixtura.errors import DataError, ParameterError
from mixtura.mixture import Mixture
from mixtura.text import Summary

__all__ = ["Comparison", "Told", "compare", "compared", "rows_without_cells"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one model says of each row.

    Attributes
    ----------
    labels : (N,) where it puts them
    log_density : (N,)
    silent : (N,) which of them have no cell for it
    """

    labels: NDArray[Any]
    log_density: Float
    silent: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What two models say of each row.

    Attributes
    ----------
    labels : (N,) where the first puts each row: the number of a component, -1 for noise, or a class
    other_labels : (N,) where the second does
    log_density : (N,) of each row by the first, in nats
    other_log_density : (N,) by the second
    weights : (N,) row weights; zero for rows that have no cell
    matching : of the groups of the first, in rows, with those of the second
    silent : (N,) which rows have no cell for one of the models, which puts them nowhere
    """

    labels: NDArray[Any]
    other_labels: NDArray[Any]
    log_density: Float
    other_log_density: Float
    weights: Float
    matching: Matching
    silent: NDArray[np.bool_]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Return which rows (N,) are put in groups that are not matched."""
        stand_for = dict(self.matching.matches)
        pairs = zip(self.labels.tolist(), self.other_labels.tolist(), strict=True)
        found = [one not in stand_for or stand_for[one] != two for one, two in pairs]
        return np.array(found) & ~self.silent

    @property
    def n_silent(self) -> int:
        """Return how many rows have no cell."""
        return int(self.silent.sum())

    @property
    def agreement(self) -> float:
        """Return the share of the rows, by weight, that are in matched groups."""
        return self.matching.agreement

    @property
    def adjusted_rand(self) -> float:
        """Return the adjusted Rand index of the rows of weight, each counted once."""
        used = self.weights > 0
        return float(adjusted_rand_score(self.labels[used], self.other_labels[used]))

    @property
    def log_likelihoods(self) -> tuple[float, float]:
        """Return Σ w log f(x) by both, in nats."""
        used = self.weights > 0
        own, other = self.log_density[used], self.other_log_density[used]
        return float(self.weights[used] @ own), float(self.weights[used] @ other)

    @property
    def difference(self) -> float:
        """Return by how many nats the second makes all rows likelier than the first."""
        one, other = self.log_likelihoods
        return other - one

    @property
    def standard_error(self) -> float:
        """Return that of `difference` over samples of so many rows (Vuong 1989).

        For rows that neither model was fitted to: on its own a model with more parameters gains.
        """
        used = self.weights > 0
        weights = self.weights[used]
        gains = self.other_log_density[used] - self.log_density[used]
        mean = weights @ gains / weights.sum()
        return float(np.sqrt(weights @ (gains - mean) ** 2))

    def summary(self) -> Summary:
        """Return it in words and a table, the groups of the first in rows."""
        one, other = self.log_likelihoods
        side = "higher" if self.difference > 0 else "lower"
        moved, counted = int(self.changed.sum()), len(self.labels) - self.n_silent
        matching = self.matching.summary()
        empty = f"\n{words_of_empty(self.n_silent)}." if self.n_silent else ""
        said = (
            f"{matching.passages[0].said}\n"
            "Rows: the groups of the first; columns: those of the second.\n"
            f"{moved} of {counted} rows change groups; adjusted Rand index "
            f"{self.adjusted_rand:.4f}.\n"
            f"Log-likelihood {one:.4f} and {other:.4f}: the second is {side} by "
            f"{abs(self.difference):.4f} nats (standard error {self.standard_error:.4f}, which "
            f"holds where neither was fitted to these).{empty}"
        )
        return Summary([replace(matching.passages[0], said=said)], matching.table())


def compare(one: Any, other: Any, X: Any, sample_weight: ArrayLike | None = None) -> Comparison:
    """Compare two models of the same rows: where they put each, and how likely they make it.

    Likelihoods are of the columns that each was fitted to, and compare where these are the same.

    Parameters
    ----------
    one, other : mixtures, fitted estimators or classifiers, each of which finds its columns by name
    X : (N, D) rows; frames by name
    sample_weight : (N,) row weights; weight 2 is the row twice

    Raises
    ------
    ParameterError
        If one of them is no model.
    DataError
        If rows or weights cannot be used.
    """
    told = _told(one, X), _told(other, X)
    weights = row_weights(given_weights(X, sample_weight), len(told[0].labels))
    return compared(*told, weights)


def compared(one: Told, other: Told, weights: Float | None) -> Comparison:
    """Return what two models say of rows.

    Raises
    ------
    DataError
        If there are none, or none has a cell.
    """
    n_rows = len(one.labels)
    if not n_rows:
        raise DataError("there are no rows to compare on; give at least one")
    silent = one.silent | other.silent
    counted = np.where(silent, 0.0, 1.0 if weights is None else weights)
    if silent.any() and not counted.any():
        raise DataError(
            "no row of weight above zero has a known cell, so there is nothing to compare on; look "
            "at how missing cells are written"
        )
    matching = matched_confusion(one.labels, other.labels, counted)
    return Comparison(
        *(one.labels, other.labels, one.log_density, other.log_density, counted, matching, silent)
    )


def rows_without_cells(mixture: Mixture, rows: Any) -> NDArray[np.bool_]:
    """Return which rows (N,), encoded by a mixture, have no cell for it."""
    if issparse(rows):
        return np.zeros(rows.shape[0], dtype=bool)
    cells = [place for place, kind in enumerate(mixture.kinds) if kind.name != "exposure"]
    categorical = np.array([mixture.kinds[place].name == "category" for place in cells])
    return lack_all(np.asarray(rows)[:, cells], categorical)


def _told(model: Any, data: Any) -> Told:
    """Return what a model says of rows."""
    density = getattr(model, "log_density", None) or getattr(model, "score_samples", None)
    if density is None or not hasattr(model, "predict"):
        raise ParameterError(
            f"{type(model).__name__} is no model of rows; give a mixture, a fitted estimator or a "
            "classifier"
        )
    labels, densities = np.asarray(model.predict(data)), np.asarray(density(data), dtype=np.float64)
    mixture = model if isinstance(model, Mixture) else getattr(model, "mixture_", None)
    if mixture is None:
        # A classifier of any family has a mixture for each class, all of the same columns.
        mixture = next(iter(getattr(model, "mixtures_", ())), None)
    if not isinstance(mixture, Mixture):
        return Told(labels, densities, np.zeros(len(labels), dtype=bool))
    return Told(labels, densities, rows_without_cells(mixture, mixture.encode(data)))
