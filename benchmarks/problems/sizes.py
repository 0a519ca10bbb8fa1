"""Problems whose number of components can be found: apart, and of enough rows."""

import numpy as np
from scipy.stats import multivariate_normal

from problems.drawn import factor, spread_of_centres
from problems.problem import Problem, log_uniform

__all__ = ["SIZES"]

SEARCHED = tuple(range(1, 11))
# Rows of the smallest component for each of its parameters; of all components at the most.
ROWS_EACH, MOST_ROWS = 10, 12_000
# The share of a component's rows that the truth gives to another one.
OVERLAP = 0.01


def components(rng, n_components, n_columns):
    """Return weights (K,), means (K, D) and factors (K, D, D), which may be alike."""
    weights = rng.dirichlet(np.full(n_components, log_uniform(rng, 2.0, 30.0)))
    means = rng.normal(size=(n_components, n_columns)) * log_uniform(rng, 1.0, 4.0)
    means *= spread_of_centres(rng, n_components, n_columns)
    longest, ratio, alike = log_uniform(rng, 1, 10), log_uniform(rng, 1, 8), rng.random() < 0.3
    factors = np.array(
        [
            np.exp(rng.uniform(-0.5, 0.5) * np.log(ratio)) * factor(rng, n_columns, longest)
            for _ in range(n_components)
        ]
    )
    return weights, means, factors[:1].repeat(n_components, axis=0) if alike else factors


def overlap(rows, labels, weights, means, factors):
    """Return the greatest share of a component's rows that are likelier of one other."""
    densities = np.stack(
        [
            np.log(weight) + multivariate_normal(mean, root.T @ root).logpdf(rows).reshape(-1)
            for weight, mean, root in zip(weights, means, factors, strict=True)
        ]
    )
    likelier = densities > densities[labels, np.arange(len(labels))]
    return max(likelier[:, labels == k].mean(axis=1).max() for k in range(len(weights)))


def apart(rng):
    """Gaussians of one shape or several, of which each pair overlaps by less than 1 %."""
    n_components, n_columns = (int(number) for number in rng.integers(1, 9, 2))
    n_parameters = n_columns * (n_columns + 3) / 2
    while True:
        weights, means, factors = components(rng, n_components, n_columns)
        n_rows = int(np.ceil(log_uniform(rng, 1, 4) * ROWS_EACH * n_parameters / weights.min()))
        if n_rows > MOST_ROWS:
            continue
        sizes = np.floor(weights * n_rows).astype(int) + 1
        labels = np.repeat(np.arange(n_components), sizes)
        rows = [
            means[labels]
            + np.einsum("nd,nde->ne", rng.normal(size=(len(labels), n_columns)), factors[labels])
            for _ in range(2)
        ]
        both = np.concatenate([labels, labels])
        if overlap(np.concatenate(rows), both, weights, means, factors) < OVERLAP:
            order = rng.permutation(len(labels))
            return Problem(
                rows[0][order], rows[1][order], labels[order], labels[order], n_components,
                sizes=SEARCHED, demand="select",
            )  # fmt: skip


SIZES = {"apart": apart}
