"""Dispersion of counts: by plain sums, under the model, and where counts vary more."""

import numpy as np
import pytest
from scipy import stats

from mixtura import (
    CategoricalMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
)
from mixtura.inference import dispersion

MEANS = np.array([[12.0, 4.0, 6.0], [3.0, 1.0, 9.0]])


def counts(seed, n_rows=500, size=np.inf):
    rng = np.random.default_rng(seed)
    means = MEANS[(rng.random(n_rows) < 0.6).astype(int)]
    return rng.poisson(means if np.isinf(size) else rng.gamma(size, means / size))


def test_ratios_are_those_of_plain_sums():
    rows = counts(0)
    weights = np.random.default_rng(1).choice([0.0, 0.5, 2.0], len(rows))
    fit = PoissonMixture(2, random_state=0).fit(rows, sample_weight=weights)
    found = dispersion(fit.mixture_, rows, weights)
    shares = weights[:, None] * fit.predict_proba(rows)
    for j in range(3):
        means = fit.rates_[:, j]
        squares = shares * (rows[:, [j]] - means) ** 2 / means
        np.testing.assert_allclose(found.ratios[j, 1:], squares.sum(0) / shares.sum(0))
        assert found.ratios[j, 0] == pytest.approx(squares.sum() / shares.sum())
    zeros = weights @ (rows[:, 1] == 0) / (weights.sum() * fit.weights_ @ np.exp(-fit.rates_[:, 1]))
    assert found.zeros[1] == pytest.approx(zeros)
    # Of the first column next to no zero is expected.
    assert np.isnan(found.zeros[2])


def test_of_one_poisson_z_is_that_of_fisher():
    """With the mean's score x - m projected out: Σ [(x - m)² - x] / m, in its standard errors."""
    x = stats.nbinom(3, 0.4).rvs(400, random_state=2)[:, None]
    fit = PoissonMixture(1, prior=None).fit(x)
    m = x.mean()
    moment = ((x - m) ** 2 / m - 1).ravel()
    score = (x - m).ravel()
    left = moment - score * (score @ moment) / (score @ score)
    found = dispersion(fit.mixture_, x)
    assert found.z[0, 0] == pytest.approx(left.sum() / np.sqrt(left @ left), rel=1e-6)
    assert found.ratios[0, 0] == pytest.approx(x.var() / m)


def test_under_the_model_z_is_about_normal():
    found = []
    for seed in range(40):
        rows = counts(seed, 400)
        fit = PoissonMixture(2, random_state=0, prior=None).fit(rows)
        found.append(dispersion(fit.mixture_, rows).z[:, 0])
    assert np.abs(np.mean(found)) < 0.4
    assert 0.7 < np.std(found) < 1.3


def test_counts_that_vary_more_are_told_and_negative_binomials_fit_them():
    rows = counts(3, 600, size=3.0)
    plain = dispersion(PoissonMixture(2, random_state=0).fit(rows).mixture_, rows)
    assert (plain.ratios[:, 0] > 1.4).all()
    assert (plain.p_values[:, 0] < 1e-4).all()
    varying = NegativeBinomialMixture(2, random_state=0).fit(rows)
    better = dispersion(varying.mixture_, rows)
    assert (np.abs(better.ratios[:, 0] - 1) < 0.2).all()
    assert "Dispersion of counts" in str(plain.summary())


def test_draws_that_vary_more_than_multinomials_are_told():
    rng = np.random.default_rng(4)
    chances = np.array([[0.5, 0.2, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])[rng.integers(0, 2, 300)]
    even = np.array([rng.multinomial(40, own) for own in chances])
    spread = np.array([rng.multinomial(40, rng.dirichlet(30 * own)) for own in chances])
    for rows, low, high in ((even, 0.85, 1.15), (spread, 1.8, 3.0)):
        fit = MultinomialMixture(2, random_state=0).fit(rows)
        found = dispersion(fit.mixture_, rows)
        assert low < found.ratios[0, 0] < high
        shares, totals = fit.predict_proba(rows), rows.sum(axis=1, keepdims=True)
        squares = [
            ((rows - totals * own) ** 2 / (totals * own)).sum(axis=1) / 3
            for own in fit.probabilities_
        ]
        expected = (shares * np.transpose(squares)).sum() / 300
        assert found.ratios[0, 0] == pytest.approx(expected)


def test_missing_cells_and_other_columns_are_left_out():
    rows = counts(5).astype(float)
    rows[np.random.default_rng(6).random(rows.shape) < 0.1] = np.nan
    table = np.column_stack([np.nansum(rows, axis=1) + 0.5, rows])
    fit = MixedMixture(
        2, {"gaussian": [0], "poisson": [1, 2, 3]}, random_state=0, missing="marginal"
    ).fit(table)
    found = dispersion(fit.mixture_, table, missing="marginal")
    assert found.columns == ("x1", "x2", "x3")
    assert np.isfinite(found.z).all()


def test_what_has_no_counts_is_refused():
    rows = np.random.default_rng(7).integers(0, 2, (50, 3))
    with pytest.raises(ParameterError, match="no columns of counts"):
        dispersion(CategoricalMixture(1).fit(rows).mixture_, rows)
    exposed = np.column_stack([counts(8, 60), np.linspace(1, 2, 60)])
    fit = PoissonMixture(1, exposure=3).fit(exposed)
    with pytest.raises(ParameterError, match="exposures"):
        dispersion(fit.mixture_, exposed)
