"""Row weights of groups that are fitted in compiled code."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.base import clone

from mixtura import GaussianMixture, fit_by

CODES = ("full", "tied", "diag", "spherical", "VEV")


def problem(seed, n_groups=30, n_columns=2):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(60, 200, n_groups)
    names = np.repeat(np.arange(n_groups), sizes)
    rows = rng.normal(size=(len(names), n_columns))
    rows += rng.uniform(0, 5, (n_groups, 1))[names] * rng.integers(2, size=(len(names), 1))
    return rows * [1.0, 30.0][:n_columns], names, rng


def density(fits, name, rows):
    one = fits[name]
    joint = [
        np.log(weight) + multivariate_normal(one.parameters.means[k], c).logpdf(rows)
        for k, (weight, c) in enumerate(zip(one.weights, covariances(one), strict=True))
    ]
    return logsumexp(joint, axis=0)


def covariances(mixture):
    return mixture.parameters.covariance.dense()


@pytest.mark.parametrize("code", CODES)
def test_the_log_likelihood_is_the_weighted_sum_of_densities_of_scipy(code):
    rows, names, rng = problem(1)
    weights = rng.exponential(size=len(rows)) * 1e-3
    fits = fit_by(GaussianMixture(2, covariance_type=code), rows, names, weights=weights)
    fitted = [name for name in fits if name in fits]
    assert len(fitted) > 25
    for name in fitted:
        own = names == name
        expected = weights[own] @ density(fits, name, rows[own])
        assert fits.log_likelihood[name] == pytest.approx(expected, rel=1e-9)
        assert fits.total_weight[name] == pytest.approx(weights[own].sum(), rel=1e-12)


@pytest.mark.parametrize("code", CODES)
def test_a_weighted_step_of_em_by_plain_numpy_gains_nothing(code):
    rows, names, rng = problem(2, 12)
    weights = rng.integers(1, 5, len(rows)).astype(float)
    fits = fit_by(GaussianMixture(2, covariance_type=code), rows, names, weights=weights)
    for name in np.flatnonzero(fits.trusted).tolist():
        own, mixture = names == name, fits[name]
        cells, counted = rows[own], weights[own]
        shares = mixture.responsibilities(cells) * counted[:, None]
        assert_allclose(shares.sum(axis=0) / counted.sum(), mixture.weights, atol=2e-3)
        means = shares.T @ cells / shares.sum(axis=0)[:, None]
        spread = cells.std(axis=0)
        assert_allclose(means / spread, mixture.parameters.means / spread, atol=2e-2)


@pytest.mark.parametrize("code", CODES)
def test_weights_of_one_are_none_and_those_of_zero_are_no_rows(code):
    rows, names, rng = problem(3)
    model = GaussianMixture(2, covariance_type=code, random_state=1)
    plain = fit_by(model, rows, names)
    ones = fit_by(model, rows, names, weights=np.ones(len(rows)))
    assert_allclose(ones.log_likelihood, plain.log_likelihood, rtol=1e-12)
    weights = (rng.random(len(rows)) < 0.8).astype(float)
    some = fit_by(model, rows, names, weights=weights)
    left = fit_by(model, rows[weights > 0], names[weights > 0])
    assert_allclose(some.log_likelihood, left.log_likelihood, rtol=1e-12)
    assert_array_equal(some.n_rows, left.n_rows)


def test_on_new_problems_a_group_seldom_ends_below_that_of_repeated_rows(fresh_seed):
    rows, names, rng = problem(fresh_seed, 200)
    times = rng.integers(1, 5, len(rows))
    model = GaussianMixture(2)
    found = fit_by(model, rows, names, weights=times.astype(float))
    again = fit_by(clone(model), np.repeat(rows, times, axis=0), np.repeat(names, times))
    both = found.trusted & again.trusted
    assert both.mean() > 0.8
    behind = again.log_likelihood[both] - found.log_likelihood[both] > 0.1
    assert behind.mean() < 0.15


def test_the_unit_of_weights_says_nothing_of_the_mixture():
    rows, names, rng = problem(5)
    weights = rng.exponential(size=len(rows))
    model = GaussianMixture(2, random_state=0)
    one = fit_by(model, rows, names, weights=weights)
    other = fit_by(model, rows, names, weights=weights * 4096.0)
    assert_allclose(other.log_likelihood, one.log_likelihood * 4096, rtol=1e-12)
    first, second = ([row["value"] for row in each.components()] for each in (one, other))
    assert_allclose(first, second, rtol=1e-9)


def test_a_group_without_weight_is_told_of_and_not_lost():
    rows, names, _ = problem(6, 4)
    weights = np.where(names == 2, 0.0, 1.0)
    fits = fit_by(GaussianMixture(2), rows, names, weights=weights)
    assert len(fits) == 4
    assert 2 not in fits
    assert fits.notes[2]


def test_weighted_groups_have_the_same_bits_alone_and_among_others():
    rows, names, rng = problem(7, 20)
    weights = rng.exponential(size=len(rows))
    model = GaussianMixture(2, random_state=0, n_jobs=2)
    fits = fit_by(model, rows, names, weights=weights)
    own = names == 11
    alone = fit_by(model, rows[own], names[own], weights=weights[own])
    assert alone.log_likelihood[0] == fits.log_likelihood[11]


@pytest.mark.parametrize("weight", [0.0, 1e-320])
def test_a_group_without_weight_has_no_criterion_and_no_warning(weight):
    rows, names, _ = problem(5, 3)
    weights = np.where(names == 1, weight, 1.0)
    fits = fit_by(GaussianMixture(2), rows, names, weights=weights)
    with np.errstate(all="raise"):
        found = fits.bic
    assert np.isnan(found[1]) == (weight == 0)
    assert np.isfinite(found[[0, 2]]).all()
