"""How often confidence intervals hold the truth: 1000 samples of each of five mixtures.

Prints, for every kind of parameter and every method, the share of intervals at level 0.95 that
hold the parameter the sample was drawn from; between 93 % and 97 % is right. About 2 minutes.
"""

import sys
import warnings
from collections import defaultdict

import numpy as np

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GaussianMixture,
    InformationError,
    MultinomialMixture,
)
from mixtura.inference import information

SAMPLES = 1000


def gaussian(covariance_type):
    covariances = {
        "full": [[[1.0, 0.5], [0.5, 1.0]], [[2.0, -0.4], [-0.4, 0.5]]],
        "tied": [[1.0, 0.3], [0.3, 0.7]],
    }[covariance_type]
    means = [[0.0, 0.0], [3.0, 2.0]]
    truth = GaussianMixture.from_parameters(
        [0.4, 0.6], means, covariances, covariance_type=covariance_type
    )
    settings = {"covariance_type": covariance_type, "means_init": means}
    return truth.mixture_, 1000, lambda: GaussianMixture(2, **settings)


def multinomial():
    shares = np.array([[0.5, 0.2, 0.2, 0.1], [0.1, 0.3, 0.2, 0.4]])
    rng = np.random.default_rng(0)
    rows = rng.multinomial(12, shares[rng.integers(0, 2, 400)])
    mixture = MultinomialMixture(2).fit(rows).mixture_
    return mixture, 500, lambda: MultinomialMixture(2)


def latent_classes():
    rng = np.random.default_rng(0)
    shares = np.array([[0.85, 0.8, 0.7, 0.75, 0.9], [0.2, 0.3, 0.15, 0.3, 0.2]])
    rows = rng.random((2000, 5)) < shares[(rng.random(2000) < 0.35).astype(int)]
    mixture = CategoricalMixture(2).fit(rows.astype(int)).mixture_
    return mixture, 1000, lambda: CategoricalMixture(2)


def yes_or_no():
    rng = np.random.default_rng(0)
    shares = np.array([[0.85, 0.8, 0.7, 0.75, 0.9], [0.2, 0.3, 0.15, 0.3, 0.2]])
    rows = rng.random((2000, 5)) < shares[(rng.random(2000) < 0.35).astype(int)]
    mixture = BernoulliMixture(2).fit(rows.astype(int)).mixture_
    return mixture, 1000, lambda: BernoulliMixture(2)


CASES = {
    "Gaussian, full, 1000 rows": lambda: gaussian("full"),
    "Gaussian, tied, 1000 rows": lambda: gaussian("tied"),
    "multinomial, 500 rows of about 12": multinomial,
    "latent classes, 1000 rows": latent_classes,
    "yes or no, 1000 rows": yes_or_no,
}


def values(mixture):
    from mixtura.inference.numbers import Numbers

    numbers = Numbers(mixture, mixture.family)
    return numbers.arranged(numbers.values)


def in_the_order_of(truth, fitted):
    """Return the components of a fit in the order of those of the truth."""
    centres = [np.atleast_2d(next(iter(list(values(m).values())[1:]))) for m in (truth, fitted)]
    near = ((centres[0][:, None] - centres[1][None]) ** 2).sum(axis=2).argmin(axis=1)
    return near if len(set(near.tolist())) == len(near) else None


def coverage(name, samples):
    truth, n_rows, estimator = CASES[name]()
    expected = values(truth)
    hits, trials, refused = defaultdict(int), defaultdict(int), 0
    for seed in range(samples):
        rows, _ = truth.sample(n_rows, seed)
        fit = estimator().set_params(prior=None, random_state=0, engine="serial")
        fitted = fit.fit(rows.astype(int) if rows.dtype.kind == "i" else rows).mixture_
        order = in_the_order_of(truth, fitted)
        if order is None:
            refused += 1
            continue
        fitted = type(fitted)(
            fitted.weights[order], fitted.family, fitted.parameters.take(order.tolist())
        )
        try:
            found = information(fitted, rows, engine="serial")
            for method in ("observed", "scores", "sandwich"):
                for array, ends in found.confidence_intervals(0.95, method).items():
                    inside = (ends.lower <= expected[array]) & (expected[array] <= ends.upper)
                    hits[array, method] += int(inside.sum())
                    trials[array, method] += inside.size
        except InformationError:
            refused += 1
    print(f"{name}: {samples} samples, {refused} refused")
    for (array, method), count in sorted(hits.items()):
        print(f"    {array:14} {method:9} {100 * count / trials[array, method]:5.1f} %")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in CASES:
        coverage(name, int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
