"""The estimators of counts and categories, and rows for each."""

from functools import partial

import numpy as np
import pytest
from columnwise_cases import COLUMNWISE

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DirichletMultinomialMixture,
    MultinomialMixture,
    PoissonMixture,
)
from mixtura.estimators.named import estimator_of

ESTIMATORS = {
    "multinomial": MultinomialMixture,
    "dirichlet_multinomial": DirichletMultinomialMixture,
    "categorical": CategoricalMixture,
    "bernoulli": BernoulliMixture,
    "poisson": PoissonMixture,
    **{name: partial(estimator_of(name), **one.settings) for name, one in COLUMNWISE.items()},
}
every_estimator = pytest.mark.parametrize("kind", ESTIMATORS)


def rows_for(kind, n_rows=120, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n_rows)
    if kind.endswith("multinomial"):
        return rng.multinomial(20, np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])[label])
    if kind == "poisson":
        return rng.poisson(np.array([[1.0, 8.0], [9.0, 2.0]])[label])
    if kind not in ("bernoulli", "categorical"):
        return COLUMNWISE[kind].drawn(rng, label)
    ones = rng.random((n_rows, 4)) < np.where(label, 0.9, 0.1)[:, None]
    return ones.astype(int)
