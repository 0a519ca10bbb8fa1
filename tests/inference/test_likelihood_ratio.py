"""The bootstrap likelihood-ratio test, against mclust's, and its level under the null."""

import numpy as np
import pytest
from oracles import dataset, mclust
from plain import gaussian
from scipy.sparse import csr_array

from mixtura import CategoricalMixture, GaussianMixture, MultinomialMixture, PoissonMixture
from mixtura.engines import Threads
from mixtura.errors import DataError, ParameterError
from mixtura.inference import likelihood_ratio_test

pytestmark = pytest.mark.drawn(3, among="file")


def fitted(name, n_components, model):
    rows = dataset(name).values
    fit = GaussianMixture(n_components, covariance_type=model, n_init=5, random_state=0)
    return fit.fit(rows).mixture_, rows


@pytest.mark.parametrize(("name", "place"), [("acidity", 0), ("acidity", 1), ("faithful", 0)])
def test_what_mclust_rejects_is_rejected(name, place):
    reference = mclust("bootstrap_lrt")[name]
    expected = reference["tests"][place]
    mixture, rows = fitted(name, expected["null_G"], reference["model"])
    found = likelihood_ratio_test(mixture, rows, n_replicates=39, n_init=1, random_state=0)
    share = (1 + (found.replicates >= expected["lrts"]).sum()) / (1 + len(found.replicates))
    assert abs(share - expected["p_value"]) < 3.5 * np.sqrt(0.05 * 0.95 / 39)
    assert found.p_value <= 0.13
    assert found.alternative.n_components == expected["alternative_G"]


def test_the_statistic_is_mclusts_where_both_found_the_same_maxima():
    reference = mclust("bootstrap_lrt")["faithful"]["tests"][0]
    mixture, rows = fitted("faithful", 1, "VVV")
    found = likelihood_ratio_test(mixture, rows, n_replicates=19, random_state=0)
    assert found.statistic == pytest.approx(reference["lrts"], abs=0.02)
    assert found.p_value == 1 / 20
    assert not found.stopped_early


def test_a_p_value_of_mclusts_is_met_to_monte_carlo_error():
    reference = mclust("bootstrap_lrt")["acidity"]["tests"][2]
    mixture, rows = fitted("acidity", 3, "V")
    found = likelihood_ratio_test(
        mixture, rows, n_replicates=128, exceedances=None, n_init=4, random_state=0
    )
    p_value = (found.replicates >= reference["lrts"]).mean()
    error = np.sqrt(0.31 * 0.69 * (1 / 128 + 1 / 499))
    assert abs(p_value - reference["p_value"]) < 3 * error
    assert found.statistic > reference["lrts"] - 0.05


@pytest.mark.nightly
def test_under_the_null_p_values_are_uniform():
    rng = np.random.default_rng(0)
    p_values = []
    for seed in range(30):
        rows = rng.normal(0, 1, (40, 1))
        mixture = GaussianMixture(1, covariance_type="tied").fit(rows).mixture_
        found = likelihood_ratio_test(
            mixture, rows, n_replicates=19, exceedances=None, n_init=1, random_state=seed
        )
        p_values.append(found.p_value)
    assert abs(np.mean(p_values) - 0.525) < 3.5 * 0.29 / np.sqrt(30)
    assert np.mean(np.array(p_values) <= 0.25) == pytest.approx(0.25, abs=0.24)


def test_it_stops_when_the_answer_is_clear():
    rng = np.random.default_rng(1)
    rows = rng.normal(0, 1, (80, 1))
    mixture = GaussianMixture(1).fit(rows).mixture_
    found = likelihood_ratio_test(mixture, rows, exceedances=5, n_init=1, random_state=0)
    assert found.stopped_early
    assert (found.replicates >= found.statistic).sum() == 5
    assert found.p_value == 5 / len(found.replicates)
    again = likelihood_ratio_test(
        mixture, rows, exceedances=5, n_init=1, random_state=0, engine=Threads(3)
    )
    np.testing.assert_array_equal(found.replicates, again.replicates)


def test_latent_classes_are_tested_too():
    rng = np.random.default_rng(0)
    label = rng.random(300) < 0.5
    shares = np.where(label[:, None], 0.85, 0.15)
    rows = (rng.random((300, 5)) < shares).astype(int)
    one = CategoricalMixture(1).fit(rows).mixture_
    found = likelihood_ratio_test(one, rows, n_replicates=19, n_init=1, random_state=0)
    assert found.p_value == 1 / 20


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_a_fit_split_leads_as_far_as_many_starts(noise):
    rng = np.random.default_rng(4)
    shares = np.array([[0.9, 0.9, 0.1, 0.1], [0.1, 0.9, 0.9, 0.1], [0.1, 0.1, 0.9, 0.9]])
    rows = (rng.random((400, 4)) < shares[rng.integers(3, size=400)]) * 1
    rows = np.hstack([rows, (rng.random((400, 2)) < 0.5) * 1])
    fits = [
        CategoricalMixture(size, n_init=20, noise=noise, prior=None, random_state=0).fit(rows)
        for size in (2, 3)
    ]
    found = likelihood_ratio_test(
        fits[0].mixture_, rows, n_replicates=1, prior=None, random_state=0
    )
    best = 2 * (fits[1].log_likelihood_ - fits[0].log_likelihood_)
    assert best - 1.0 < found.statistic < best + 0.1


def test_sparse_counts_are_tested_as_dense_ones_are():
    rng = np.random.default_rng(0)
    shares = np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]])
    rows = rng.multinomial(6, shares[rng.integers(0, 2, 120)]) * 1.0
    found = []
    for counts in (rows, csr_array(rows)):
        one = MultinomialMixture(1).fit(counts).mixture_
        found.append(likelihood_ratio_test(one, counts, n_replicates=9, n_init=1, random_state=0))
    assert found[0].p_value == found[1].p_value == 0.1
    assert found[0].statistic == pytest.approx(found[1].statistic, abs=0.02)


@pytest.mark.nightly
def test_beside_noise_a_second_cluster_is_found_and_a_third_is_not():
    rng = np.random.default_rng(5)
    apart = rng.normal(0, 1, (120, 2)), rng.normal(7, 1, (120, 2))
    rows = np.vstack([*apart, rng.uniform(-10, 16, (24, 2))])
    p_values = []
    for n_components in (1, 2):
        estimator = GaussianMixture(
            n_components, covariance_type="spherical", noise="uniform", random_state=0
        )
        mixture = estimator.fit(rows).mixture_
        found = likelihood_ratio_test(mixture, rows, n_replicates=19, n_init=1, random_state=0)
        assert found.n_components == n_components
        assert found.alternative.labels.tolist() == [*range(n_components + 1), -1]
        p_values.append(found.p_value)
    assert p_values[0] == 1 / 20
    assert p_values[1] > 0.1


def test_what_cannot_be_tested_is_refused():
    plain = gaussian("VVV")
    for name, wrong in (
        ("n_replicates", 0),
        ("n_replicates", 2.5),
        ("n_init", "few"),
        ("exceedances", -1),
        ("exceedances", 2.5),
    ):
        with pytest.raises(ParameterError, match=f"{name} should be a whole number from 1 up"):
            likelihood_ratio_test(plain.mixture, plain.rows, **{name: wrong})


@pytest.mark.parametrize("make", [GaussianMixture, PoissonMixture])
@pytest.mark.parametrize("n_rows", [1, 5])
def test_rows_that_say_nothing_are_no_rows_to_test(make, n_rows):
    rows = np.random.default_rng(0).poisson(4.0, (30, 2)).astype(float)
    mixture = make(1).fit(rows).mixture_
    few = rows[:n_rows].copy()
    few[1:] = np.nan
    with pytest.raises(DataError, match=f"of {n_rows} row.* 1 has weight.*two at least"):
        likelihood_ratio_test(mixture, few, missing="marginal", n_replicates=2)
    with pytest.raises(DataError, match=r"of 30 row.* 1 has weight.*two at least"):
        likelihood_ratio_test(mixture, rows, np.eye(30)[3], n_replicates=2)
