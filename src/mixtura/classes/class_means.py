"""Means and proportions of one outcome in each class, with their covariance."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from mixtura.classes.by_regression import regressed_means
from mixtura.classes.outcomes import Categories, Normal, Outcome, OutcomeLikelihood
from mixtura.classes.steps import Assigned
from mixtura.classes.third_step import ThirdStep
from mixtura.covariates.maximum import Point, climbed, maximum
from mixtura.covariates.variables import Variable
from mixtura.errors import InformationError

__all__ = ["class_means"]

Float = NDArray[np.float64]

# A class whose spread is less than this of all rows' has collapsed on some value.
COLLAPSED = 1e-3
# Proportions below this are held at zero: a likelihood has no curvature there.
NOTHING = 1e-6
# The logit of a level that no row of a class has.
NOWHERE = -100.0


def class_means(step: ThirdStep, outcome: Variable) -> tuple[Float, Float]:
    """Return the means (K, M) of an outcome, and their covariance (K M, K M), class by class.

    M is 1 for numbers; of categories they are the proportions of M = L levels.

    Raises
    ------
    InformationError
        If some class has no rows to go by.
    """
    assigned = step.assigned
    if outcome.levels:
        cells, shift, scale = outcome.indicators, 0.0, 1.0
    else:
        shift = float(np.average(outcome.cells, weights=assigned.weights))
        deviations = outcome.cells - shift
        scale = float(np.sqrt(np.average(deviations**2, weights=assigned.weights)))
        cells = (deviations / scale)[:, None]
    if assigned.correction == "ltb":
        found = regressed_means(step, cells, outcome.name, categories=bool(outcome.levels))
        return shift + scale * found[0], scale**2 * found[1]
    means, covariance = _weighted(step, cells, outcome.name)
    if assigned.errors is not None:
        likely = _likely_proportions if outcome.levels else _likely_means
        means, covariance = likely(step, assigned.errors, cells, means, outcome.name)
    return shift + scale * means, scale**2 * covariance


def _weighted(step: ThirdStep, cells: Float, name: str) -> tuple[Float, Float]:
    """Return the means Σ w a_t y / Σ w a_t of cells (N, M), and their sandwich."""
    assigned = step.assigned
    shares = assigned.shares * assigned.weights[:, None]
    sizes = shares.sum(axis=0)
    if sizes.min() <= 0.0:
        k = int(sizes.argmin())
        raise InformationError(
            f"class {assigned.names[k]} has no rows left of those that have '{name}'; fit fewer "
            "classes, or take correction='ml'"
        )
    means = shares.T @ cells / sizes[:, None]
    deviations = (cells[:, None, :] - means) / sizes[:, None]
    scores = (assigned.shares[:, :, None] * deviations).reshape(len(cells), -1)

    def total(other: Assigned) -> Float:
        return np.einsum("n,nk,nkm->km", other.weights, other.shares, deviations).ravel()

    return means, step.middle(scores, total)


def _likely_means(
    step: ThirdStep, errors: Float, cells: Float, means: Float, name: str
) -> tuple[Float, Float]:
    """Return means (K, 1) where each class is normal with a variance of its own."""
    assigned, n_classes, values = step.assigned, len(means), cells[:, 0]
    shares = assigned.shares * assigned.weights[:, None]
    squares = (shares * (values[:, None] - means[:, 0]) ** 2).sum(axis=0) / shares.sum(axis=0)
    spreads = np.sqrt(np.maximum(squares, COLLAPSED))
    start = np.append(_logits(assigned.sizes), np.column_stack([means[:, 0], np.log(spreads)]))

    def unbounded(place: int) -> str:
        k = max(place - (n_classes - 1), 0) // 2
        return (
            f"'{name}' does not vary, or has no rows, in class {assigned.names[k]}: its likelihood "
            "has no maximum; take correction='bch'"
        )

    likelihood = _likelihood(Normal(values), assigned)
    found, point = maximum(likelihood, start, assigned.weights, unbounded)
    own = n_classes - 1 + 2 * np.arange(n_classes)
    log_spreads = found[own + 1]
    if log_spreads.min() < np.log(COLLAPSED):
        raise InformationError(unbounded(int(own[log_spreads.argmin()])))

    def total(other: Assigned) -> Float:
        return other.weights @ _likelihood(Normal(values), other)(found).scores

    return found[own, None], step.sandwich(point, total)[np.ix_(own, own)]


def _likely_proportions(
    step: ThirdStep, errors: Float, cells: Float, means: Float, name: str
) -> tuple[Float, Float]:
    """Return proportions (K, L); of those that are zero it is taken as known."""
    assigned, (n_classes, n_levels) = step.assigned, means.shape
    counts = (assigned.shares * assigned.weights[:, None]).T @ cells
    expected = np.linalg.solve(errors.T, counts)
    expected = np.maximum(expected, 1e-2 * expected.sum(axis=1, keepdims=True) / n_levels)
    logits = np.log(np.maximum(expected, 1e-2 * counts.sum() / counts.size / n_levels))
    largest = logits.argmax(axis=1)
    logits -= logits.max(axis=1, keepdims=True)
    at = np.append(_logits(assigned.sizes), logits)
    free = np.ones(len(at), dtype=bool)
    free[n_classes - 1 + n_levels * np.arange(n_classes) + largest] = False

    def of_free(numbers: Float, other: Assigned = assigned) -> Point:
        whole = at.copy()
        whole[free] = numbers
        point = _likelihood(Categories(cells), other)(whole)
        return Point(point.value, point.scores[:, free], point.hessian[np.ix_(free, free)])

    def total(other: Assigned) -> Float:
        return other.weights @ of_free(at[free], other).scores

    while True:
        at[free] = climbed(of_free, at[free], assigned.weights)
        logits = at[n_classes - 1 :].reshape(n_classes, n_levels)
        none = np.append(np.zeros(n_classes - 1, dtype=bool), softmax(logits, axis=1) < NOTHING)
        if not (none & free).any():
            break
        at[none], free = NOWHERE, free & ~none

    def unbounded(_: int) -> str:
        return f"the rows do not determine the shares of '{name}' in every class; join its levels"

    at[free], point = maximum(of_free, at[free], assigned.weights, unbounded)
    proportions = softmax(at[n_classes - 1 :].reshape(n_classes, n_levels), axis=1)
    slopes = np.zeros((proportions.size, len(at)))
    for k, p in enumerate(proportions):
        rows = slice(k * n_levels, (k + 1) * n_levels)
        slopes[rows, n_classes - 1 + k * n_levels :][:, :n_levels] = np.diag(p) - np.outer(p, p)
    slopes = slopes[:, free]
    return proportions, slopes @ step.sandwich(point, total) @ slopes.T


def _likelihood(outcome: Outcome, assigned: Assigned) -> OutcomeLikelihood:
    """Return the likelihood of rows whose classes are known with errors."""
    assert assigned.errors is not None
    return OutcomeLikelihood(outcome, assigned.weights, assigned.shares, assigned.errors)


def _logits(sizes: Float) -> Float:
    """Return log shares (K - 1,) against the last."""
    return np.log(sizes[:-1] / sizes[-1])
