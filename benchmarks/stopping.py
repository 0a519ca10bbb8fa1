"""Whether what a fit says is left to gain is what a long run of plain EM then gains."""

import sys
import warnings
from pathlib import Path

import numpy as np

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GaussianMixture,
    MultinomialMixture,
    PoissonMixture,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracles import dataset

LONG = 4000
SEEDS = range(8)
# What no run can tell apart, relative to the log-likelihood: a tenth of what the rule leaves.
ROUNDING = 1e-10


def gaussian(n_components, **settings):
    return lambda seed: GaussianMixture(n_components, random_state=seed, **settings)


def blobs(spread, n_columns, n_components, n_rows=1000):
    rng = np.random.default_rng([n_columns, n_components])
    centres = rng.normal(0, spread, (n_components, n_columns))
    labels = rng.integers(n_components, size=n_rows)
    return centres[labels] + rng.normal(size=(n_rows, n_columns))


def tables(concentration, n_items, n_classes, n_levels, n_rows=1000):
    rng = np.random.default_rng([n_items, n_classes])
    typical = rng.dirichlet(np.full(n_levels, concentration), (n_classes, n_items))
    labels = rng.integers(n_classes, size=n_rows)
    draws = rng.random((n_rows, n_items, 1))
    return (draws > np.cumsum(typical, axis=2)[labels]).sum(axis=2).clip(max=n_levels - 1)


def counts(concentration, n_items, n_classes, total, n_rows=800):
    rng = np.random.default_rng([n_items, n_classes, 1])
    typical = rng.dirichlet(np.full(n_items, concentration), n_classes)
    return rng.multinomial(total, typical[rng.integers(n_classes, size=n_rows)])


def rates(spread, n_columns, n_classes, n_rows=800):
    rng = np.random.default_rng([n_columns, n_classes, 2])
    typical = np.exp(rng.normal(1, spread, (n_classes, n_columns)))
    return rng.poisson(typical[rng.integers(n_classes, size=n_rows)])


PROBLEMS = [
    ("faithful, K=3", dataset("faithful").values, gaussian(3)),
    ("faithful, K=4", dataset("faithful").values, gaussian(4)),
    ("iris, K=3", dataset("iris").values, gaussian(3)),
    ("iris, K=4, EEE", dataset("iris").values, gaussian(4, covariance_type="EEE")),
    ("crabs, K=4", dataset("crabs").values, gaussian(4)),
    ("diabetes, K=4, VVI", dataset("diabetes").values, gaussian(4, covariance_type="VVI")),
    ("banknote, K=4", dataset("banknote").values, gaussian(4)),
    ("apart, D=3, K=5", blobs(4.0, 3, 5), gaussian(5)),
    ("close, D=2, K=3", blobs(1.0, 2, 3), gaussian(3)),
    ("close, D=2, K=5", blobs(1.5, 2, 5), gaussian(5)),
    ("close, D=5, K=4, VII", blobs(0.8, 5, 4), gaussian(4, covariance_type="VII")),
    ("close, D=4, K=4, EEE", blobs(1.0, 4, 4), gaussian(4, covariance_type="EEE")),
    ("classes apart", tables(0.5, 8, 4, 3),
     lambda seed: CategoricalMixture(4, random_state=seed)),
    ("classes close", tables(2.0, 8, 4, 3),
     lambda seed: CategoricalMixture(4, random_state=seed)),
    ("yes or no", tables(1.0, 10, 4, 2),
     lambda seed: BernoulliMixture(4, random_state=seed)),
    ("counts apart", counts(0.3, 20, 5, 30),
     lambda seed: MultinomialMixture(5, random_state=seed)),
    ("counts close", counts(1.0, 8, 4, 12),
     lambda seed: MultinomialMixture(4, random_state=seed)),
    ("rates", rates(0.5, 4, 4), lambda seed: PoissonMixture(4, random_state=seed)),
]  # fmt: skip


def remaining(make, rows, seed):
    """Return the estimate of a fit, what plain EM goes on to gain, its sweeps and rounding."""
    fitted = make(seed).fit(rows)
    onward = make(seed).set_params(
        responsibilities_init=fitted.predict_proba(rows),
        algorithm="em", tol=1e-13, max_iter=LONG,
    )  # fmt: skip
    onward.fit(rows)
    gained = onward.history_.objective[-1] - fitted.history_.objective[-1]
    return fitted.remaining_gain_, gained, fitted.n_iter_, ROUNDING * abs(fitted.log_likelihood_)


def main():
    warnings.simplefilter("ignore")
    print(
        f"{'problem':22} fits  sweeps  {'estimate':>9} {'truth':>9} {'largest truth':>13}  "
        "truth within 3 estimates"
    )
    every, total = [], 0.0
    for title, rows, make in PROBLEMS:
        found = np.array([remaining(make, rows, seed) for seed in SEEDS])
        estimates, truths, sweeps, rounding = found.T
        within = truths <= 3 * estimates + rounding
        every.extend(within)
        total += sweeps.sum()
        print(
            f"{title:22} {len(found):4} {np.median(sweeps):7.0f}  {np.median(estimates):9.1e} "
            f"{np.median(truths):9.1e} {truths.max():13.1e}  {within.mean():.0%}",
            flush=True,
        )
    print(f"sweeps in all: {total:.0f}")
    print(
        f"{len(every)} fits of {len(PROBLEMS)} problems: the truth is within 3 estimates in "
        f"{np.mean(every):.1%} (asked: 95 %)"
    )


if __name__ == "__main__":
    main()
