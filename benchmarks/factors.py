"""Mixtures of factor analysers beside R's flexmix, and what a fit of 1 000 columns takes.

    python benchmarks/factors.py [seed] [seconds]

Both begin at the clusters that the rows were drawn from; flexmix is given so many seconds (300) for
each case. Times are of processors, in one run, libraries of linear algebra with one thread. Needs
Rscript with flexmix (on Debian: r-base-core and r-cran-flexmix), else ours stand alone. Of one
component scikit-learn's FactorAnalysis takes part, to the same tolerance in nats.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from time import process_time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import FactorAnalysis
from threadpoolctl import threadpool_limits

from mixtura import FactorAnalyserMixture

# Rows, columns, components and factors.
CASES = [(1000, 20, 3, 2), (1800, 61, 10, 5), (2000, 200, 5, 5), (2000, 1000, 5, 5)]

PROGRAM = """
suppressMessages(library(flexmix))
arguments <- commandArgs(trailingOnly = TRUE)
size <- as.integer(arguments[2:4])
read <- function(name, count) {
  file <- file(file.path(arguments[1], name), "rb"); on.exit(close(file))
  readBin(file, "double", count)
}
rows <- matrix(read("rows", size[1] * size[2]), nrow = size[1])
time <- system.time(fit <- flexmix(
  rows ~ 1, cluster = read("groups", size[1]) + 1, model = FLXMCfactanal(factors = size[3]),
  control = list(iter.max = 1000, tolerance = 1e-9, minprior = 0)
))
cat(sum(time[c(1, 2, 4, 5)], na.rm = TRUE), sprintf("%.3f", as.numeric(logLik(fit))))
"""


def drawn(n_rows, n_columns, n_components, n_factors, rng):
    """Return rows of factor analysers, and which."""
    group = rng.integers(n_components, size=n_rows)
    loadings = 0.7 * rng.normal(size=(n_components, n_columns, n_factors))
    means = 0.5 * rng.normal(size=(n_components, n_columns))
    widths = np.sqrt(rng.uniform(0.3, 1.5, (n_components, n_columns)))
    rows = rng.normal(size=(n_rows, n_columns))
    for k in range(n_components):
        own = group == k
        rows[own] = means[k] + widths[k] * rows[own]
        rows[own] += rng.normal(size=(own.sum(), n_factors)) @ loadings[k].T
    return rows, group


def ours(rows, n_components, n_factors, **how):
    """Return CPU seconds and the model."""
    began = process_time()
    model = FactorAnalyserMixture(
        n_components, n_factors=n_factors, random_state=0, engine="serial", **how
    ).fit(rows)
    return process_time() - began, model


def by_flexmix(rows, group, n_factors, seconds):
    """Return CPU seconds and the log-likelihood, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.asarray(rows, order="F").T.tofile(place / "rows")
        group.astype(float).tofile(place / "groups")
        (place / "fit.R").write_text(PROGRAM)
        numbers = map(str, (*rows.shape, n_factors))
        try:
            done = subprocess.run(
                ["Rscript", place / "fit.R", folder, *numbers],
                capture_output=True,
                text=True,
                timeout=seconds,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return f"not done after {seconds} s"
        except subprocess.CalledProcessError as error:
            return error.stderr.strip().splitlines()[-1]
        return tuple(map(float, done.stdout.split()))


def main():
    warnings.simplefilter("ignore")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 300.0
    rng = np.random.default_rng([seed, 41])
    for n_rows, n_columns, n_components, n_factors in CASES:
        rows, group = drawn(n_rows, n_columns, n_components, n_factors, rng)
        started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = np.eye(n_components)[group]
        same, model = ours(rows, n_components, n_factors, responsibilities_init=start)
        whole, found = ours(rows, n_components, n_factors)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{n_rows} x {n_columns}, K={n_components}, q={n_factors}: from the same start "
            f"{same:.2f} s, {model.log_likelihood_:.3f}; a default fit {whole:.2f} s, "
            f"{found.log_likelihood_:.3f}; peak {peak:.0f} MiB, before the fits {started:.0f}"
        )
        if shutil.which("Rscript") is not None:
            other = by_flexmix(rows, group, n_factors, seconds)
            if isinstance(other, str):
                print(f"    flexmix: {other}; times as long: more than {seconds / same:.0f}")
            else:
                print(f"    flexmix {other[0]:.2f} s, {other[1]:.3f}; ratio {other[0] / same:.1f}")
    rows, _ = drawn(2000, 1000, 1, 5, rng)
    took, model = ours(rows, 1, 5)
    began = process_time()
    other = FactorAnalysis(5, tol=1e-3, max_iter=10_000, random_state=0).fit(rows)
    theirs = process_time() - began
    print(
        f"2000 x 1000, K=1, q=5: {took:.2f} s, {model.log_likelihood_:.3f}; scikit-learn "
        f"{theirs:.2f} s, {other.score(rows) * len(rows):.3f}; ratio {theirs / took:.1f}"
    )
    rows = load_digits().data
    took, model = ours(rows[:, rows.std(axis=0) > 0], 10, 5)
    print(f"digits, K=10, q=5: {took:.2f} s, log-likelihood {model.log_likelihood_:.1f}")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
