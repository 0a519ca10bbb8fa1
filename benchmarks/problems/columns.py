"""Kinds of Gaussian data whose columns are unlike normal ones: skew, scaled, doubled, rounded."""

import numpy as np

from problems.problem import Parts, Problem, choose, gaussian, halves, log_uniform, shuffled

__all__ = ["COLUMNS", "censored", "doubled", "rounded", "scaled", "skewed"]


def skewed(rng, rows):
    """Return rows of which some columns are lognormal."""
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    chosen = some(rng, rows.shape[1])
    standard = (rows - centre) / spread
    return np.where(chosen, np.exp(rng.uniform(0.3, 1.0) * standard), rows)


def scaled(rng, rows):
    """Return rows with columns of scales from 1e-6 to 1e6."""
    return rows * 10.0 ** rng.uniform(-6, 6, rows.shape[1])


def doubled(rng, rows):
    """Return rows with one column once more, but for a little."""
    column = rows[:, rng.integers(rows.shape[1])]
    little = log_uniform(rng, 1e-5, 1e-1) * column.std()
    return np.column_stack([rows, column + little * rng.normal(size=len(rows))])


def rounded(rng, fitted, held_out):
    """Return the fitted rows with some columns rounded, and the held-out ones as they are.

    A column that rounding would make one value stays as it is.
    """
    step = fitted.std(axis=0) * log_uniform(rng, 0.01, 0.4)
    coarse = np.round(fitted / step) * step
    chosen = some(rng, fitted.shape[1]) & (np.ptp(coarse, axis=0) > 0)
    return np.where(chosen, coarse, fitted), held_out


def censored(rng, fitted, held_out):
    """Return fitted rows with a column that saturates, and the held-out rows below that.

    Where more rows hold a column's least value than may be below, it does not saturate.
    """
    column = int(rng.integers(fitted.shape[1]))
    top = np.quantile(fitted[:, column], rng.uniform(0.8, 0.97))
    if top == fitted[:, column].min():
        return fitted, held_out
    below = held_out[held_out[:, column] < top]
    fitted = fitted.copy()
    fitted[:, column] = np.minimum(fitted[:, column], top)
    return fitted, below


def some(rng, n_columns):
    """Return which columns, one at least."""
    chosen = rng.random(n_columns) < 0.5
    chosen[rng.integers(n_columns)] = True
    return chosen


def clusters(rng):
    """Return two to four clusters, both halves together, and their number."""
    n_components, n_columns = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    means = rng.normal(0, rng.uniform(3, 6), (n_components, n_columns))
    widths = rng.uniform(0.5, 1.5, (n_components, n_columns))
    return gaussian(rng, rng.integers(100, 400, n_components), means, widths), n_components


def problem_of_all(rng, change):
    """Return clusters whose rows are all changed before they are parted."""
    parts, n_components = clusters(rng)
    parts = Parts(change(rng, parts.rows), parts.labels)
    fitted, held_out = (shuffled(rng, half) for half in halves(parts))
    return Problem(fitted.rows, held_out.rows, fitted.labels, fitted.labels, n_components)


def problem_of_fitted(rng, change):
    """Return clusters whose fitted rows alone are recorded coarsely."""
    parts, n_components = clusters(rng)
    fitted, held_out = (shuffled(rng, half) for half in halves(parts))
    rows, others = change(rng, fitted.rows, held_out.rows)
    return Problem(rows, others, fitted.labels, fitted.labels, n_components)


def lognormal(rng):
    """Clusters with lognormal columns."""
    return problem_of_all(rng, skewed)


def scales(rng):
    """Clusters with columns of scales from 1e-6 to 1e6, or all times one number."""
    if choose(rng, True, False):
        return problem_of_all(rng, scaled)
    return problem_of_all(rng, lambda rng, rows: rows * 10.0 ** rng.uniform(-6, 6))


def duplicate(rng):
    """Clusters with two columns that are nearly the same."""
    return problem_of_all(rng, doubled)


def ties(rng):
    """Clusters with rounded columns."""
    return problem_of_fitted(rng, rounded)


def saturated(rng):
    """Clusters of which one column ends at a greatest value."""
    return problem_of_fitted(rng, censored)


COLUMNS = {make.__name__: make for make in (lognormal, scales, duplicate, ties, saturated)}
