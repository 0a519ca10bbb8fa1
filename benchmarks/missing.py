"""A sweep over rows of which a tenth of the cells are missing, against one over complete rows.

The two are timed by turns in one run, best of many, for every covariance structure.
"""

from time import perf_counter

import numpy as np

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.structures import CODES, STRUCTURES
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.gaps import gap_words, order_by_pattern
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.sweep import Sweep
from mixtura.engines import Threads

N_ROWS, N_COLUMNS, N_COMPONENTS, REPETITIONS, MISSING = 100_000, 10, 20, 15, 0.1
ASKED = 5.0
ENGINE = Threads()


def best_times(iterations):
    """Return the best time of a sweep for each, by turns."""
    best = dict.fromkeys(iterations, np.inf)
    for _ in range(REPETITIONS):
        for name, (sweep, model) in iterations.items():
            began = perf_counter()
            sweep([model])
            best[name] = min(best[name], perf_counter() - began)
    return best


def begun(family, rows, labels):
    """Return a sweep and the model that labels give."""
    sweep = Sweep(family, ArrayRows(rows), ENGINE)
    moments = sweep.from_responsibilities(np.eye(N_COMPONENTS)[labels])
    prior = family.prior("weak", sweep.shared, N_COMPONENTS)
    parameters = family.maximise(moments, None, prior)
    return sweep, Model(log_weights_of(moments.effective_rows), parameters)


def main():
    rng = np.random.default_rng(0)
    centres = 3 * rng.standard_normal((N_COMPONENTS, N_COLUMNS))
    labels = rng.integers(N_COMPONENTS, size=N_ROWS)
    rows = centres[labels] + rng.standard_normal((N_ROWS, N_COLUMNS))
    gappy = np.where(rng.random(rows.shape) < MISSING, np.nan, rows)
    order = order_by_pattern(gappy)
    gappy, gappy_labels = gappy[order], labels[order]
    print(f"N={N_ROWS}, D={N_COLUMNS}, K={N_COMPONENTS}; best of {REPETITIONS}")
    print(gap_words(gappy))
    print(f"structure  complete, ms  missing, ms  ratio (asked: {ASKED:g})")
    whole, holed = column_moments(ArrayRows(rows)), column_moments(ArrayRows(gappy))
    with ENGINE.session():
        for code in CODES:
            form = STRUCTURES[code]
            best = best_times(
                {
                    "complete": begun(GaussianFamily.of(form, *whole), rows, labels),
                    "missing": begun(
                        IncompleteGaussianFamily.of(form, *holed), gappy, gappy_labels
                    ),
                }
            )
            print(
                f"{code}        {best['complete'] * 1e3:12.2f}  {best['missing'] * 1e3:11.2f}  "
                f"{best['missing'] / best['complete']:5.2f}"
            )


if __name__ == "__main__":
    main()
