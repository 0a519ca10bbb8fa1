"""Latent classes against StepMix and polca; multinomials of sparse counts against SciPy."""

import argparse
import os
import resource
import warnings
from importlib.util import find_spec
from time import perf_counter

import numpy as np
from scipy import sparse

from mixtura import CategoricalMixture, MultinomialMixture

# Rows, items, levels, classes, starts.
SURVEY = (5000, 12, 4, 5, 10)

# Documents, words of the vocabulary, stored words a document, components.
CORPUS = (60_000, 20_000, 124, 20)
FEW, MANY = 2, 12

REPETITIONS = int(os.environ.get("REPETITIONS", "5"))


def peak_mebibytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def survey(concentration, seed=0):
    """Return answers (N, J); the larger the concentration, the more alike the classes."""
    n_rows, n_items, n_levels, n_classes, _ = SURVEY
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(n_classes, 5.0))
    label = rng.choice(n_classes, n_rows, p=shares)
    tables = rng.dirichlet(np.full(n_levels, concentration), (n_items, n_classes))
    uniform = rng.random((n_rows, n_items, 1))
    cumulative = np.cumsum(tables, axis=2)[:, label].transpose(1, 0, 2)
    return np.minimum((uniform > cumulative).sum(axis=2), n_levels - 1)


def by_stepmix(rows, seed):
    """Return the log-likelihood that StepMix ends at."""
    from stepmix import StepMix

    *_, n_classes, n_starts = SURVEY
    peer = StepMix(
        n_classes,
        measurement="categorical",
        n_init=n_starts,
        random_state=seed,
        progress_bar=0,
        verbose=0,
    )
    return peer.fit(rows).score(rows) * len(rows)


def by_polca(rows, seed):
    """Return the log-likelihood that poLCA's port to Python ends at."""
    import polars
    from pypolca import fit

    *_, n_classes, n_starts = SURVEY
    frame = polars.DataFrame({f"Y{j}": column + 1 for j, column in enumerate(rows.T)})
    formula = f"cbind({', '.join(frame.columns)}) ~ 1"
    return fit(formula, frame, n_classes, nrep=n_starts, seed=seed, calc_se=False).loglik


def by_mixtura(rows, seed):
    """Return the log-likelihood that we end at."""
    *_, n_classes, n_starts = SURVEY
    fitted = CategoricalMixture(n_classes, n_init=n_starts, random_state=seed).fit(rows)
    return fitted.log_likelihood_


def installed_peers():
    """Return the peers by name; the port of poLCA needs Python 3.12."""
    peers = {"StepMix": ("stepmix", by_stepmix), "polca": ("pypolca", by_polca)}
    return {name: by for name, (module, by) in peers.items() if find_spec(module) is not None}


def latent_classes():
    *_, n_classes, n_starts = SURVEY
    print(f"latent classes: {SURVEY[0]} x {SURVEY[1]} items, {SURVEY[2]} levels, K={n_classes}, ")
    print(f"{n_starts} starts (asked: 20 times the speed of StepMix)")
    for name, concentration in (("well apart", 0.7), ("overlapping", 3.0)):
        rows = survey(concentration)
        by_mixtura(rows, 0)
        fits = {"mixtura": by_mixtura} | installed_peers()
        times = {who: [] for who in fits}
        ends = {who: [] for who in fits}
        for seed in range(REPETITIONS):
            for who, by in fits.items():
                began = perf_counter()
                ends[who].append(by(rows, seed))
                times[who].append(perf_counter() - began)
        for who in fits:
            best = min(times[who]) / min(times["mixtura"])
            median = np.median(times[who]) / np.median(times["mixtura"])
            print(
                f"  {name:>11}, {who:>7}: best {min(times[who]):.3f} s ({best:.1f} times), median "
                f"{np.median(times[who]):.3f} s ({median:.1f} times); log-likelihood "
                f"{min(ends[who]):.3f} to {max(ends[who]):.3f}",
                flush=True,
            )


def corpus(seed=0):
    """Return sparse counts of words that are as unequal as those of a language."""
    n_rows, n_words, n_stored, n_components = CORPUS
    rng = np.random.default_rng(seed)
    common = 1.0 / np.arange(1, n_words + 1) ** 0.7
    cumulative = np.cumsum(common * rng.gamma(0.5, size=(n_components, n_words)), axis=1)
    label = rng.integers(n_components, size=n_rows)
    indptr = np.arange(n_rows + 1) * n_stored
    indices = np.empty(n_rows * n_stored, dtype=np.int32)
    for row, k in enumerate(label):
        drawn = rng.random(3 * n_stored) * cumulative[k, -1]
        words = np.unique(np.searchsorted(cumulative[k], drawn))
        while len(words) < n_stored:
            more = rng.random(n_stored) * cumulative[k, -1]
            words = np.union1d(words, np.searchsorted(cumulative[k], more))
        indices[row * n_stored : (row + 1) * n_stored] = np.sort(
            rng.choice(words, n_stored, replace=False)
        )
    counts = 1.0 + rng.poisson(0.6, len(indices))
    return sparse.csr_array((counts, indices, indptr), shape=(n_rows, n_words))


def products(rows, n_components):
    """Return the seconds of the two products of a sweep by SciPy."""
    rng = np.random.default_rng(0)
    logs = rng.standard_normal((rows.shape[1], n_components))
    shares = rng.random((rows.shape[0], n_components))
    began = perf_counter()
    rows @ logs
    rows.T @ shares
    return perf_counter() - began


def seconds_of_fit(rows, start, sweeps, n_jobs):
    mixture = MultinomialMixture(
        start.shape[1],
        responsibilities_init=start,
        tol=0.0,
        max_iter=sweeps,
        n_jobs=n_jobs,
    )
    began = perf_counter()
    mixture.fit(rows)
    return perf_counter() - began


def sparse_counts():
    n_components = CORPUS[3]
    rows = corpus()
    start = np.random.default_rng(0).dirichlet(np.ones(n_components), rows.shape[0])
    print(
        f"multinomial, sparse: {rows.shape[0]} x {rows.shape[1]}, {rows.nnz / rows.shape[0]:.0f} "
        f"words a row, K={n_components} (asked: a sweep at most 3 times the two products, "
        "under 300 MB beyond the data)"
    )
    before = peak_mebibytes()
    MultinomialMixture(n_components, max_iter=3, random_state=0).fit(rows)
    print(f"  peak memory of a fit from k-means++: {peak_mebibytes() - before:.0f} MiB beyond")
    for n_jobs, words in ((1, "one thread"), (None, "all threads")):
        alone, short, long = [], [], []
        for _ in range(REPETITIONS):
            alone.append(products(rows, n_components))
            short.append(seconds_of_fit(rows, start, FEW, n_jobs))
            long.append(seconds_of_fit(rows, start, MANY, n_jobs))
        sweep = (min(long) - min(short)) / (MANY - FEW)
        print(
            f"  a sweep on {words}: {sweep * 1e3:.0f} ms, the products alone (one thread, as "
            f"SciPy has no more) {min(alone) * 1e3:.0f} ms: {sweep / min(alone):.2f} times",
            flush=True,
        )


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("classes", "sparse"))
    part = parser.parse_args().part
    if part != "classes":
        # First, as the peak of memory is that of the whole process.
        sparse_counts()
    if part != "sparse":
        latent_classes()


if __name__ == "__main__":
    main()
