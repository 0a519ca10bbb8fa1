"""CPU time of default fits, K=3, beside that of the complete Gaussian or the Poisson one.

    python benchmarks/cliffs.py

Fits are taken by turns, seven of each, and the median counts. Rows of more columns count by their
multiplications: D (D + 3) / 2 + 1 features against 10.
"""

import statistics
import time
import warnings
from functools import partial

import numpy as np

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
)

N, K, TURNS = 145, 3, 7
MANY = 10_000


def centres(rng, n_columns):
    """Return clusters about as far apart for any number of columns."""
    return rng.normal(0, 3 / np.sqrt(n_columns / 3), (K, n_columns))


def clusters(rng, n_columns):
    """Return rows (N, D) and the cluster of each."""
    labels = rng.permutation(np.arange(N) % K)
    return centres(rng, n_columns)[labels] + rng.normal(size=(N, n_columns)), labels


def contestants(rng):
    """Return what to fit, by name, and how many times the work of the first it is."""
    rows, labels = clusters(rng, 3)
    known = np.where(rng.random(N) < 0.2, labels, -1)
    gaps = np.where(rng.random(rows.shape) < 0.1, np.nan, rows)
    gaps[np.isnan(gaps).all(axis=1)] = rows[np.isnan(gaps).all(axis=1)]
    single = rows.astype(np.float32)
    answers = (rows > rng.normal(0, 1, (1, 3))).astype(int) + (rows > 2).astype(int)
    items = np.concatenate([answers, rng.permuted(answers, axis=0)[:, :1]], axis=1)
    counts = rng.poisson(np.exp(1 + 0.3 * rows))
    words = rng.poisson(np.exp(0.5 + 0.4 * clusters(rng, 8)[0])) + 1
    yes = (rng.random((N, 8)) < 1 / (1 + np.exp(-clusters(rng, 8)[0]))).astype(int)
    mixed = np.column_stack([rows, counts[:, 0], items[:, 0]])
    blocks = {"gaussian": [0, 1, 2], "poisson": [3], "categorical": [4]}

    def gaussian(data, y=None, **told):
        return lambda: GaussianMixture(K, random_state=0, **told).fit(data, y)

    found = {
        "complete": (gaussian(rows), 1.0),
        "labels": (gaussian(rows, known), 1.0),
        "noise": (gaussian(rows, noise="uniform"), 1.0),
        "missing cells": (gaussian(gaps, missing="marginal"), 1.0),
        "float32": (gaussian(single), 1.0),
        "categories": (lambda: CategoricalMixture(K, random_state=0).fit(items), 1.0),
        "multinomial": (lambda: MultinomialMixture(K, random_state=0).fit(words), 1.0),
        "Bernoulli": (lambda: BernoulliMixture(K, random_state=0).fit(yes), 1.0),
        "Poisson": (lambda: PoissonMixture(K, random_state=0).fit(counts), 1.0),
        "mixed": (lambda: MixedMixture(K, blocks, random_state=0).fit(mixed), 1.0),
    }
    for n_columns in (16, 17, 40):
        work = (n_columns * (n_columns + 3) / 2 + 1) / 10
        found[f"{n_columns} columns"] = gaussian(clusters(rng, n_columns)[0]), work
    return found


def wide_counts(rng, n_rows, scale):
    """Return counts about so large, of components of their own sizes, nearly all distinct."""
    means, sizes = scale * np.exp(rng.normal(size=(K, 3))), 3.0 * np.exp(rng.normal(0, 0.5, (K, 3)))
    labels = rng.integers(K, size=n_rows)
    return rng.poisson(rng.gamma(sizes[labels], (means / sizes)[labels]))


def of_counts(rng, n_rows):
    """Return fits of counts, about 3, 50 and 500."""
    found = {}
    for scale in (3.0, 50.0, 500.0):
        rows = wide_counts(rng, n_rows, scale)
        for make, data in (
            (PoissonMixture, rows),
            (NegativeBinomialMixture, rows),
            (GammaMixture, rows + 1),
        ):
            name = f"{make.__name__.removesuffix('Mixture')}, {scale:g}"
            found[name] = partial(make(K, random_state=0).fit, data), 1.0
    return found


def table(title, fits, beside):
    """Print the CPU time of fits, taken by turns, beside that of the one that `beside` names."""
    taken = {name: [] for name in fits}
    for _ in range(TURNS):
        for name, (fit, _) in fits.items():
            began = time.process_time()
            fit()
            taken[name].append(time.process_time() - began)
    taken = {name: statistics.median(times) for name, times in taken.items()}
    print(f"{title:>21} {'CPU ms':>8} {'ratio':>7} {'per flop':>9}")
    for name, seconds in taken.items():
        ratio = seconds / taken[beside(name)]
        print(f"{name:>21} {1e3 * seconds:8.1f} {ratio:7.1f} {ratio / fits[name][1]:9.2f}")


def poisson_of(name):
    """Return the Poisson fit of the same counts."""
    return f"Poisson,{name.split(',')[1]}"


def main():
    """Print tables."""
    rng = np.random.default_rng(1)
    table("145 rows, K=3", contestants(rng), lambda name: "complete")
    for n_rows in (N, MANY):
        table(f"{n_rows:,} counts", of_counts(rng, n_rows), poisson_of)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
