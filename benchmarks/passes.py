"""A pass over 100 000 rows of other forms, relative to the complete, unweighted float64 one.

    python benchmarks/passes.py

All forms are swept by turns, on one thread, and the fastest pass of each counts.
"""

import time

import numpy as np

from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.noise import GaussianNoiseFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.masks import MaskedRows
from mixtura.em.options import FitOptions
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.starts import NeverMet
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

N, D, K, TURNS = 100_000, 10, 10, 15


def swept(family, source, n_components=K):
    """Return a function that makes one pass."""
    sweep = Sweep(family, source, Serial())
    options = FitOptions(NeverMet(), max_iter=1, prior=sweep.prior("weak", n_components))
    labels = np.arange(N) % n_components
    plain = Sweep(getattr(family, "inner", family), ArrayRows(FIRST), Serial())
    if n_components > K:
        from mixtura.em.noise_starts import _noisy

        plain_options = FitOptions(NeverMet(), max_iter=1, prior=plain.prior("weak", K))
        model = _noisy(model_from_labels(plain, np.arange(N) % K, K, plain_options))
    else:
        model = model_from_labels(sweep, labels, n_components, options)
    return lambda: sweep([model])


RNG = np.random.default_rng(1)
FIRST = 2.0 * RNG.normal(size=(K, D))[np.arange(N) % K] + RNG.normal(size=(N, D))


def forms():
    """Return the passes by name."""
    single = FIRST.astype(np.float32)
    known = np.where(RNG.random(N) < 0.2, np.arange(N) % K, -1)
    masks = np.vstack([~np.eye(K, dtype=bool), np.zeros(K, dtype=bool)])
    codes = np.where(known < 0, K, known)

    def family(source):
        return GaussianFamily.of(structure("VVV"), *column_moments(source))

    plain, weighted = ArrayRows(FIRST), ArrayRows(FIRST, RNG.uniform(0.5, 2.0, N))
    noisy = GaussianNoiseFamily.around(family(plain), smallest_box(FIRST))
    return {
        "complete": swept(family(plain), plain),
        "row weights": swept(family(weighted), weighted),
        "noise": swept(noisy, plain, K + 1),
        "float32": swept(family(ArrayRows(single)), ArrayRows(single)),
        "labels": swept(family(plain), MaskedRows(plain, codes, masks)),
    }


def main():
    """Print a table."""
    passes = forms()
    taken = dict.fromkeys(passes, np.inf)
    for _ in range(TURNS):
        for name, once in passes.items():
            began = time.perf_counter()
            once()
            taken[name] = min(taken[name], time.perf_counter() - began)
    print(f"{N} x {D}, K={K}, full covariances")
    for name, seconds in taken.items():
        print(f"{name:>12} {1e9 * seconds / N:7.1f} ns a row {seconds / taken['complete']:6.2f}")


if __name__ == "__main__":
    main()
