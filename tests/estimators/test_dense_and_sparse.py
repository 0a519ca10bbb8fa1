"""The same counts give the same default fit, dense or sparse."""

import warnings

import numpy as np
import pytest
from nightly import first
from scipy.sparse import csr_array

from mixtura import (
    BernoulliMixture,
    GeometricMixture,
    HurdleNegativeBinomialMixture,
    HurdlePoissonMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    ZeroInflatedNegativeBinomialMixture,
    ZeroInflatedPoissonMixture,
)

pytestmark = pytest.mark.drawn(4)

N_ROWS, N_COLUMNS, N_COMPONENTS = 600, 8, 4


def rates(rng: np.random.Generator) -> np.ndarray:
    """Return the rates (N, D) of rows of four components that lie close."""
    each = rng.gamma(1.0, 2.0, size=(N_COMPONENTS, N_COLUMNS))
    return each[rng.integers(N_COMPONENTS, size=N_ROWS)]


def counts(rng: np.random.Generator) -> np.ndarray:
    found = rng.poisson(rates(rng)).astype(float)
    found[found.sum(axis=1) == 0, 0] = 1.0
    return found


def ones(rng: np.random.Generator) -> np.ndarray:
    return (rng.random((N_ROWS, N_COLUMNS)) < 1 - np.exp(-0.3 * rates(rng))).astype(float)


FAMILIES = [
    (MultinomialMixture, counts),
    (BernoulliMixture, ones),
    (PoissonMixture, counts),
    (GeometricMixture, counts),
    (NegativeBinomialMixture, counts),
    (ZeroInflatedPoissonMixture, counts),
    (HurdlePoissonMixture, counts),
    (ZeroInflatedNegativeBinomialMixture, counts),
    (HurdleNegativeBinomialMixture, counts),
]


def fitted(make, rows, seed, y=None, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(N_COMPONENTS, random_state=seed, **{"n_init": 1, **settings}).fit(rows, y)


@pytest.mark.parametrize("seed", first(3, range(20)))
@pytest.mark.parametrize(("make", "draw"), FAMILIES)
def test_defaults_agree(make, draw, seed):
    rows = draw(np.random.default_rng(seed))
    dense, sparse = fitted(make, rows, seed), fitted(make, csr_array(rows), seed)
    np.testing.assert_allclose(sparse.log_likelihood_, dense.log_likelihood_, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(sparse.predict(csr_array(rows)), dense.predict(rows))
    np.testing.assert_array_equal(sparse.predict(rows), dense.predict(csr_array(rows)))


@pytest.mark.parametrize(("make", "draw"), FAMILIES[:3])
def test_so_do_several_starts_and_fits_of_rows_some_of_which_are_known(make, draw):
    rng = np.random.default_rng(3)
    rows = draw(rng)
    y = np.where(rng.random(N_ROWS) < 0.1, rng.integers(N_COMPONENTS, size=N_ROWS), -1)
    for n_init, known in ((4, None), (1, y)):
        dense = fitted(make, rows, 0, known, n_init=n_init)
        sparse = fitted(make, csr_array(rows), 0, known, n_init=n_init)
        np.testing.assert_allclose(sparse.log_likelihood_, dense.log_likelihood_, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("make", "draw"), FAMILIES[:3])
def test_starts_of_many_rows_are_those_of_dense_ones(make, draw):
    """All rows are too many to be made dense, those that starts are looked for on are not."""
    rng = np.random.default_rng(4)
    rows = np.vstack([draw(rng) for _ in range(80)])
    dense, sparse = (fitted(make, each, 0, max_iter=1) for each in (rows, csr_array(rows)))
    begun = [model.history_.objective[0] for model in (dense, sparse)]
    np.testing.assert_allclose(*begun, rtol=1e-12)
