"""A mixture for each of many groups: `fit_by` beside a loop over scikit-learn.

    python benchmarks/groups.py [GROUPS] [--rows N] [--loop M]

Groups of three columns and two components, drawn anew: half of them apart, half that overlap. The
loop fits M of the groups before and after, as machines do not always run alike; let OMP_NUM_THREADS
be 1. Prints a JSON object.
"""

import argparse
import json
import time
import warnings

import numpy as np
from sklearn.mixture import GaussianMixture as OfScikitLearn

from mixtura import GaussianMixture, fit_by

SIZE, COLUMNS = 2, 3


def groups_drawn(n_groups, n_rows, seed):
    """Return rows (G, n, D) of groups, of which every other one has its components apart."""
    rng = np.random.default_rng(seed)
    distance = np.where(np.arange(n_groups) % 2, 3.0, 1.2)[:, None, None]
    means = rng.normal(size=(n_groups, SIZE, COLUMNS)) * distance
    shapes = 0.6 * rng.normal(size=(n_groups, SIZE, COLUMNS, COLUMNS)) + np.eye(COLUMNS)
    first = rng.random((n_groups, n_rows)) < rng.uniform(0.25, 0.75, (n_groups, 1))
    rows = rng.normal(size=(n_groups, n_rows, COLUMNS))
    one, other = (
        np.einsum("gij,gnj->gni", shapes[:, k], rows) + means[:, k, None] for k in range(SIZE)
    )
    return np.where(first[..., None], one, other)


def timed(work):
    """Return elapsed and CPU seconds of some work, and what it returns."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - clock, time.process_time() - cpu, found


def looped(groups):
    """Return what scikit-learn finds of groups, one after the other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = [OfScikitLearn(SIZE, random_state=0).fit(rows) for rows in groups]
    return [fit.score(rows) * len(rows) for fit, rows in zip(fits, groups, strict=True)]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="?", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--loop", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    groups = groups_drawn(asked.groups, asked.rows, asked.seed)
    rows = groups.reshape(-1, COLUMNS)
    by = np.repeat(np.arange(asked.groups), asked.rows)
    some = groups[: asked.loop]
    before = timed(lambda: looped(some))
    ours = timed(lambda: fit_by(GaussianMixture(SIZE, random_state=0), rows, by))
    after = timed(lambda: looped(some))
    each = [
        (one + other) / 2 / asked.loop for one, other in zip(before[:2], after[:2], strict=True)
    ]
    fits = ours[2]
    own, theirs = fits.log_likelihood[: asked.loop], np.array(after[2])
    found = {
        "groups": asked.groups,
        "fit_by": {
            "s": ours[0],
            "cpu_s": ours[1],
            "us_a_group": 1e6 * ours[0] / asked.groups,
            "cpu_us_a_group": 1e6 * ours[1] / asked.groups,
        },
        "loop": {"us_a_group": 1e6 * each[0], "cpu_us_a_group": 1e6 * each[1]},
        "times_as_fast": each[0] * asked.groups / ours[0],
        "times_as_fast_by_cpu": each[1] * asked.groups / ours[1],
        "higher_by_0.1_nats": int((own > theirs + 0.1).sum()),
        "lower_by_0.1_nats": int((own < theirs - 0.1).sum()),
        "compared": asked.loop,
        "trusted": float(fits.trusted.mean()),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
