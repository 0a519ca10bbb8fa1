"""Dirichlet-multinomial components: counts of draws that vary more than chance."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.stats import dirichlet_multinomial, multinomial

import mixtura
from mixtura import BetaBinomialMixture, DirichletMultinomialMixture, MultinomialMixture, load
from mixtura.components.polya.dirichlet_multinomial import (
    CorrelatedDraws,
    DirichletMultinomialFamily,
)
from mixtura.inference import dispersion, information, standard_errors

SHAPES = np.array([[4.0, 1.0, 1.0, 2.0], [1.0, 2.0, 5.0, 0.5]])


def texts(rng, n_rows=400, shapes=SHAPES):
    label = (rng.random(n_rows) < 0.4).astype(int)
    totals = rng.integers(4, 60, n_rows)
    shares = [rng.dirichlet(shapes[one]) for one in label]
    return np.array([rng.multinomial(*each) for each in zip(totals, shares, strict=True)]) * 1.0


def logs(rows, shapes):
    rows = rows.astype(int)
    return np.array([dirichlet_multinomial.logpmf(row, shapes, int(row.sum())) for row in rows])


def shapes_of(fit):
    both = (1 - fit.correlations_) / fit.correlations_
    return fit.probabilities_ * both[:, None]


def test_densities_are_scipys():
    rows = texts(np.random.default_rng(0))
    rows[0] = 0.0
    totals = SHAPES.sum(axis=1)
    own = CorrelatedDraws(SHAPES / totals[:, None], 1 / (totals + 1))
    found = DirichletMultinomialFamily(5).row_log_density(rows, own)
    for k, shapes in enumerate(SHAPES):
        np.testing.assert_allclose(found[1:, k], logs(rows[1:], shapes), rtol=1e-12)
    np.testing.assert_allclose(found[0], 0.0, atol=1e-13)
    large = 1e5 * rows + 3.0
    careful = DirichletMultinomialFamily(5).row_log_density(large, own)
    np.testing.assert_allclose(careful[:, 0], logs(large, SHAPES[0]), rtol=1e-7)


@pytest.mark.parametrize("prior", [None, "weak"])
def test_one_component_is_what_direct_maximisation_finds(prior):
    rows = texts(np.random.default_rng(1), 300, SHAPES[:1].repeat(2, axis=0))
    fit = DirichletMultinomialMixture(prior=prior).fit(rows)
    best = minimize(lambda x: -logs(rows, np.exp(x)).sum(), np.log(SHAPES[0]), tol=1e-10)
    np.testing.assert_allclose(shapes_of(fit)[0], np.exp(best.x), rtol=0.02 if prior else 1e-4)
    assert fit.log_likelihood_ >= -best.fun - (1e-3 if prior else 1e-8)


def test_two_components_are_no_worse_than_direct_maximisation_finds():
    rows = texts(np.random.default_rng(2))
    fit = DirichletMultinomialMixture(2, prior=None, tol=1e-9, random_state=0).fit(rows)

    def loss(x):
        own = np.exp(x[1:].reshape(2, 4))
        share = 1 / (1 + np.exp(-x[0]))
        one, other = (logs(rows, each) for each in own)
        return -np.logaddexp(np.log(share) + one, np.log1p(-share) + other).sum()

    start = np.r_[np.log(fit.weights_[0] / fit.weights_[1]), np.log(shapes_of(fit)).ravel()]
    assert fit.log_likelihood_ == pytest.approx(-loss(start), abs=1e-8)
    assert fit.log_likelihood_ >= -minimize(loss, start).fun - 1e-5


def test_two_items_in_as_many_draws_are_beta_binomials():
    rng = np.random.default_rng(3)
    hits = rng.binomial(12, rng.beta(2.0, 5.0, 300))
    both = DirichletMultinomialMixture(prior=None).fit(np.column_stack([hits, 12 - hits]))
    one = BetaBinomialMixture(trials=12, prior=None).fit(hits[:, None])
    assert both.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=1e-12)
    assert both.probabilities_[0, 0] == pytest.approx(one.probabilities_.item(), rel=1e-9)
    assert both.correlations_.item() == pytest.approx(one.correlations_.item(), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_rows_that_vary_no_more_than_chance_are_multinomial(seed):
    rng = np.random.default_rng(seed)
    rows = rng.multivariate_hypergeometric([30, 20, 10], 12, 200) * 1.0
    fit = DirichletMultinomialMixture(prior=None).fit(rows)
    plain = MultinomialMixture(prior=None).fit(rows)
    assert fit.correlations_.item() == 0.0
    np.testing.assert_allclose(fit.probabilities_, plain.probabilities_, rtol=1e-14)
    assert fit.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-12)
    errors = standard_errors(fit.mixture_, rows, boundary="hold")
    others = standard_errors(plain.mixture_, rows)
    np.testing.assert_allclose(errors["probabilities"], others["probabilities"], rtol=1e-6)


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
def test_rows_that_are_each_of_one_item_are_one_answer():
    rows = np.repeat(np.diag([7.0, 3.0, 5.0]), [20, 30, 50], axis=0)
    fit = DirichletMultinomialMixture(prior=None).fit(rows)
    np.testing.assert_allclose(fit.probabilities_, [[0.2, 0.3, 0.5]], rtol=1e-12)
    assert fit.correlations_.item() == 1.0
    expected = sum(n * np.log(n / 100) for n in (20, 30, 50))
    assert fit.log_likelihood_ == pytest.approx(expected, rel=1e-12)
    drawn = fit.sample(50)[0]
    assert ((drawn > 0).sum(axis=1) == 1).all()
    same = DirichletMultinomialMixture(prior=None).fit(rows[:20])
    assert same.log_likelihood_ == pytest.approx(0.0, abs=1e-12)
    assert same.correlations_.item() == 0.0


def test_an_item_that_nobody_has_and_rows_without_draws_are_no_matter():
    rows = texts(np.random.default_rng(4))
    fit = DirichletMultinomialMixture(prior=None).fit(rows)
    more = np.vstack([np.insert(rows, 2, 0.0, axis=1), np.zeros((3, 5))])
    with pytest.warns(match="column 2"):
        other = DirichletMultinomialMixture(prior=None).fit(more)
    assert other.log_likelihood_ == pytest.approx(fit.log_likelihood_, rel=1e-12)
    assert other.probabilities_[0, 2] == 0.0


def test_scores_and_curvature_are_those_of_finite_differences():
    rows = texts(np.random.default_rng(5), 150)
    fit = DirichletMultinomialMixture(2, prior=None, tol=1e-10, random_state=0).fit(rows)
    errors = standard_errors(fit.mixture_, rows)

    def loss(x):
        own = [np.append(part, 1.0 - part.sum()) for part in x[1:7].reshape(2, 3)]
        shapes = [p * (1 / rho - 1) for p, rho in zip(own, x[7:], strict=True)]
        one, other = (logs(rows, each) for each in shapes)
        return -np.logaddexp(np.log(x[0]) + one, np.log1p(-x[0]) + other).sum()

    point = np.r_[fit.weights_[0], fit.probabilities_[:, :3].ravel(), fit.correlations_]
    steps = 1e-4 * np.eye(len(point))
    hessian = np.array(
        [
            [
                (loss(point + a + b) - loss(point + a - b) - loss(point - a + b)
                 + loss(point - a - b)) / 4e-8
                for b in steps
            ]
            for a in steps
        ]
    )  # fmt: skip
    told = np.sqrt(np.diag(np.linalg.inv(hessian)))
    found = np.r_[
        errors["weights"][0], errors["probabilities"][:, :3].ravel(), errors["correlations"]
    ]
    np.testing.assert_allclose(found, told, rtol=2e-3)
    assert information(fit.mixture_, rows) is not None


def test_sparse_rows_parts_and_files_are_the_same(tmp_path):
    rows = texts(np.random.default_rng(6))
    dense, sparse = (
        DirichletMultinomialMixture(2, random_state=0).fit(X) for X in (rows, csr_array(rows))
    )
    assert dense.log_likelihood_ == pytest.approx(sparse.log_likelihood_, rel=1e-9)
    dense.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(rows), dense.predict_proba(rows))
    parts = DirichletMultinomialMixture(2, random_state=0)
    parts.partial_fit(rows[:200]).partial_fit(csr_array(rows[200:]))
    order = np.argsort(parts.probabilities_[:, 0])
    other = np.argsort(dense.probabilities_[:, 0])
    np.testing.assert_allclose(parts.probabilities_[order], dense.probabilities_[other], atol=0.03)


def test_weights_are_repeats_of_rows():
    rows = texts(np.random.default_rng(7), 80)
    weights = np.arange(80) % 4
    one = DirichletMultinomialMixture(2, random_state=0, prior=None).fit(
        rows, sample_weight=weights
    )
    other = DirichletMultinomialMixture(2, random_state=0, prior=None).fit(
        np.repeat(rows, weights, axis=0)
    )
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-5)


def test_fewer_components_are_found_than_of_multinomials_that_vary_by_chance():
    rows = texts(np.random.default_rng(8), 300)
    own = DirichletMultinomialMixture(random_state=0)
    plain = MultinomialMixture(random_state=0)
    assert own.select(rows, range(1, 5)).best.n_components == 2
    assert plain.select(rows, range(1, 5)).best.n_components == 4
    assert (np.abs(dispersion(own.mixture_, rows).z) < 4).all()
    assert dispersion(plain.mixture_, rows).ratios[0, 0] > 1.5


def test_rows_drawn_have_the_moments_that_are_said():
    fit = DirichletMultinomialMixture(prior=None).fit(
        texts(np.random.default_rng(9), 300, SHAPES[:1].repeat(2, axis=0))
    )
    family = DirichletMultinomialFamily(5, totals=np.array([20]))
    drawn = family.sample(
        fit.mixture_.parameters, np.zeros(40_000, dtype=int), np.random.default_rng(0)
    )
    p, rho = fit.probabilities_[0], fit.correlations_.item()
    np.testing.assert_allclose(drawn.mean(axis=0), 20 * p, rtol=0.02)
    np.testing.assert_allclose(drawn.var(axis=0), 20 * p * (1 - p) * (1 + 19 * rho), rtol=0.05)


def test_noise_finds_rows_of_its_own():
    rng = np.random.default_rng(10)
    rows = texts(rng, 300, np.array([[40.0, 2.0, 2.0, 2.0], [2.0, 2.0, 40.0, 2.0]]))
    rows[:20] = [rng.multinomial(30, rng.dirichlet(np.ones(4))) for _ in range(20)]
    fit = DirichletMultinomialMixture(2, noise="uniform", random_state=0).fit(rows)
    assert (fit.predict(rows)[20:] >= 0).mean() > 0.95
    assert 0.02 < fit.weights_[-1] < 0.15


def test_a_single_draw_a_row_is_refused_as_of_multinomials():
    rows = np.eye(3)[np.random.default_rng(0).integers(0, 3, 50)]
    with pytest.raises(mixtura.NonIdentifiableError, match="DirichletMultinomialMixture"):
        DirichletMultinomialMixture(2).fit(rows)
    one = DirichletMultinomialMixture(prior=None).fit(rows)
    assert one.log_likelihood_ == pytest.approx(
        multinomial(1, rows.mean(axis=0)).logpmf(rows).sum(), rel=1e-12
    )
