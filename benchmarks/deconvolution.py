"""Extreme deconvolution beside astroML's XDGMM and pygmmis, in one run.

    python benchmarks/deconvolution.py [astroML's iterations] [pygmmis'] [rows]

Rows x 3 with errors of their own, K=10: by default 10, 200 and 10 000. Prints the CPU seconds,
workers included, of one iteration of each, and of a fit to its end or to so many iterations, with
the log-likelihood that it comes to. Peers start where scikit-learn's GaussianMixture is after ten
iterations, as XDGMM always does; ours starts as it does for a user.
"""

import logging
import os
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pygmmis
from astroML.density_estimation import XDGMM
from sklearn.mixture import GaussianMixture

from mixtura import DeconvolvedGaussianMixture

N_COLUMNS, N_COMPONENTS, SEEDS = 3, 10, (5, 6, 7)


def drawn(seed, n_rows):
    """Return rows and the covariances of their errors."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(N_COMPONENTS, N_COLUMNS)) * 3
    half = rng.normal(size=(N_COMPONENTS, N_COLUMNS, N_COLUMNS)) * 0.6
    labels = rng.integers(N_COMPONENTS, size=n_rows)
    values = means[labels] + np.einsum("nij,nj->ni", half[labels], rng.normal(size=(n_rows, 3)))
    own = rng.normal(size=(n_rows, N_COLUMNS, N_COLUMNS)) * rng.uniform(0.2, 1, (n_rows, 1, 1))
    return values + np.einsum("nij,nj->ni", own, rng.normal(size=(n_rows, 3))), own @ own.mT


def seconds():
    """Return CPU seconds of this process and of those it started and that ended."""
    found = os.times()
    return found.user + found.system + found.children_user + found.children_system


def timed(call):
    began, wall = seconds(), time.perf_counter()
    found = call()
    return found, seconds() - began, time.perf_counter() - wall


def by_astroml(cells, errors, iterations):
    model = XDGMM(N_COMPONENTS, max_iter=iterations, tol=1e-3, random_state=0)
    return model.fit(cells, errors).logL(cells, errors)


def by_pygmmis(cells, errors, iterations):
    start = GaussianMixture(N_COMPONENTS, max_iter=10, random_state=0).fit(cells)
    model = pygmmis.GMM(K=N_COMPONENTS, D=N_COLUMNS)
    model.amp[:], model.mean[:], model.covar[:] = start.weights_, start.means_, start.covariances_
    pygmmis.fit(
        model, cells, covar=errors, init_method="none", tol=1e-9, maxiter=iterations,
        rng=np.random.RandomState(0),
    )  # fmt: skip
    judge = XDGMM(N_COMPONENTS)
    judge.mu, judge.V, judge.alpha = model.mean, model.covar, model.amp / model.amp.sum()
    return judge.logL(cells, errors)


def by_mixtura(cells, errors, iterations):
    how = {"max_iter": iterations, "algorithm": "em"} if iterations else {}
    model = DeconvolvedGaussianMixture(N_COMPONENTS, random_state=0, engine="serial", **how)
    return model.fit(cells, covariance=errors).log_likelihood_


def main(astroml=10, others=200, n_rows=10_000):
    """Print a line for each problem."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    by_mixtura(*drawn(0, 500), 5)
    for seed in SEEDS:
        cells, errors = drawn(seed, n_rows)
        whole, cpu, wall = timed(lambda given=(cells, errors): by_mixtura(*given, None))
        _, few, _ = timed(lambda given=(cells, errors): by_mixtura(*given, 2))
        _, more, _ = timed(lambda given=(cells, errors): by_mixtura(*given, 42))
        each = (more - few) / 40
        print(f"seed {seed}: mixtura {cpu:.2f} s ({wall:.2f} s), {each * 1e3:.2f} ms, {whole:.3f}")
        peers = ("astroML", by_astroml, astroml), ("pygmmis", by_pygmmis, others)
        for name, peer, iterations in peers:
            _, first, _ = timed(lambda given=(cells, errors), fit=peer: fit(*given, 1))
            found, theirs, wall = timed(
                lambda given=(cells, errors), fit=peer, to=iterations: fit(*given, to)
            )
            own = (theirs - first) / (iterations - 1)
            ends = f"{theirs:.1f} s ({wall:.1f} s) after {iterations}, {found - whole:+.3f} nats"
            times = f"an iteration {own * 1e3:.0f} ms: {own / each:.0f} x"
            print(f"    {name} {ends}: {theirs / cpu:.0f} x; {times}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
