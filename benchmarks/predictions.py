"""Answers for new rows, every covariance structure, against scikit-learn with the same model."""

import sys
import warnings
from time import perf_counter, process_time

import numpy as np
from sklearn.mixture import GaussianMixture as Peer
from threadpoolctl import threadpool_limits

from mixtura import GaussianMixture
from mixtura.components.gaussian.structures import CODES, STRUCTURES

SHAPES = ((300_000, 8, 10), (100_000, 30, 5), (50_000, 2, 30))
ASKED = ("predict", "score_samples", "predict_proba")
THREADS, REPETITIONS = (1, 2), 3
# What scikit-learn calls the plainest structure that holds each of the fourteen.
HOLDING = {"spherical": "spherical", "diagonal": "diag", "full": "full"}


def fitted(code, rows, n_components):
    """Return a model of that structure, and scikit-learn's of the same parameters."""
    sample = rows[:5000]
    model = GaussianMixture(
        n_components, covariance_type=code, max_iter=3, n_init=1, random_state=0
    ).fit(sample)
    form = STRUCTURES[code]
    kind = "tied" if code == "EEE" else HOLDING[form.storage]
    covariance = model.mixture_.parameters.covariance
    peer = Peer(n_components, covariance_type=kind)
    peer.weights_, peer.means_ = model.mixture_.weights, model.mixture_.parameters.means
    factors = covariance.factors
    peer.precisions_cholesky_ = np.ascontiguousarray(factors[0] if kind == "tied" else factors)
    peer.covariances_ = covariance.covariances()
    peer.n_features_in_ = rows.shape[1]
    return model, peer


def seconds(function, rows):
    """Return wall and CPU time."""
    wall, cpu = perf_counter(), process_time()
    function(rows)
    return np.array([perf_counter() - wall, process_time() - cpu])


def main():
    warnings.simplefilter("ignore")
    print("over scikit-learn: wall (CPU), best of", REPETITIONS)
    for n_rows, n_columns, n_components in SHAPES:
        rng = np.random.default_rng(n_rows)
        centres = 3 * rng.standard_normal((n_components, n_columns))
        rows = centres[rng.integers(n_components, size=n_rows)]
        rows += rng.standard_normal(rows.shape)
        print(f"\nN={n_rows}, D={n_columns}, K={n_components}; ns a row on one thread, then ratios")
        print("     ", *(f"{name:>40}" for name in ASKED))
        for code in sys.argv[1:] or CODES:
            model, peer = fitted(code, rows, n_components)
            cells = []
            for name in ASKED:
                ours, theirs = getattr(model, name), getattr(peer, name)
                assert np.allclose(ours(rows[:999]), theirs(rows[:999]), atol=1e-6)
                told = []
                for n_threads in THREADS:
                    model.n_jobs = n_threads
                    with threadpool_limits(n_threads):
                        pairs = [
                            (seconds(ours, rows), seconds(theirs, rows)) for _ in range(REPETITIONS)
                        ]
                    own, other = np.min(pairs, axis=0)
                    if not told:
                        told.append(f"{own[0] / n_rows * 1e9:6.0f} ns")
                    wall, cpu = other / own
                    told.append(f"{n_threads}: {wall:5.1f} ({cpu:4.1f})")
                cells.append(f"{'  '.join(told):>40}")
            print(f"{code:5}", *cells, flush=True)


if __name__ == "__main__":
    main()
