"""What is certified at a fit's end, against differences of the likelihood written out."""

import json

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura import GaussianMixture, MultinomialMixture, PoissonMixture, select
from mixtura.components.gaussian.prior import WEAK
from mixtura.components.gaussian.structures import CODES
from mixtura.em.certificate import certificate_words
from mixtura.em.history import History, Step
from mixtura.inference import gradient
from mixtura.summary import summary_of


def overlapping(n_rows=200):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_rows, 2)) + np.where(rng.random((n_rows, 1)) < 0.4, 2.0, 0.0)
    return rows, rng.integers(1, 4, n_rows) * 0.5


def counts(n_rows=200):
    rng = np.random.default_rng(1)
    shares = np.array([[0.4, 0.3, 0.3], [0.2, 0.3, 0.5]])
    return rng.multinomial(8, shares[rng.integers(0, 2, n_rows)]) * 1.0


def slopes(function, point, step=1e-5):
    moves = step * np.eye(len(point))
    return np.array([(function(point + m) - function(point - m)) / (2 * step) for m in moves])


def length(log_joint, log_prior, point, weights):
    """Return √(gᵀ I⁻¹ g) by differences; `log_joint` maps parameters to (N, K)."""
    start = log_joint(point)
    shares = np.exp(start - logsumexp(start, axis=1)[:, None])

    def objective(vector):
        return weights @ logsumexp(log_joint(vector), axis=1) + log_prior(vector)

    def expected(vector):
        return weights @ (shares * log_joint(vector)).sum(axis=1) + log_prior(vector)

    slope = slopes(objective, point)
    known = -slopes(lambda vector: slopes(expected, vector, 1e-4), point, 1e-4)
    return float(np.sqrt(slope @ np.linalg.solve(known, slope)))


@pytest.mark.parametrize("prior", [None, "weak"])
@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_the_gradient_norm_of_gaussians_is_that_of_differences(prior):
    rows, weights = overlapping()
    fit = GaussianMixture(2, prior=prior, random_state=0, algorithm="em", max_iter=60)
    fit.set_params(tol=0.0, means_init=[[0, 0], [2, 2]], reg_covar=None)
    fit.fit(rows, sample_weight=weights)

    def unpacked(vector):
        covariances = [np.array([[a, b], [b, c]]) for a, b, c in vector[5:].reshape(2, 3)]
        return vector[:1], vector[1:5].reshape(2, 2), covariances

    def log_joint(vector):
        (share,), means, covariances = unpacked(vector)
        each = [
            multivariate_normal(mean, covariance).logpdf(rows)
            for mean, covariance in zip(means, covariances, strict=True)
        ]
        return np.log([share, 1 - share]) + np.stack(each, axis=1)

    total = weights.sum()
    of_all = np.cov(rows.T, aweights=weights, bias=True)

    def log_prior(vector):
        if prior is None:
            return 0.0
        terms = [
            np.trace(np.linalg.solve(covariance, of_all)) + np.linalg.slogdet(covariance)[1]
            for covariance in unpacked(vector)[2]
        ]
        return -0.5 * WEAK * sum(terms) * total

    entries = fit.covariances_[:, [0, 0, 1], [0, 1, 1]]
    point = np.concatenate([fit.weights_[:1], fit.means_.ravel(), entries.ravel()])
    expected = length(log_joint, log_prior, point, weights)
    assert 1e-3 < expected < 1.0
    assert fit.history_.certificate.gradient_norm == pytest.approx(expected, rel=2e-3)


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_the_gradient_norm_of_multinomials_is_that_of_differences():
    rows = counts()
    fit = MultinomialMixture(2, prior=None, random_state=0, algorithm="em", max_iter=30, tol=0.0)
    fit.fit(rows)

    def log_joint(vector):
        parts = vector[1:].reshape(2, 2)
        shares = np.column_stack([parts, 1 - parts.sum(axis=1)])
        return np.log([vector[0], 1 - vector[0]]) + rows @ np.log(shares).T

    probabilities = fit.mixture_.parameters.probabilities
    point = np.append(fit.mixture_.weights[0], probabilities[:, :2])
    expected = length(log_joint, lambda _: 0.0, point, np.ones(len(rows)))
    assert 1e-3 < expected < 1.0
    assert fit.history_.certificate.gradient_norm == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("estimator", [GaussianMixture, MultinomialMixture, PoissonMixture])
def test_the_residual_of_the_weights_is_that_of_the_gradient(estimator):
    rows = overlapping()[0] if estimator is GaussianMixture else counts()
    fit = estimator(2, random_state=0).fit(rows)
    found = gradient(fit.mixture_, rows)
    assert fit.history_.certificate.kkt_residual == pytest.approx(found.kkt_residual, abs=1e-12)


@pytest.mark.parametrize("code", CODES)
def test_every_structure_is_stationary_where_it_ends(code):
    rows, _ = overlapping()
    fit = GaussianMixture(2, covariance_type=code, tol=1e-11, max_iter=5000, random_state=0)
    certificate = fit.fit(rows).history_.certificate
    assert certificate.gradient_norm < 1e-3
    assert certificate.kkt_residual < 1e-5
    assert fit.history_.largest_fall < 1e-9


def test_a_loose_end_has_a_larger_norm_and_units_do_not_matter():
    rows, _ = overlapping()
    settings = {"means_init": [[0, 0], [2, 2]], "algorithm": "em"}
    norms = [
        GaussianMixture(2, tol=tol, **settings).fit(rows).history_.certificate.gradient_norm
        for tol in (1e-3, 1e-5, 1e-7)
    ]
    assert norms[0] > 3 * norms[1] > 9 * norms[2] > 0
    far = GaussianMixture(2, tol=1e-3, algorithm="em", means_init=[[5e9, 5e9], [7e9, 7e9]])
    moved = far.fit(rows * 1e9 + 5e9).history_.certificate.gradient_norm
    assert moved == pytest.approx(norms[0], rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_a_fit_of_no_iterations_certifies_its_start():
    rows, _ = overlapping()
    start = {"means_init": [[0, 0], [2, 2]], "max_iter": 0}
    certificate = GaussianMixture(2, **start).fit(rows).history_.certificate
    assert certificate.gradient_norm > 0.1


def test_the_largest_fall_is_the_largest():
    objectives = [-9.0, -5.0, -5.5, -4.0, -4.25]
    history = History([Step(value, value, value) for value in objectives])
    assert history.largest_fall == 0.5
    assert History(history.steps[:2]).largest_fall == 0.0
    assert History().largest_fall == 0.0


def test_a_search_certifies_what_it_chose_and_a_summary_says_so():
    rows, _ = overlapping()
    found = select(rows, n_components=range(1, 3), covariance_type=["full", "tied"])
    assert found.result.history.certificate.gradient_norm < 0.1
    facts = found.result.facts()["certificate"]
    assert json.loads(json.dumps(facts)) == facts
    assert certificate_words(facts) in summary_of(found.result.mixture, found.result.facts())
    assert "never fell" in certificate_words({**facts, "largest_fall": 0.0})
    assert "0.25 nats" in certificate_words({**facts, "largest_fall": 0.25})
    assert "not certified" in certificate_words(History().facts())
