"""The time to one log-likelihood, of overlapping components, for peers that start where we do.

All begin at the same parameters, from k-means on a part of the rows. We iterate with our defaults;
how many steps plain EM needs to be as likely is counted, and the seconds of such a step, which are
the same steps for all peers, are measured for each.
"""

import os
import shutil
import subprocess
import tempfile
import warnings
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture as SklearnMixture
from sweep import Timing, seconds_of_estimator, seconds_of_onedal

from mixtura import GaussianMixture

SIZE = (100_000, 10, 20)
# In nats, of all rows: how close counts as equal.
EQUAL = 0.1
MOST_STEPS = 20_000
REPETITIONS = int(os.environ.get("REPETITIONS", "3"))

PROGRAM = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
read <- function(name, n, m) {
  file <- file(name, "rb"); on.exit(close(file))
  matrix(readBin(file, "double", n * m), nrow = n)
}
n <- as.integer(arguments[3]); rows <- read(arguments[1], n, as.integer(arguments[4]))
start <- read(arguments[2], n, as.integer(arguments[5]))
for (steps in c(2, 6)) {
  control <- emControl(itmax = steps, tol = 0)
  cat(system.time(suppressWarnings(meVVV(rows, start, control = control)))["elapsed"], "")
}
"""


def overlapping(seed=0):
    """Return rows of round components whose means are some four standard deviations apart."""
    n_rows, n_columns, n_components = SIZE
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_components, n_columns))
    labels = rng.integers(n_components, size=n_rows)
    return centres[labels] + rng.standard_normal((n_rows, n_columns))


def plain(n_components, start, steps):
    """Return a mixture that takes plain EM steps from a start."""
    weights, means, precisions = start
    return GaussianMixture(
        n_components,
        algorithm="em",
        prior=None,
        weights_init=weights,
        means_init=means,
        precisions_init=precisions,
        tol=0.0,
        max_iter=steps,
    )


def steps_to(rows, start, target):
    """Return how many steps plain EM takes to a log-likelihood, or None if more than the most."""
    done, state = 0, start
    while done < MOST_STEPS:
        part = plain(SIZE[2], state, 250).fit(rows)
        trail = part.history_.log_likelihood
        hits = [step for step, value in enumerate(trail) if value >= target]
        if hits:
            return done + hits[0]
        done += len(trail)
        state = part.weights_, part.means_, part.precisions_
    return None


def seconds_of_mclust(rows, responsibilities):
    """Return the seconds of one of mclust's steps."""
    with tempfile.TemporaryDirectory() as folder:
        data, start, program = (Path(folder) / name for name in ("rows", "start", "steps.R"))
        data.write_bytes(np.asfortranarray(rows).tobytes("F"))
        start.write_bytes(np.asfortranarray(responsibilities).tobytes("F"))
        program.write_text(PROGRAM)
        shape = map(str, (*rows.shape, responsibilities.shape[1]))
        command = ["Rscript", str(program), str(data), str(start), *shape]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    short, long = map(float, done.stdout.split())
    return (long - short) / 4


def from_kmeans(rows, seed=0):
    """Return weights, means and precisions of the groups that k-means finds."""
    part = rows[:20_000]
    labels = KMeans(SIZE[2], n_init=1, random_state=seed).fit_predict(part)
    groups = [part[labels == k] for k in range(SIZE[2])]
    weights = np.array([len(group) for group in groups]) / len(part)
    precisions = np.array([np.linalg.inv(np.cov(group.T)) for group in groups])
    return weights, np.array([group.mean(axis=0) for group in groups]), precisions


def accelerated(start):
    weights, means, precisions = start
    return GaussianMixture(
        SIZE[2], prior=None, weights_init=weights, means_init=means, precisions_init=precisions
    )


def main():
    warnings.simplefilter("ignore")
    n_rows, n_columns, n_components = SIZE
    rows = overlapping()
    start = from_kmeans(rows)
    print(f"{n_rows} x {n_columns}, K={n_components}, overlapping components")
    seconds = np.inf
    for _ in range(REPETITIONS):
        began = perf_counter()
        ours = accelerated(start).fit(rows)
        seconds = min(seconds, perf_counter() - began)
    print(
        f"  mixtura: {seconds:.2f} s, {ours.n_iter_} sweeps, log-likelihood "
        f"{ours.log_likelihood_:.3f}, {ours.remaining_gain_:.1g} nats left"
    )
    steps = steps_to(rows, start, ours.log_likelihood_ - EQUAL)
    print(f"  plain EM to {EQUAL} nats below: {steps or f'more than {MOST_STEPS}'} steps")
    steps = steps or MOST_STEPS
    data = (rows, *start)
    peers = {
        "plain EM by mixtura": (partial(seconds_of_estimator, GaussianMixture), 3, 13),
        "scikit-learn": (partial(seconds_of_estimator, SklearnMixture), 1, 4),
    }
    if find_spec("daal4py") is not None:
        peers["oneDAL"] = (seconds_of_onedal, 3, 13)
    for name, (measure, few, many) in peers.items():
        timing = Timing(measure, few, many)
        for _ in range(REPETITIONS):
            timing.repeat(data)
        report(name, timing.per_iteration(), steps, seconds)
    if shutil.which("Rscript") is not None:
        responsibilities = plain(n_components, start, 1).fit(rows).predict_proba(rows)
        report("mclust", seconds_of_mclust(rows, responsibilities), steps, seconds)


def report(name, of_a_step, steps, seconds):
    print(
        f"  {name}: {of_a_step * 1e3:.1f} ms a step, {of_a_step * steps:.1f} s: "
        f"{of_a_step * steps / seconds:.0f} times as long",
        flush=True,
    )


if __name__ == "__main__":
    main()
