"""The bootstrap, against closed forms, and against the information where that holds."""

import numpy as np
import pytest
from plain import CASES, bernoulli, gaussian, multinomial
from scipy.sparse import csr_array

from mixtura import GaussianMixture, MixedMixture, MultinomialMixture
from mixtura.engines import Threads
from mixtura.errors import ParameterError
from mixtura.inference import bootstrap, standard_errors
from mixtura.inference.replicates import aligned, drawn_weights, permuted, seeded
from mixtura.inference.rows import checked

pytestmark = pytest.mark.drawn(3, among="file")

KINDS = ("weighted", "rows", "parametric")


@pytest.fixture(scope="module")
def two_groups():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(0, 1, (180, 2)), rng.normal(5, 1.5, (120, 2))])
    return GaussianMixture(2, random_state=0, tol=1e-10).fit(rows).mixture_, rows


def test_weighted_replicates_of_one_gaussian_are_weighted_moments():
    rows = gaussian("VVV", n_rows=60).rows
    mixture = GaussianMixture(1, prior=None).fit(rows).mixture_
    found = bootstrap(mixture, rows, prior=None, n_replicates=20, random_state=4)
    seed = int(np.random.default_rng(4).integers(2**31))
    for number in range(20):
        weights = drawn_weights(checked(mixture, rows), "weighted", seeded(seed, number))
        mean = weights @ rows / weights.sum()
        deviations = rows - mean
        covariance = (weights[:, None] * deviations).T @ deviations / weights.sum()
        np.testing.assert_allclose(found.replicates["means"][number, 0], mean, rtol=1e-9)
        np.testing.assert_allclose(found.replicates["covariances"][number, 0], covariance)


@pytest.mark.parametrize("kind", KINDS)
def test_its_errors_are_those_of_the_information_where_groups_are_apart(two_groups, kind):
    mixture, rows = two_groups
    found = bootstrap(mixture, rows, kind=kind, n_replicates=200, random_state=0)
    assert found.failed == 0
    expected = standard_errors(mixture, rows, method="sandwich")
    for name, errors in found.standard_errors().items():
        assert np.abs(np.log(errors / expected[name])).max() < 0.3
    for name, bias in found.bias().items():
        assert (np.abs(bias) < expected[name]).all()


def test_intervals_are_between_percentiles(two_groups):
    mixture, rows = two_groups
    found = bootstrap(mixture, rows, n_replicates=50, random_state=1)
    interval = found.confidence_intervals(0.8)["means"]
    values = np.sort(found.replicates["means"], axis=0)
    assert (values[4] < interval.lower).all()
    assert (interval.lower < values[5]).all()
    assert (interval.upper < values[45]).all()


def test_replicates_do_not_depend_on_their_number_nor_on_the_engine(two_groups):
    mixture, rows = two_groups
    one = bootstrap(mixture, rows, n_replicates=6, random_state=3, engine="serial")
    other = bootstrap(mixture, rows, n_replicates=9, random_state=3, engine=Threads(3))
    for name, values in one.replicates.items():
        np.testing.assert_array_equal(values, other.replicates[name][:6])


@pytest.mark.parametrize("name", CASES)
def test_every_family_has_replicates(name):
    plain = CASES[name]()
    for kind in KINDS:
        found = bootstrap(
            plain.mixture,
            plain.rows,
            kind=kind,
            n_replicates=3,
            missing=plain.missing,
            random_state=0,
        )
        for array, values in found.replicates.items():
            assert values.shape == (3 - found.failed, *np.shape(found.estimate[array]))
            # A size is infinite where counts vary no more than a Poisson's.
            assert (np.isfinite(values) | ((array == "sizes") & (values > 0))).all()


def test_row_weights_are_repetitions(two_groups):
    mixture, rows = two_groups
    weights = np.random.default_rng(0).integers(0, 3, len(rows))
    for kind in KINDS:
        found = bootstrap(mixture, rows, weights, kind=kind, n_replicates=100, random_state=1)
        again = bootstrap(
            mixture, rows.repeat(weights, axis=0), kind=kind, n_replicates=100, random_state=2
        )
        one, other = found.standard_errors()["means"], again.standard_errors()["means"]
        assert np.abs(np.log(one / other)).max() < 0.45


def test_components_are_put_in_order():
    for plain in (gaussian("VVV", 3, 2), bernoulli()):
        order = np.array([2, 0, 1])
        shuffled = permuted(plain.mixture, order)
        found = aligned(shuffled, plain.mixture, checked(plain.mixture, plain.rows))
        np.testing.assert_array_equal(found.weights, plain.mixture.weights)


def test_sparse_counts_are_reweighted_and_drawn():
    rows = multinomial().rows
    mixture = MultinomialMixture(2, random_state=0).fit(rows).mixture_
    for kind in KINDS:
        sparse = bootstrap(mixture, csr_array(rows), kind=kind, n_replicates=3, random_state=0)
        dense = bootstrap(mixture, rows, kind=kind, n_replicates=3, random_state=0)
        np.testing.assert_allclose(
            sparse.replicates["weights"], dense.replicates["weights"], rtol=1e-6
        )


def test_mixed_columns_far_from_the_origin_are_fitted_in_a_frame_of_their_own():
    plain = CASES["mixed"]()
    rng = np.random.default_rng(0)
    numbers = plain.rows[:, :3] * 1e-3 + 1e4
    answers = (rng.random((40, 2)) < 0.5) * 1.0
    rows = np.hstack([numbers, answers])
    fit = MixedMixture(2, {"gaussian": [0, 1, 2], "bernoulli": [3, 4]}, random_state=0)
    mixture = fit.fit(rows).mixture_
    found = bootstrap(mixture, rows, n_replicates=5, random_state=0)
    means = found.replicates["gaussian.means"]
    assert np.abs(means - 1e4).max() < 0.1


def test_settings_that_cannot_be_used_are_refused(two_groups):
    mixture, rows = two_groups
    with pytest.raises(ParameterError, match="weighted, rows, parametric"):
        bootstrap(mixture, rows, kind="jackknife")
    with pytest.raises(ParameterError, match="2 at least"):
        bootstrap(mixture, rows, n_replicates=1)
