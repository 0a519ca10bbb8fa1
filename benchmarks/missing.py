"""Rows of which a tenth of the cells are missing, against complete ones.

Both are timed by turns in one run, best of many: sweeps of every covariance structure, sweeps of
patterns that are nearly unique, default fits of few rows, and a search over rows of which two lack
a cell.
"""

from time import perf_counter, process_time
from warnings import simplefilter

import numpy as np

from mixtura import GaussianMixture, select
from mixtura.arrays import order_by_pattern
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.structures import CODES, STRUCTURES
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.gaps import Gaps
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.sweep import Sweep
from mixtura.engines import Threads

REPETITIONS, MISSING = 15, 0.1
# Rows, columns, components, structures, and the ratio asked for.
SWEEPS = (
    (100_000, 10, 10, CODES, 1.5),
    (100_000, 10, 20, ("VVV",), 1.5),
    (20_000, 20, 10, ("VVV",), 5.0),
)
ENGINE = Threads()


def best_times(tasks, clock, repetitions=REPETITIONS):
    """Return the best time of each task, by turns."""
    best = dict.fromkeys(tasks, np.inf)
    for _ in range(repetitions):
        for name, task in tasks.items():
            began = clock()
            task()
            best[name] = min(best[name], clock() - began)
    return best


def say(what, best, asked):
    """Print the times of complete and gappy rows, and their ratio."""
    complete, missing = best["complete"] * 1e3, best["missing"] * 1e3
    print(
        f"{what:32s}{complete:10.2f}{missing:11.2f}{missing / complete:7.2f}  asked: {asked:g}",
        flush=True,
    )


def clusters(rng, n_rows, n_columns, n_components):
    """Return rows and their components."""
    centres = 3 * rng.standard_normal((n_components, n_columns))
    labels = rng.integers(n_components, size=n_rows)
    return centres[labels] + rng.standard_normal((n_rows, n_columns)), labels


def sweep_of(family, rows, labels):
    """Return a sweep of the model that labels give."""
    sweep, hard = Sweep(family, ArrayRows(rows), ENGINE), np.eye(labels.max() + 1)
    moments = sweep.from_responsibilities(hard[labels])
    prior = family.prior("weak", sweep.shared, len(hard))
    model = Model(log_weights_of(moments.effective_rows), family.maximise(moments, None, prior))
    return lambda: sweep([model])


def sweeps(n_rows, n_columns, n_components, codes, asked):
    """Time sweeps of some structures."""
    rng = np.random.default_rng(0)
    rows, labels = clusters(rng, n_rows, n_columns, n_components)
    gappy = np.where(rng.random(rows.shape) < MISSING, np.nan, rows)
    order = order_by_pattern(gappy)
    gappy, gappy_labels = gappy[order], labels[order]
    print(f"sweeps of {n_rows} x {n_columns}, K={n_components}: {Gaps.of(gappy).words()}")
    whole, holed = column_moments(ArrayRows(rows)), column_moments(ArrayRows(gappy))
    for code in codes:
        plain = GaussianFamily.of(STRUCTURES[code], *whole)
        holey = IncompleteGaussianFamily.of(STRUCTURES[code], *holed)
        tasks = {
            "complete": sweep_of(plain, rows, labels),
            "missing": sweep_of(holey, gappy, gappy_labels),
        }
        say(code, best_times(tasks, perf_counter), asked)


def fits():
    """Time default fits of few rows, in CPU time."""
    rng = np.random.default_rng(0)
    rows, _ = clusters(rng, 145, 3, 3)
    gappy = np.where(rng.random(rows.shape) < MISSING, np.nan, rows)

    def fit(own):
        GaussianMixture(3, missing="marginal", random_state=0, n_jobs=1).fit(own)

    tasks = {"complete": lambda: fit(rows), "missing": lambda: fit(gappy)}
    say("fit of 145 x 3, K=3", best_times(tasks, process_time), 3.0)


def searches():
    """Time a search over all structures, two rows of 344 without a cell."""
    rows, _ = clusters(np.random.default_rng(1), 344, 4, 3)
    gappy = rows.copy()
    gappy[[3, 271], [2, 0]] = np.nan

    def search(own):
        select(own, range(1, 10), "all", missing="marginal", random_state=0, n_jobs=1)

    tasks = {"complete": lambda: search(rows), "missing": lambda: search(gappy)}
    say("search of 344 x 4, 14 x K=1..9", best_times(tasks, process_time, 1), 1.5)


def main():
    simplefilter("ignore")
    print(f"{'':32s}complete, ms  missing  ratio; best of {REPETITIONS}")
    with ENGINE.session():
        for case in SWEEPS:
            sweeps(*case)
    fits()
    searches()


if __name__ == "__main__":
    main()
