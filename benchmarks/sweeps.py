"""Sweeps over the rows until a run is within 1e-3 nats of where it ends, by default and by EM.

Both go from the same start, an M-step from labels, with no limit on their sweeps but a high one.
"""

from dataclasses import replace

import numpy as np

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.starts import StartOptions, short_runs
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Threads

WITHIN = 1e-3
MOST = 6000

# N, D, K and the spread of the centres in standard deviations of a cluster. EM takes 30 sweeps at
# least on each: where it takes fewer there is little to save.
APART = [
    (3000, 2, 8, 8.0), (4000, 5, 10, 3.0), (2000, 2, 4, 2.5), (3000, 3, 6, 2.5),
    (4000, 2, 10, 8.0), (4000, 4, 12, 3.0), (3000, 3, 5, 1.5), (3000, 2, 6, 4.0),
]  # fmt: skip
OVERLAPPING = [
    (2000, 2, 4, 1.0), (3000, 2, 8, 1.5), (4000, 2, 6, 1.2), (4000, 4, 8, 1.0),
    (3000, 3, 6, 0.8), (3000, 2, 5, 1.0), (4000, 3, 10, 1.0), (5000, 2, 8, 2.0),
]  # fmt: skip


def clusters(n_rows, n_columns, n_components, spread):
    rng = np.random.default_rng([n_rows, n_columns, n_components])
    centres = rng.normal(0, spread, (n_components, n_columns))
    shapes = np.eye(n_columns) + 0.3 * rng.normal(size=(n_components, n_columns, n_columns))
    labels = rng.integers(n_components, size=n_rows)
    noise = rng.normal(size=(n_rows, n_columns))
    return np.einsum("nij,nj->ni", shapes[labels], noise) + centres[labels]


def sweeps_needed(sweep, start, options):
    """Return after how many sweeps a run was within `WITHIN` of its end, and its end."""
    seen = []
    options = replace(options, progress=lambda _, count, objective: seen.append((count, objective)))
    end = fit(sweep, [start], options)[0].objective
    return next(count for count, objective in seen if objective > end - WITHIN), end


def main():
    engine = Threads()
    for title, problems, asked in (("apart", APART, 3), ("overlapping", OVERLAPPING, 8)):
        ratios = []
        for problem in problems:
            source = ArrayRows(clusters(*problem))
            family = GaussianFamily.of(structure("VVV"), *column_moments(source))
            sweep = Sweep(family, source, engine)
            weak = family.prior("weak", sweep.shared, problem[2])
            tight = FitOptions(GainLeft(1e-7, 0.0), max_iter=MOST, prior=weak, fallback=weak)
            start = short_runs(sweep, problem[2], tight, StartOptions(0, sweeps=1))[0][0]
            plain, end = sweeps_needed(sweep, start, tight)
            ours, our_end = sweeps_needed(sweep, start, replace(tight, accelerate=True))
            ratios.append(plain / ours)
            print(
                f"{title}, N={problem[0]}, D={problem[1]}, K={problem[2]}: {ours} sweeps, EM "
                f"{plain}, {ratios[-1]:.1f} times; ends {our_end - end:+.3f} nats from EM's",
                flush=True,
            )
        print(f"{title}: median {np.median(ratios):.1f} times fewer (asked: {asked})")


if __name__ == "__main__":
    main()
