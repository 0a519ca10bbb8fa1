"""One EM iteration of full-covariance mixtures, against scikit-learn and oneDAL."""

import os
import subprocess
import sys
import warnings
from functools import partial
from time import perf_counter

import numpy as np
from sklearn.mixture import GaussianMixture as SklearnMixture
from threadpoolctl import threadpool_info

from mixtura import GaussianMixture

# N, D, K, and the ratios asked for: over scikit-learn and over oneDAL.
ROWS = [
    (200_000, 5, 10, 15, 1.8),
    (100_000, 10, 20, 20, 3.0),
    (100_000, 10, 100, 20, 3.5),
    (100_000, 32, 16, 5, 1.6),
    (50_000, 64, 32, 2.5, 1.5),
]
REPETITIONS = int(os.environ.get("REPETITIONS", "5"))
FEW, MANY = 3, 13
WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}


def start(n_rows, n_columns, n_components):
    rng = np.random.default_rng(0)
    centres = 2 * rng.standard_normal((n_components, n_columns))
    labels = rng.integers(n_components, size=n_rows)
    rows = centres[labels] + rng.standard_normal((n_rows, n_columns))
    weights = np.full(n_components, 1 / n_components)
    precisions = np.repeat(np.eye(n_columns)[None], n_components, axis=0)
    return rows, weights, rows[:n_components].copy(), precisions


def seconds_of_estimator(cls, data, iterations):
    rows, weights, means, precisions = data
    model = cls(
        len(weights),
        weights_init=weights,
        means_init=means,
        precisions_init=precisions,
        tol=0.0,
        reg_covar=1e-6,
        max_iter=iterations,
    )
    began = perf_counter()
    model.fit(rows)
    return perf_counter() - began


def seconds_of_onedal(data, iterations):
    import daal4py

    rows, weights, means, precisions = data
    algorithm = daal4py.em_gmm(
        len(weights), maxIterations=iterations, accuracyThreshold=0.0, covarianceStorage="full"
    )
    began = perf_counter()
    algorithm.compute(rows, weights.reshape(1, -1), means, list(precisions))
    return perf_counter() - began


class Timing:
    """The seconds of short and long runs; their best differ by whole iterations."""

    def __init__(self, measure, few, many):
        self.measure, self.few, self.many = measure, few, many
        self.short, self.long = [], []

    def repeat(self, data):
        self.short.append(self.measure(data, self.few))
        self.long.append(self.measure(data, self.many))

    def per_iteration(self):
        return (min(self.long) - min(self.short)) / (self.many - self.few)


def product_rate(size=1500):
    """Return the rate of a square matrix product on all cores, in flops per second."""
    matrix = np.random.default_rng(0).standard_normal((size, size))
    best = np.inf
    for _ in range(5):
        began = perf_counter()
        matrix @ matrix
        best = min(best, perf_counter() - began)
    return 2 * size**3 / best


def main():
    warnings.simplefilter("ignore")
    kernels = {info["architecture"] for info in threadpool_info() if info["user_api"] == "blas"}
    print(f"BLAS kernels: {', '.join(sorted(kernels))}; {os.cpu_count()} cores")
    print(
        f"{'N':>7} {'D':>3} {'K':>4}  ns/row  over scikit-learn (asked)  over oneDAL (asked)"
        "  share of the product rate"
    )
    for n_rows, n_columns, n_components, over_sklearn, over_onedal in ROWS:
        data = start(n_rows, n_columns, n_components)
        ours = Timing(partial(seconds_of_estimator, GaussianMixture), FEW, MANY)
        onedal = Timing(seconds_of_onedal, FEW, MANY)
        sklearn = Timing(partial(seconds_of_estimator, SklearnMixture), 1, 3)
        for repetition in range(REPETITIONS):
            ours.repeat(data)
            onedal.repeat(data)
            if repetition < 2:
                sklearn.repeat(data)
        best = ours.per_iteration()
        n_features = 1 + n_columns + n_columns * (n_columns + 1) // 2
        share = 4 * n_rows * n_components * n_features / best / product_rate()
        print(
            f"{n_rows:>7} {n_columns:>3} {n_components:>4} {best / n_rows * 1e9:7.0f}  "
            f"{sklearn.per_iteration() / best:8.1f} ({over_sklearn})  "
            f"{onedal.per_iteration() / best:18.2f} ({over_onedal})  {share:18.0%}",
            flush=True,
        )


def other_kernels():
    """Return an environment in which OpenBLAS takes other kernels than here, and how to say so."""
    pinned = [name for name in os.environ if name.startswith("OPENBLAS_")]
    if "OPENBLAS_CORETYPE" in pinned:
        free = {name: value for name, value in os.environ.items() if name not in pinned}
        return free, f"without {', '.join(pinned)}, which are set here"
    try:
        with open("/proc/cpuinfo") as file:
            wide = "avx512f" in file.read()
    except OSError:
        wide = False
    if wide and not {info.get("architecture") for info in threadpool_info()} & WIDE:
        return os.environ | {"OPENBLAS_CORETYPE": "SkylakeX"}, "with OPENBLAS_CORETYPE=SkylakeX"
    return None


if __name__ == "__main__":
    main()
    other = other_kernels()
    if other is not None and "--once" not in sys.argv:
        environment, words = other
        print(f"\n{words}:", flush=True)
        subprocess.run([sys.executable, __file__, "--once"], env=environment, check=True)
