"""Binomial components, beside the table of laws: trials, told or taken from the rows."""

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from mixtura import BinomialMixture, DataError, ParameterError, load


def scores(rng, n_rows=300):
    able = rng.random(n_rows) < 0.4
    shares = np.where(able[:, None], [[0.9, 0.7]], [[0.3, 0.2]])
    return rng.binomial([10, 4], shares) * 1.0


def test_two_components_are_what_direct_maximisation_finds():
    rows = scores(np.random.default_rng(0))
    fit = BinomialMixture(2, trials=[10, 4], prior=None, tol=1e-9, random_state=0).fit(rows)

    def loss(x):
        share, chances = 1 / (1 + np.exp(-x[0])), 1 / (1 + np.exp(-x[1:].reshape(2, 2)))
        logs = [binom([10, 4], own).logpmf(rows).sum(axis=1) for own in chances]
        return -np.logaddexp(np.log(share) + logs[0], np.log1p(-share) + logs[1]).sum()

    best = minimize(loss, [0.0, -1.0, -1.0, 1.0, 1.0])
    assert fit.log_likelihood_ == pytest.approx(-best.fun, abs=1e-5)
    found = np.sort(1 / (1 + np.exp(-best.x[1:].reshape(2, 2))), axis=0)
    np.testing.assert_allclose(np.sort(fit.probabilities_, axis=0), found, atol=2e-4)


def test_trials_left_out_are_the_highest_cells_and_said():
    rows = scores(np.random.default_rng(1))
    told, found = (
        BinomialMixture(2, trials=trials, random_state=0).fit(rows) for trials in ([10, 4], None)
    )
    assert found.log_likelihood_ == told.log_likelihood_
    assert "successes in 4 to 10 trial(s)" in found.summary()


def test_a_file_and_columns_taken_keep_their_trials(tmp_path):
    rows = scores(np.random.default_rng(2))
    fit = BinomialMixture(2, trials=[10, 4], random_state=0).fit(rows)
    fit.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(rows), fit.predict_proba(rows))
    law = fit.mixture_.marginal([1])
    expected = fit.weights_ @ binom(4, fit.probabilities_[:, 1, None]).cdf([0, 2, 4])
    np.testing.assert_allclose(law.cdf([0.0, 2.0, 4.0]), expected, rtol=1e-12)


def test_more_successes_than_trials_are_named_with_column_and_row():
    rows = scores(np.random.default_rng(3))
    fit = BinomialMixture(2, trials=[10, 4], random_state=0).fit(rows)
    rows[7, 1] = 5.0
    for ask in (fit.fit, fit.predict, fit.mixture_.predict):
        with pytest.raises(DataError, match=r"column 1 holds 5 at row 7 .* its 4 trials"):
            ask(rows)


def test_equal_probabilities_are_of_all_their_trials():
    rows = scores(np.random.default_rng(5))
    fit = BinomialMixture(1, trials=[10, 4], equal={"probabilities": [[1, 1]]}, prior=None).fit(
        rows
    )
    np.testing.assert_allclose(fit.probabilities_, rows.sum() / (14 * len(rows)), rtol=1e-9)


@pytest.mark.parametrize("trials", [None, [10, 4]])
def test_later_rows_are_of_as_many_trials(trials):
    rows = scores(np.random.default_rng(6))
    fit = BinomialMixture(2, trials=trials, random_state=0).partial_fit(rows[:200])
    fit.partial_fit(np.minimum(rows[200:], 3.0))
    assert fit.mixture_.family.trials == (10, 4)
    with pytest.raises(DataError, match="more than its 10 trials"):
        fit.partial_fit(rows[200:] + 7.0)


@pytest.mark.parametrize(
    ("trials", "said"),
    [(0, "from 1 up"), ("ten", "from 1 up"), (2.5, "from 1 up"), ([3, 3, 3], "of the 2 columns")],
)
def test_what_are_no_trials_is_refused(trials, said):
    with pytest.raises(ParameterError, match=said):
        BinomialMixture(2, trials=trials).fit(scores(np.random.default_rng(4)))


@pytest.mark.parametrize("trials", [10**5, 10**9, 10**12])
def test_of_many_trials_densities_keep_their_digits(trials):
    rng = np.random.default_rng(4)
    chances = np.repeat([0.3, 0.3 + 3 * trials**-0.5], 30)[:, None]
    rows = np.hstack([rng.binomial(trials, chances), rng.binomial(4, 0.5, (60, 1))]) * 1.0
    rows[0], rows[1], rows[2, 0] = 0.0, [trials, 4.0], np.nan
    fit = BinomialMixture(2, trials=[trials, 4], missing="marginal", random_state=0).fit(rows)
    mpmath.mp.dps = 50

    def exact(x, n, p):
        binomial = mpmath.loggamma(n + 1) - mpmath.loggamma(x + 1) - mpmath.loggamma(n - x + 1)
        return binomial + x * mpmath.log(p) + (n - x) * mpmath.log1p(-p)

    def log_density(row):
        cells = [(j, mpmath.mpf(x)) for j, x in enumerate(row) if not np.isnan(x)]
        shares = [[mpmath.mpf(p) for p in own] for own in fit.probabilities_]
        logs = [sum(exact(x, [trials, 4][j], own[j]) for j, x in cells) for own in shares]
        weighed = zip(fit.weights_, logs, strict=True)
        return float(mpmath.log(sum(share * mpmath.exp(own) for share, own in weighed)))

    expected = [log_density(row) for row in rows]
    np.testing.assert_allclose(fit.score_samples(rows), expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("trials", [np.inf, np.nan, -1, [10, np.inf]])
def test_trials_that_are_no_numbers_are_refused_without_a_warning(trials):
    with pytest.raises(ParameterError, match="whole number from 1 up"):
        BinomialMixture(2, trials=trials).fit(scores(np.random.default_rng(5)))


def test_more_trials_than_keep_their_digits_are_refused_by_what_to_fit():
    with pytest.raises(
        ParameterError, match="up to 1,099,511,627,776, but got 2000000000000000; fit shares"
    ):
        BinomialMixture(2, trials=2e15).fit(scores(np.random.default_rng(6)))
