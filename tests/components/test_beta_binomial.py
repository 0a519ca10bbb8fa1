"""Beta-binomial components, beside the table of laws: their ends, and what other systems found."""

import numpy as np
import pytest
from mpmath import mp
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.stats import betabinom, binom

from mixtura import BetaBinomialMixture, BinomialMixture, DataError, Mixture, load
from mixtura.components.polya.beta_binomial import BetaBinomialFamily, CorrelatedTrials
from mixtura.inference import dispersion

# Boys among the first 12 children of families in Saxony (Geissler 1889; Lindsey and Altham 1998).
BOYS = [3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7]


def answers(rng, n_rows=400):
    """Return right answers of ten and of four, of two kinds of people who differ."""
    able = rng.random(n_rows) < 0.4
    a = np.where(able[:, None], [[6.0, 4.0]], [[2.0, 1.0]])
    b = np.where(able[:, None], [[1.5, 1.0]], [[5.0, 4.0]])
    return betabinom([10, 4], a, b).rvs(random_state=rng) * 1.0


def test_families_of_saxony_are_fitted_as_published():
    fit = BetaBinomialMixture(trials=12, prior=None).fit(
        np.arange(13.0)[:, None], sample_weight=np.array(BOYS)
    )
    p, correlation = fit.probabilities_.item(), fit.correlations_.item()
    size = 1.0 / correlation - 1.0
    assert p * size == pytest.approx(34.096, rel=1e-3)
    assert (1.0 - p) * size == pytest.approx(31.572, rel=1e-3)
    assert 2 * fit.n_parameters_ - 2 * fit.log_likelihood_ == pytest.approx(24989.74, abs=0.01)


def test_two_components_are_what_direct_maximisation_finds():
    rows = answers(np.random.default_rng(0), 1500)
    fit = BetaBinomialMixture(2, trials=[10, 4], prior=None, tol=1e-9, random_state=0).fit(rows)

    def loss(x):
        own = np.exp(x[1:].reshape(2, 2, 2))
        logs = [betabinom([10, 4], *each).logpmf(rows).sum(axis=1) for each in own]
        share = 1 / (1 + np.exp(-x[0]))
        return -np.logaddexp(np.log(share) + logs[0], np.log1p(-share) + logs[1]).sum()

    p, correlations = fit.probabilities_, fit.correlations_
    both = (1 - correlations) / correlations
    there = np.log(np.stack([p * both, (1 - p) * both], axis=1))
    start = np.r_[np.log(fit.weights_[0] / fit.weights_[1]), there.ravel()]
    assert fit.log_likelihood_ == pytest.approx(-loss(start), abs=1e-8)
    assert fit.log_likelihood_ >= -minimize(loss, start).fun - 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_vary_no_more_than_a_binomials_are_one(seed):
    rng = np.random.default_rng(seed)
    rows = rng.hypergeometric(40, 60, 12, (300, 1)) * 1.0
    fit = BetaBinomialMixture(trials=12, prior=None).fit(rows)
    plain = BinomialMixture(trials=12, prior=None).fit(rows)
    assert fit.correlations_.item() == 0.0
    assert fit.probabilities_.item() == pytest.approx(plain.probabilities_.item(), rel=1e-14)
    assert fit.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-13)
    assert "vary no more in 'x0' than a binomial's" in fit.summary()
    points = np.arange(13.0)
    np.testing.assert_allclose(
        fit.mixture_.cdf(points), binom(12, rows.mean() / 12).cdf(points), rtol=1e-12
    )


def test_trials_that_all_come_out_alike_are_one_answer():
    rows = np.repeat([[0.0], [9.0]], [30, 70], axis=0)
    fit = BetaBinomialMixture(trials=9, prior=None).fit(rows)
    assert (fit.probabilities_.item(), fit.correlations_.item()) == (0.7, 1.0)
    assert fit.log_likelihood_ == pytest.approx(30 * np.log(0.3) + 70 * np.log(0.7), rel=1e-12)
    assert "all successes or all failures in 'x0'" in fit.summary()
    np.testing.assert_allclose(fit.mixture_.cdf([0.0, 8.0, 9.0]), [0.3, 0.3, 1.0], rtol=1e-12)
    assert set(np.unique(fit.mixture_.sample(200, random_state=0)[0])) == {0.0, 9.0}


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
@pytest.mark.parametrize("value", [0.0, 4.0, 9.0])
def test_rows_that_are_all_alike_vary_not_at_all(value):
    fit = BetaBinomialMixture(trials=9, prior=None).fit(np.full((20, 1), value))
    assert fit.correlations_.item() == 0.0
    assert fit.probabilities_.item() == value / 9
    assert fit.log_likelihood_ == pytest.approx(20 * binom(9, value / 9).logpmf(value), abs=1e-12)


def test_one_trial_tells_no_correlation():
    rows = np.repeat([[0.0], [1.0]], [3, 5], axis=0)
    fit = BetaBinomialMixture(trials=1, prior=None).fit(rows)
    assert (fit.probabilities_.item(), fit.correlations_.item()) == (0.625, 0.0)


@pytest.mark.parametrize("trials", [3, 12, 400, 10**6])
@pytest.mark.parametrize("correlation", [1e-12, 1e-4, 0.2, 0.999])
def test_masses_have_all_digits_whatever_trials_and_correlations(trials, correlation):
    family = BetaBinomialFamily(1, trials=trials)
    own = CorrelatedTrials(np.array([[0.3]]), np.array([[correlation]]))
    counts = np.unique(np.round(np.linspace(0, trials, 7)))
    found = family.row_log_density(counts[:, None], own)[:, 0]
    with mp.workdps(60):
        both = (1 - mp.mpf(correlation)) / mp.mpf(correlation)
        a, b = mp.mpf(0.3) * both, (1 - mp.mpf(0.3)) * both

        def log_beta(x, y):
            return mp.loggamma(x) + mp.loggamma(y) - mp.loggamma(x + y)

        for count, log in zip(map(int, counts), found, strict=True):
            ways = -mp.log(trials + 1) - log_beta(count + 1, trials - count + 1)
            told = ways + log_beta(count + a, trials - count + b) - log_beta(a, b)
            assert log == pytest.approx(float(told), rel=1e-11, abs=1e-10)


def test_many_trials_are_fitted_as_their_likelihood_says():
    rng = np.random.default_rng(6)
    rows = betabinom(10**6, 3.0, 9.0).rvs(500, random_state=rng)[:, None] * 1.0
    fit = BetaBinomialMixture(trials=10**6, prior=None).fit(rows)
    size = 1 / fit.correlations_.item() - 1
    there = np.log([fit.probabilities_.item() * size, (1 - fit.probabilities_.item()) * size])

    def loss(x):
        return -betabinom(10**6, *np.exp(x)).logpmf(rows).sum()

    best = minimize(loss, there, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    # SciPy's masses have ten digits of numbers of 1e7 there.
    np.testing.assert_allclose(there, best.x, atol=1e-3)
    assert fit.log_likelihood_ == pytest.approx(-best.fun, abs=1e-4)


def test_sparse_rows_are_the_same_rows():
    rows = answers(np.random.default_rng(1))
    dense, sparse = (
        BetaBinomialMixture(2, trials=[10, 4], random_state=0).fit(X)
        for X in (rows, csr_array(rows))
    )
    assert dense.log_likelihood_ == pytest.approx(sparse.log_likelihood_, rel=1e-9)


def test_a_file_keeps_trials_and_more_successes_than_these_are_named(tmp_path):
    rows = answers(np.random.default_rng(2))
    fit = BetaBinomialMixture(2, trials=[10, 4], random_state=0).fit(rows)
    fit.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(rows), fit.predict_proba(rows))
    rows[7, 1] = 5.0
    with pytest.raises(DataError, match=r"column 1 holds 5 at row 7 .* its 4 trials"):
        again.predict(rows)


def test_rows_drawn_vary_as_much_as_the_components_say():
    rng = np.random.default_rng(3)
    rows = answers(rng, 4000)
    fit = BetaBinomialMixture(2, trials=[10, 4], random_state=0).fit(rows)
    assert (np.abs(dispersion(fit.mixture_, rows).z) < 4).all()
    plain = BinomialMixture(2, trials=[10, 4], random_state=0).fit(rows)
    assert dispersion(plain.mixture_, rows).ratios[0, 0] > 1.3
    drawn = fit.mixture_.sample(200_000, random_state=0)[0]
    np.testing.assert_allclose(drawn.mean(axis=0), fit.mixture_.mean(), rtol=0.01)
    np.testing.assert_allclose(np.cov(drawn.T), fit.mixture_.covariance(), rtol=0.03, atol=0.02)


def test_rows_of_any_probability_and_correlation_are_drawn():
    p = np.array([[0.0, 1.0, 0.3], [0.3, 0.7, 1.0]])
    correlations = np.array([[0.5, 0.5, 1.0], [1e-300, 1.0 - 1e-16, 0.0]])
    mixture = Mixture(
        np.array([0.5, 0.5]), BetaBinomialFamily(3, trials=5), CorrelatedTrials(p, correlations)
    )
    rows, labels = mixture.sample(400, random_state=0)
    assert (rows[labels == 0, 0] == 0).all()
    assert (rows[labels == 0, 1] == 5).all()
    assert set(rows[labels == 0, 2]) == {0, 5}
    assert np.isfinite(mixture.log_density(rows)).all()
