"""A pass over level codes, sparse counts and mixed columns, beside the bare products of others.

    python benchmarks/columns.py

Codes and mixed columns are compared with the two products of their one-hot features by BLAS, sparse
counts with the two products by SciPy: a pass has the softmax and its sums besides. All go by turns,
on one thread, and the fastest of each counts.
"""

import time

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.product import ProductFamily
from mixtura.data import ArrayRows, CountRows
from mixtura.data.columns import column_moments
from mixtura.em.options import FitOptions
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.starts import NeverMet
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

ROWS, TURNS = 100_000, 15
# Documents, words of the vocabulary and stored words a document.
CORPUS = (50_000, 5000, 100)
RNG = np.random.default_rng(0)


def swept(family, source, n_components):
    """Return a function that makes one pass."""
    sweep = Sweep(family, source, Serial())
    options = FitOptions(NeverMet(), max_iter=1, prior=sweep.prior("weak", n_components))
    model = model_from_labels(
        sweep, RNG.integers(n_components, size=source.n_rows), n_components, options
    )
    return lambda: sweep([model])


def products(features, n_components):
    """Return a function that takes the two products of features (n, P), tile by tile if dense."""
    natural = RNG.random((features.shape[1], n_components))
    shares = RNG.random((features.shape[0], n_components))
    step = features.shape[0] if sparse.issparse(features) else 4096

    def both():
        for start in range(0, features.shape[0], step):
            part = features[start : start + step]
            part @ natural
            part.T @ shares[start : start + step]

    return both


def codes(n_components):
    """Return both ways over twelve items of four levels."""
    rows = RNG.integers(0, 4, (ROWS, 12)).astype(np.int32)
    hot = np.eye(4)[rows].reshape(ROWS, -1)
    ours = swept(CategoricalFamily((4,) * 12), ArrayRows(rows), n_components)
    return ours, products(hot, n_components), ROWS


def counts(n_components):
    """Return both ways over documents."""
    n_rows, n_words, n_stored = CORPUS
    words = np.sort(RNG.integers(n_words, size=(n_rows, n_stored)), axis=1).astype(np.int32)
    bounds = np.arange(0, words.size + 1, n_stored, dtype=np.int32)
    values = RNG.integers(1, 4, size=words.size).astype(np.float64)
    rows = sparse.csr_array((values, words.ravel(), bounds), shape=(n_rows, n_words))
    rows.sum_duplicates()
    ours = swept(MultinomialFamily(n_words, sparse=True), CountRows(rows), n_components)
    return ours, products(rows, n_components), n_rows


def mixed(n_components):
    """Return both ways over three numbers, a count and four items of four levels."""
    numbers, levels = RNG.normal(size=(ROWS, 3)), RNG.integers(0, 4, (ROWS, 4))
    count = RNG.poisson(3.0, (ROWS, 1))
    rows = np.hstack([numbers, count, levels]).astype(np.float64)
    gaussian = GaussianFamily.of(structure("VVV"), *column_moments(ArrayRows(numbers)))
    family = ProductFamily((gaussian, PoissonFamily(1), CategoricalFamily((4,) * 4)))
    squares = [numbers[:, [i]] * numbers[:, [j]] for i in range(3) for j in range(i + 1)]
    hot = np.eye(4)[levels].reshape(ROWS, -1)
    features = np.hstack([np.ones((ROWS, 1)), numbers, *squares, count, hot])
    return swept(family, ArrayRows(rows), n_components), products(features, n_components), ROWS


CASES = [
    *(("12 items of 4 levels", codes, n_components) for n_components in (5, 20)),
    ("5000 words, 100 a row", counts, 20),
    *(("3 numbers, a count, 4 items", mixed, n_components) for n_components in (5, 10, 20)),
]


def main():
    """Print a table."""
    for name, made, n_components in CASES:
        *ways, n_rows = made(n_components)
        taken = [np.inf, np.inf]
        with threadpool_limits(1):
            for _ in range(TURNS):
                for place, once in enumerate(ways):
                    began = time.perf_counter()
                    once()
                    taken[place] = min(taken[place], time.perf_counter() - began)
        ours, theirs = (1e9 * seconds / n_rows for seconds in taken)
        print(
            f"{name:>28}, K={n_components:<3} {ours:6.1f} ns a row, the products alone "
            f"{theirs:7.1f}: {theirs / ours:.2f} times",
            flush=True,
        )


if __name__ == "__main__":
    main()
