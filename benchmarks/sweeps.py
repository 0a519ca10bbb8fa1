"""Sweeps over the rows until a run is within 1e-3 nats of where it ends, by default and by EM.

Both go from the same start, an M-step from labels, with no limit on their sweeps but a high one.
"""

from dataclasses import replace

import numpy as np

from mixtura.components.categorical import CategoricalFamily
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.multinomial import MultinomialFamily
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

# N, items, levels, K and how alike classes are; N, items, draws a row, K and how alike.
CLASSES = [
    (3000, 10, 4, 4, 1.0), (5000, 12, 4, 5, 3.0), (3000, 8, 3, 3, 2.0), (4000, 10, 3, 4, 2.0),
    (2000, 12, 4, 6, 2.0), (5000, 8, 4, 4, 3.0),
]  # fmt: skip
COUNTS = [
    (2000, 10, 20, 4, 1.0), (3000, 20, 15, 5, 1.0), (2000, 8, 12, 3, 1.0), (4000, 12, 10, 4, 1.0),
    (3000, 30, 25, 8, 1.0), (3000, 15, 8, 4, 0.5),
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


def gaussian(problem):
    """Return what is swept and K."""
    source = ArrayRows(clusters(*problem))
    return GaussianFamily.of(structure("VVV"), *column_moments(source)), source, problem[2]


def classes(problem):
    """Return rows of items with levels, of classes the more alike the more concentrated."""
    n_rows, n_items, n_levels, n_components, concentration = problem
    rng = np.random.default_rng([n_rows, n_items, n_components])
    tables = rng.dirichlet(np.full(n_levels, concentration), (n_items, n_components))
    labels = rng.integers(n_components, size=n_rows)
    cumulative = np.cumsum(tables, axis=2)[:, labels]
    rows = (rng.random((n_items, n_rows, 1)) > cumulative[:, :, :-1]).sum(axis=2).T
    family = CategoricalFamily((n_levels,) * n_items)
    return family, ArrayRows(rows.astype(np.int32)), n_components


def counts(problem):
    """Return rows of counts over items, of components the more alike the more concentrated."""
    n_rows, n_items, n_drawn, n_components, concentration = problem
    rng = np.random.default_rng([n_rows, n_items, n_components])
    shares = rng.dirichlet(np.full(n_items, concentration), n_components)
    rows = rng.multinomial(n_drawn, shares[rng.integers(n_components, size=n_rows)])
    return MultinomialFamily(n_items), ArrayRows(rows.astype(float)), n_components


GROUPS = [
    ("apart", gaussian, APART, "3"),
    ("overlapping", gaussian, OVERLAPPING, "8"),
    ("latent classes", classes, CLASSES, "no figure"),
    ("multinomials", counts, COUNTS, "no figure"),
]


def main():
    engine = Threads()
    for title, made, problems, asked in GROUPS:
        ratios = []
        for problem in problems:
            family, source, n_components = made(problem)
            sweep = Sweep(family, source, engine)
            weak = family.prior("weak", sweep.shared, n_components)
            tight = FitOptions(GainLeft(1e-7, 0.0), max_iter=MOST, prior=weak, fallback=weak)
            start = short_runs(sweep, n_components, tight, StartOptions(0, sweeps=1))[0][0]
            plain, end = sweeps_needed(sweep, start, tight)
            ours, our_end = sweeps_needed(sweep, start, replace(tight, accelerate=True))
            ratios.append(plain / ours)
            print(
                f"{title}, {problem}: {ours} sweeps, EM {plain}, {ratios[-1]:.1f} times; ends "
                f"{our_end - end:+.3f} nats from EM's",
                flush=True,
            )
        print(f"{title}: median {np.median(ratios):.1f} times fewer (asked: {asked})", flush=True)


if __name__ == "__main__":
    main()
