"""Fits of hundreds of components beside scikit-learn's default, by processor time and memory.

    python benchmarks/many.py [seed]

Each case is fitted once by either, one after the other, in a process of its own; libraries of
linear algebra have one thread. Memory is what the process took at most beyond the data.
"""

import resource
import sys
import warnings
from multiprocessing import get_context
from time import process_time

import numpy as np
from sklearn.datasets import make_swiss_roll
from sklearn.mixture import GaussianMixture as Theirs
from threadpoolctl import threadpool_limits

from mixtura import GaussianMixture as Ours


def clusters(n_rows, n_columns, n_components, rng, apart=10.0):
    """Return rows of clusters whose columns differ in width."""
    centres = apart * rng.normal(size=(n_components, n_columns))
    widths = np.exp(0.3 * rng.normal(size=(n_components, n_columns)))
    labels = rng.integers(n_components, size=n_rows)
    return centres[labels] + widths[labels] * rng.normal(size=(n_rows, n_columns))


def near(n_rows, n_columns, n_components, rng):
    """Return rows of clusters that overlap."""
    return clusters(n_rows, n_columns, n_components, rng, apart=3.0)


def shapeless(n_rows, n_columns, n_components, rng):
    """Return rows of one normal distribution."""
    return rng.normal(size=(n_rows, n_columns))


def roll(n_rows, n_columns, n_components, rng):
    """Return rows along a spiral."""
    seed = int(rng.integers(1 << 31))
    return make_swiss_roll(n_rows, noise=0.05, random_state=seed)[0][:, [0, 2]]


CASES = [
    (clusters, 50_000, 8, 500, "diag"),
    (clusters, 8_000, 2, 800, "full"),
    (roll, 8_000, 2, 800, "diag"),
    (shapeless, 8_000, 3, 200, "diag"),
    (near, 6_000, 5, 200, "full"),
    (shapeless, 6_000, 4, 200, "tied"),
    (near, 6_000, 2, 400, "spherical"),
]


def peak():
    """Return the most memory that the process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fitted(fit, case, seed):
    """Return processor time, memory and the log-likelihood of a fit."""
    made, n_rows, n_columns, n_components, structure = case
    rows = made(n_rows, n_columns, n_components, np.random.default_rng(seed))
    warnings.simplefilter("ignore")
    fit(2, random_state=0).fit(rows[:200])
    before, began = peak(), process_time()
    with threadpool_limits(1):
        model = fit(n_components, covariance_type=structure, random_state=0).fit(rows)
    return process_time() - began, peak() - before, model.score(rows) * n_rows


def main():
    """Print a table."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    context = get_context("spawn")
    for case in CASES:
        found = []
        for fit in (Ours, Theirs):
            with context.Pool(1) as pool:
                found.append(pool.apply(fitted, (fit, case, seed)))
        (ours, memory, likelihood), (theirs, others, other) = found
        made, n_rows, n_columns, n_components, structure = case
        print(
            f"{made.__name__:>9}, {n_rows} x {n_columns}, K={n_components}, {structure:>9}: "
            f"{ours:5.1f} s, {memory:4.0f} MiB; scikit-learn {theirs:5.1f} s, {others:5.0f} MiB, "
            f"from which we end {likelihood - other:+.0f} nats",
            flush=True,
        )


if __name__ == "__main__":
    main()
