"""Two models of the same rows, compared row by row."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import adjusted_rand_score

from mixtura.agreement.matching import Matching, matched_confusion
from mixtura.data.checks import row_weights
from mixtura.data.weights import given_weights
from mixtura.errors import DataError, ParameterError
from mixtura.text import Summary

__all__ = ["Comparison", "compare", "compared"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What two models say of each row.

    Attributes
    ----------
    labels : (N,) where the first puts each row: the number of a component, -1 for noise, or a class
    other_labels : (N,) where the second does
    log_density : (N,) of each row by the first, in nats
    other_log_density : (N,) by the second
    weights : (N,) row weights
    matching : of the groups of the first, in rows, with those of the second
    """

    labels: NDArray[Any]
    other_labels: NDArray[Any]
    log_density: Float
    other_log_density: Float
    weights: Float
    matching: Matching

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Return which rows (N,) are put in groups that are not matched."""
        stand_for = dict(self.matching.matches)
        pairs = zip(self.labels.tolist(), self.other_labels.tolist(), strict=True)
        return np.array([one not in stand_for or stand_for[one] != two for one, two in pairs])

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
        moved = int(self.changed.sum())
        matching = self.matching.summary()
        said = (
            f"{matching.passages[0].said}\n"
            "Rows: the groups of the first; columns: those of the second.\n"
            f"{moved} of {len(self.labels)} rows change groups; adjusted Rand index "
            f"{self.adjusted_rand:.4f}.\n"
            f"Log-likelihood {one:.4f} and {other:.4f}: the second is {side} by "
            f"{abs(self.difference):.4f} nats (standard error {self.standard_error:.4f}, which "
            "holds where neither was fitted to these)."
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
    labels, density = _told(one, X)
    other_labels, other_density = _told(other, X)
    weights = row_weights(given_weights(X, sample_weight), len(labels))
    return compared(labels, other_labels, density, other_density, weights)


def compared(
    labels: NDArray[Any],
    other_labels: NDArray[Any],
    log_density: Float,
    other_log_density: Float,
    weights: Float | None,
) -> Comparison:
    """Return what two models say of rows, of their answers (N,)."""
    if not len(labels):
        raise DataError("there are no rows to compare on; give at least one")
    counted = np.ones(len(labels)) if weights is None else weights
    matching = matched_confusion(labels, other_labels, counted)
    return Comparison(labels, other_labels, log_density, other_log_density, counted, matching)


def _told(model: Any, data: Any) -> tuple[NDArray[Any], Float]:
    """Return where a model puts rows (N,), and their log densities (N,)."""
    density = getattr(model, "log_density", None) or getattr(model, "score_samples", None)
    if density is None or not hasattr(model, "predict"):
        raise ParameterError(
            f"{type(model).__name__} is no model of rows; give a mixture, a fitted estimator or a "
            "classifier"
        )
    return np.asarray(model.predict(data)), np.asarray(density(data), dtype=np.float64)
