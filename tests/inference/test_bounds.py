"""Jensen's bound and the expected complete-data log-likelihood, against sums written out."""

import numpy as np
import pytest
from plain import CASES, gaussian

from mixtura import GaussianMixture
from mixtura.errors import DataError, ParameterError
from mixtura.inference import elbo, gradient, q_function

every_case = pytest.mark.parametrize("name", CASES)


def written_out(plain, shares, weights):
    joint = plain.mixture.component_log_density(plain.rows) + np.log(plain.mixture.weights)
    return (weights[:, None] * shares * joint).sum()


@every_case
def test_the_expected_log_likelihood_is_the_sum_over_rows_and_components(name):
    plain = CASES[name]()
    weights = np.random.default_rng(0).uniform(0, 2, len(plain.rows))
    shares = plain.mixture.responsibilities(plain.rows)
    expected = written_out(plain, shares, weights)
    assert q_function(
        plain.mixture, plain.rows, sample_weight=weights, missing=plain.missing
    ) == pytest.approx(expected)


@every_case
def test_bound_and_gap_make_up_the_log_likelihood(name):
    plain = CASES[name]()
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(plain.mixture.n_components), len(plain.rows))
    shares[0] = np.eye(plain.mixture.n_components)[0]
    weights = rng.uniform(0, 2, len(plain.rows))
    found = elbo(plain.mixture, plain.rows, shares, weights, missing=plain.missing)
    log_likelihood = weights @ plain.mixture.log_density(plain.rows)
    entropy = -(weights[:, None] * shares * np.log(np.where(shares > 0, shares, 1.0))).sum()
    assert found.value == pytest.approx(written_out(plain, shares, weights) + entropy)
    assert found.log_likelihood == pytest.approx(log_likelihood, rel=1e-12)
    assert found.gap > 0


@every_case
def test_the_posterior_closes_the_gap(name):
    plain = CASES[name]()
    shares = plain.mixture.responsibilities(plain.rows)
    found = elbo(plain.mixture, plain.rows, shares, missing=plain.missing)
    assert found.gap == pytest.approx(0.0, abs=1e-11 * len(plain.rows))


def test_a_rise_of_q_is_a_rise_of_the_log_likelihood_at_least_as_large():
    plain = gaussian("VVV")
    weights, means, rows = plain.mixture.weights, plain.arrays["means"], plain.rows
    step = GaussianMixture(
        2,
        max_iter=1,
        tol=0.0,
        prior=None,
        weights_init=weights,
        means_init=means,
        precisions_init=np.linalg.inv(plain.arrays["covariances"]),
    )
    with pytest.warns(UserWarning, match="converge"):
        better = step.fit(rows).mixture_
    rise = q_function(plain.mixture, rows, better) - q_function(plain.mixture, rows)
    gain = (better.log_density(rows) - plain.mixture.log_density(rows)).sum()
    assert gain >= rise > 0
    assert gradient(better, rows).log_likelihood == pytest.approx(better.log_density(rows).sum())


def test_a_component_of_weight_zero_counts_nothing():
    plain = gaussian("VVV")
    mixture = type(plain.mixture)(
        np.array([1.0, 0.0]), plain.mixture.family, plain.mixture.parameters
    )
    assert np.isfinite(q_function(mixture, plain.rows))
    one = np.eye(2)[np.zeros(len(plain.rows), dtype=int)]
    assert elbo(mixture, plain.rows, one).gap == pytest.approx(0.0, abs=1e-9)
    assert elbo(mixture, plain.rows, one[:, ::-1]).gap == np.inf


def test_what_cannot_be_compared_is_refused():
    plain, other = gaussian("VVV"), gaussian("VVV", 3)
    with pytest.raises(ParameterError, match="3 components"):
        q_function(plain.mixture, plain.rows, other.mixture)
    with pytest.raises(DataError, match="shape"):
        elbo(plain.mixture, plain.rows, np.ones((3, 2)))
    with pytest.raises(DataError, match="sum to 1"):
        elbo(plain.mixture, plain.rows, np.ones((len(plain.rows), 2)))
