"""Values known as intervals: how often 95 % intervals hold the truth, and the time of a fit.

Rows are drawn anew for each fit, and known in bins as wide as a component's deviation, or censored
below a limit that a third of them lie under.
"""

import sys
import time
import warnings

import numpy as np

from mixtura import GaussianMixture, IntervalGaussianMixture
from mixtura.errors import InformationError

WEIGHTS, MEANS, VARIANCES = np.array([0.6, 0.4]), np.array([5.0, 0.0]), np.array([1.5, 1.0])
LIMIT = 0.5


def drawn(rng, n):
    labels = rng.choice(2, n, p=WEIGHTS)
    return (MEANS[labels] + np.sqrt(VARIANCES[labels]) * rng.standard_normal(n))[:, None]


def binned(values):
    return np.floor(values), np.floor(values) + 1.0


def censored(values):
    return np.where(values < LIMIT, -np.inf, values), np.maximum(values, LIMIT)


def coverage(kind, n_rows, n_fits):
    """Return the share of fits whose interval holds the truth, by parameter."""
    truth = {"weights": WEIGHTS, "means": MEANS[:, None], "covariances": VARIANCES[:, None]}
    held, counted = {name: np.zeros(each.shape) for name, each in truth.items()}, 0
    for seed in range(n_fits):
        low, high = kind(drawn(np.random.default_rng([n_rows, seed]), n_rows))
        model = IntervalGaussianMixture(2, random_state=0).fit(low, upper=high)
        order = np.argsort(-model.means_[:, 0])
        try:
            ends = model.information(low, high).confidence_intervals()
        except InformationError:
            continue
        counted += 1
        for name, each in truth.items():
            lower, upper = ends[name].lower[order], ends[name].upper[order]
            held[name] += (lower <= each) & (each <= upper)
    return {name: each.ravel() / counted for name, each in held.items()}, n_fits - counted


def main(n_fits):
    for kind in (binned, censored):
        for n_rows in (400, 2000):
            found, failed = coverage(kind, n_rows, n_fits)
            shown = "  ".join(f"{name} {each.round(3)}" for name, each in found.items())
            print(f"{kind.__name__:9} {n_rows:5} rows, {n_fits} fits, {failed} failed: {shown}")
    values = drawn(np.random.default_rng(0), 100_000)
    plain = time.process_time()
    GaussianMixture(2, random_state=0).fit(values)
    own = time.process_time()
    low, high = binned(values)
    model = IntervalGaussianMixture(2, random_state=0).fit(low, upper=high)
    ended = time.process_time()
    print(
        f"100 000 rows: {ended - own:.2f} CPU seconds in bins ({model.n_iter_} sweeps), "
        f"{own - plain:.2f} known exactly"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
