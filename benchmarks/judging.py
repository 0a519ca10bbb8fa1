"""How an end is judged: by the likelihood of fitted and held-out rows, and by the true clusters."""

from dataclasses import dataclass
from time import process_time

import numpy as np
from problems import OUTLIER
from sklearn.metrics import adjusted_rand_score

__all__ = ["Behind", "End", "behind", "best", "end_of", "is_right", "limits"]

# Nats behind on fitted and on held-out rows that are a miss.
LIMITS = {"classes": (0.15, 1.0, 10.0)}
# How much worse than the truth's fit the clusters may agree.
AGREEMENT = 0.01
# The share of a cluster's rows that one component must have.
KEPT = 0.95


@dataclass(frozen=True, slots=True)
class End:
    """What one column comes to.

    Attributes
    ----------
    fitted, held_out : log-likelihood of these rows, in nats; None after an error
    seconds : of the processor
    right : whether what was asked for is found, None where it is not known
    spare : components found beyond the true ones, None where none are searched
    error, note : words
    """

    fitted: float | None = None
    held_out: float | None = None
    seconds: float = 0.0
    right: bool | None = None
    spare: int | None = None
    error: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a column lies behind the one that beats it most on both kinds of rows, in nats."""

    fitted: float
    held_out: float
    by: str

    @property
    def both(self):
        return min(self.fitted, self.held_out)


def limits(group):
    """Return the nats that count as a miss, the least first."""
    return LIMITS.get(group, (1.0, 10.0, 50.0))


def behind(ends, column):
    """Return how far a column is behind the one that is better than it on both.

    An error is behind by infinity. A column that none beats on both is behind by 0.
    """
    own = ends[column]
    if own.error is not None:
        return Behind(np.inf, np.inf, "error")
    gaps = [
        Behind(other.fitted - own.fitted, other.held_out - own.held_out, name)
        for name, other in ends.items()
        if name != column and other.error is None
    ]
    worst = max(gaps, key=lambda gap: gap.both, default=Behind(0.0, 0.0, ""))
    return worst if worst.both > 0 else Behind(0.0, 0.0, "")


def best(ends, rows):
    """Return the greatest log-likelihood of "fitted" or "held_out" rows that any column has."""
    return max((getattr(end, rows) for end in ends.values() if end.error is None), default=np.nan)


def total(model, rows, weights=None):
    """Return the log-likelihood of rows."""
    densities = np.asarray(model.score_samples(rows), dtype=float)
    return float(densities.sum() if weights is None else weights @ densities)


def agreement(labels, predicted):
    """Return the adjusted Rand index with the true clusters, over rows that are in one."""
    inside = labels != OUTLIER
    return float(adjusted_rand_score(labels[inside], predicted[inside]))


def is_kept(labels, predicted):
    """Return whether most rows of the true cluster share a component, without the outlier."""
    components, counts = np.unique(predicted[labels != OUTLIER], return_counts=True)
    largest = components[counts.argmax()]
    alone = not (predicted[labels == OUTLIER] == largest).any()
    return bool(counts.max() >= KEPT * counts.sum() and alone)


def is_right(problem, model, fitted, truth):
    """Return whether a model is what a problem demands.

    Parameters
    ----------
    fitted : log-likelihood of the fitted rows
    truth : (model, log-likelihood) of EM from the truth, or None where there is none

    Notes
    -----
    "truth": as likely as the truth's fit, or with clusters that agree as well with the true ones.
    "select": the true number of components, with clusters that agree. "means": those of the
    truth's fit. "kept": one component has the true cluster.
    """
    if problem.demand == "kept":
        return is_kept(problem.labels, model.predict(problem.fitted))
    if problem.demand == "select":
        agrees = agreement(problem.labels, model.predict(problem.fitted))
        size = getattr(model, "n_components", None)
        return size == problem.n_components and agrees > problem.least_agreement
    if truth is None:
        return None
    true_model, true_fitted = truth
    if problem.demand == "means":
        far = np.abs(np.sort(model.means_.ravel()) - np.sort(true_model.means_.ravel()))
        return bool(far.max() <= problem.tolerance)
    if fitted >= true_fitted - problem.tolerance:
        return True
    agrees = agreement(problem.labels, model.predict(problem.fitted))
    true_agrees = agreement(problem.labels, true_model.predict(problem.fitted))
    return agrees >= true_agrees - AGREEMENT


def end_of(fit, problem, seed, truth, is_truth=False):
    """Return the end of a column and its model with the likelihood, or None after an error.

    Parameters
    ----------
    fit : the contestant
    truth : what this returned second for the truth, or None where there is none
    is_truth : whether this is the truth
    """
    began = process_time()
    try:
        model = fit(problem, seed)
        seconds = getattr(model, "seconds", process_time() - began)
        fitted = total(model, problem.fitted, problem.weights)
        held_out = total(model, problem.held_out)
        if not (np.isfinite(fitted) and held_out < np.inf):
            raise ArithmeticError(f"log-likelihoods {fitted} and, held out, {held_out}")
        right = is_right(problem, model, fitted, (model, fitted) if is_truth else truth)
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        return End(error=words, right=False, seconds=process_time() - began), None
    size = getattr(model, "n_components", None) if problem.sizes is not None else None
    spare = None if size is None else int(size) - problem.n_components
    note = getattr(model, "note", None)
    return End(fitted, held_out, seconds, right, spare, note=note), (model, fitted)
