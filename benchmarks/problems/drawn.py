"""Gaussian problems at random: sizes, shapes, overlap, and now and then something odd."""

import numpy as np

from problems.columns import censored, doubled, rounded, scaled, skewed
from problems.problem import Parts, Problem, log_uniform

__all__ = ["MANY_COLUMNS", "TRAITS", "drawn"]

# The share of problems with each oddity.
TRAITS = {
    "t5": 0.15, "far": 0.08, "thin": 0.1, "outliers": 0.12, "lognormal": 0.1, "duplicate": 0.08,
    "scales": 0.15, "rounded": 0.15, "censored": 0.08,
}  # fmt: skip
# Of all problems, and with so many rows at the most.
WIDE_SHARE, WIDE_COLUMNS, MOST_ROWS = 0.015, 150, 3000
STRUCTURES = {
    "full": 0.64, "tied": 0.1, "diag": 0.1, "spherical": 0.06, "VEV": 0.03, "EEV": 0.02,
    "VVE": 0.015, "EVI": 0.015, "VEI": 0.01, "EII": 0.01,
}  # fmt: skip


def shape(rng):
    """Return N, D and K, with about 10 (D + 1) rows for a component, mostly."""
    if rng.random() < WIDE_SHARE:
        return int(rng.integers(2000, MOST_ROWS + 1)), WIDE_COLUMNS, int(rng.integers(2, 4))
    n_columns = int(rng.integers(1, 11))
    n_components = int(rng.integers(1, 16))
    least = 10 * (n_columns + 1) * n_components * (1.0 if rng.random() < 0.9 else 0.5)
    # Where there are too few rows for all components, these are fewer.
    n_components = max(1, min(n_components, int(n_components * MOST_ROWS / least)))
    least = min(max(30.0, 10 * (n_columns + 1) * n_components), MOST_ROWS)
    return int(log_uniform(rng, least, MOST_ROWS)), n_columns, n_components


def spread_of_centres(rng, n_components, n_columns):
    """Return how far centres lie from each other: overlapping to apart, alike in any D."""
    return log_uniform(rng, 1.0, 12.0) * np.sqrt(n_components ** (1 / n_columns) / n_columns)


def factor(rng, n_columns, longest):
    """Return a matrix whose product with round rows is elongated and turned."""
    axes = np.exp(rng.uniform(-0.5, 0.5, n_columns) * np.log(longest))
    turn = np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0]
    return axes[:, None] * turn


def clusters(rng, n_rows, n_columns, n_components, traits):
    """Return twice the rows, so that half can be held out."""
    shares = rng.dirichlet(np.full(n_components, log_uniform(rng, 1.0, 30.0)))
    shares = np.maximum(shares, min(1 / n_components, (n_columns + 2) / n_rows))
    labels = rng.choice(n_components, 2 * n_rows, p=shares / shares.sum())
    centres = rng.normal(size=(n_components, n_columns))
    centres *= spread_of_centres(rng, n_components, n_columns)
    longest, ratio = log_uniform(rng, 1, 10), log_uniform(rng, 1, 8)
    rows = rng.normal(size=(2 * n_rows, n_columns))
    if "t5" in traits:
        rows /= np.sqrt(rng.chisquare(5, (2 * n_rows, 1)) / 5)
    for k in range(n_components):
        scale = np.exp(rng.uniform(-0.5, 0.5) * np.log(ratio))
        shape_of_cluster = scale * factor(rng, n_columns, longest)
        if k == 0 and "thin" in traits:
            shape_of_cluster[:, -1] *= log_uniform(rng, 1e-4, 1e-1)
        if k == 0 and "far" in traits:
            centres[k, 0] += log_uniform(rng, 100, 1e5)
        own = labels == k
        rows[own] = rows[own] @ shape_of_cluster + centres[k]
    return Parts(rows, labels)


def with_outliers(rng, rows):
    """Return rows of which one in a hundred lies anywhere in a wide box."""
    stray = rng.random(len(rows)) < 0.01
    middle, reach = np.median(rows, axis=0), 4 * rows.std(axis=0)
    return np.where(stray[:, None], middle + rng.uniform(-1, 1, rows.shape) * reach, rows)


def drawn(rng, without=()):
    """Return a problem at random; its traits are not among those left out."""
    n_rows, n_columns, n_components = shape(rng)
    structure = str(rng.choice(list(STRUCTURES), p=[*STRUCTURES.values()]))
    tossed = dict(zip(TRAITS, rng.random(len(TRAITS)), strict=True))
    traits = [name for name, share in TRAITS.items() if tossed[name] < share]
    traits = [name for name in traits if name not in without]
    parts = clusters(rng, n_rows, n_columns, n_components, traits)
    rows = parts.rows
    changes = {"outliers": with_outliers, "lognormal": skewed, "duplicate": doubled}
    for name, change in (changes | {"scales": scaled}).items():
        if name in traits:
            rows = change(rng, rows)
    order = rng.permutation(2 * n_rows)
    first, second = order[:n_rows], order[n_rows:]
    fitted, held_out = rows[first], rows[second]
    if "rounded" in traits:
        fitted, held_out = rounded(rng, fitted, held_out)
    if "censored" in traits:
        fitted, held_out = censored(rng, fitted, held_out)
    # A cluster that has no row is none.
    labels = np.unique(parts.labels[first], return_inverse=True)[1]
    n_components = int(labels.max()) + 1
    return Problem(
        fitted, held_out, labels, labels, n_components, structure=structure, traits=tuple(traits)
    )


def many(rng):
    """Clusters in 21 to 200 columns, mostly of fewer rows than a covariance has numbers."""
    n_columns, n_components = int(log_uniform(rng, 21, 200)), int(rng.integers(2, 6))
    n_rows = int(log_uniform(rng, max(200.0, 3.0 * n_columns), MOST_ROWS))
    parts = clusters(rng, n_rows, n_columns, n_components, ["t5"] if rng.random() < 0.2 else [])
    order = rng.permutation(2 * n_rows)
    first, second = order[:n_rows], order[n_rows:]
    labels = np.unique(parts.labels[first], return_inverse=True)[1]
    return Problem(
        parts.rows[first], parts.rows[second], labels, labels, int(labels.max()) + 1
    )  # fmt: skip


MANY_COLUMNS = {"many": many}
