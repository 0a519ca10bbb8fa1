"""Contaminated normal components: SciPy's direct maximum, plain EM, laws, and wild rows."""

import numpy as np
import pandas as pd
import pytest
from nightly import first
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import mixtura
from mixtura import ContaminatedMixture, GaussianMixture, select
from mixtura.components.gaussian.structures import CODES

pytestmark = pytest.mark.drawn(3, among="file")


def drawn(seed, n=600, n_columns=2, share=0.08, wider=30.0):
    """Return rows of two components, and which of them are bad."""
    rng = np.random.default_rng(seed)
    label, bad = rng.integers(0, 2, n), rng.random(n) < share
    half = np.linalg.cholesky(np.eye(n_columns) + 0.4)
    rows = rng.normal(size=(n, n_columns)) @ half.T * np.where(bad, np.sqrt(wider), 1)[:, None]
    return rows + np.where(label, 9.0, 0.0)[:, None], bad


def fitted(rows, k=2, **settings):
    return ContaminatedMixture(k, **{"random_state": 0, **settings}).fit(rows)


def log_joint(rows, weights, means, covariances, shares, inflations):
    """Return log π_k + log of good and of bad rows' densities (2, n, K), by SciPy."""
    parts = []
    for times, chances in ((np.ones(len(weights)), shares), (inflations, 1 - shares)):
        logs = [
            multivariate_normal.logpdf(rows, mean, factor * covariance) + np.log(weight * chance)
            for mean, covariance, factor, weight, chance in zip(
                means, covariances, times, weights, chances, strict=True
            )
        ]
        parts.append(np.reshape(logs, (len(weights), -1)).T)
    return np.stack(parts)


def log_likelihood(*given):
    return float(np.logaddexp.reduce(np.logaddexp(*log_joint(*given)), axis=1).sum())


def numbers_of(model):
    dense = model.mixture_.parameters.covariance.dense()
    return model.weights_, model.means_, dense, model.good_shares_, model.inflations_


def assert_sound(model, rows):
    assert model.log_likelihood_ == pytest.approx(
        log_likelihood(rows, *numbers_of(model)), rel=1e-10
    )
    assert model.log_likelihood_ == pytest.approx(model.score_samples(rows).sum(), rel=1e-10)
    steps = np.diff(model.history_.objective)
    assert (steps >= -1e-9 * abs(model.log_likelihood_)).all()


@pytest.mark.parametrize("code", first(4, ["VVV", "EEE", "VII", "VEV", *CODES]))
def test_the_objective_never_falls_and_the_end_is_stationary(code):
    rows, _ = drawn(1, n_columns=3)
    model = fitted(rows, covariance_type=code)
    assert_sound(model, rows)
    assert model.converged_
    assert model.history_.certificate.gradient_norm < 0.1
    plain = GaussianMixture(2, covariance_type=code, random_state=0).fit(rows)
    assert model.n_parameters_ == plain.n_parameters_ + 4
    assert model.log_likelihood_ > plain.log_likelihood_


def test_no_maximum_that_scipy_finds_is_higher():
    rows, _ = drawn(2, 300)
    model = fitted(rows, prior=None)
    lower = np.tril_indices(2)

    def parted(point):
        first = 1 / (1 + np.exp(-point[0]))
        halves = np.zeros((2, 2, 2))
        halves[:, *lower] = point[5:11].reshape(2, 3)
        shares = 0.5 + 0.5 / (1 + np.exp(-point[11:13]))
        weights, means = np.array([first, 1 - first]), point[1:5].reshape(2, 2)
        return weights, means, halves @ halves.mT, shares, 1 + np.exp(point[13:])

    def objective(point):
        return -log_likelihood(rows, *parted(point))

    weights, means, covariances, shares, inflations = numbers_of(model)
    odds = np.log((shares - 0.5) / (1 - shares))
    start = np.concatenate(
        [
            [np.log(weights[0] / weights[1])],
            means.ravel(),
            np.linalg.cholesky(covariances)[:, *lower].ravel(),
            odds,
            np.log(inflations - 1),
        ]
    )
    assert -objective(start) == pytest.approx(model.log_likelihood_, rel=1e-10)
    best = minimize(objective, start, method="BFGS", options={"gtol": 1e-5})
    assert -best.fun == pytest.approx(model.log_likelihood_, abs=2e-3)
    rng = np.random.default_rng(0)
    for _ in range(3):
        other = minimize(objective, start + 0.3 * rng.normal(size=len(start)), method="BFGS")
        assert -other.fun <= model.log_likelihood_ + 2e-3


def test_a_step_is_that_of_plain_expectation_conditional_maximisation():
    """One M-step from responsibilities, then sweeps whose M-step is run to its end by NumPy."""
    rows, _ = drawn(3, 200)
    shares = np.random.default_rng(1).dirichlet(np.ones(2), 200)
    how = {"responsibilities_init": shares, "prior": None, "algorithm": "em", "tol": 0.0}
    with pytest.warns(match="converge"):
        begun = fitted(rows, max_iter=1, **how)
    with pytest.warns(match="converge"):
        after = fitted(rows, max_iter=2, **how)
    weights, means, covariances, good, inflations = map(np.array, numbers_of(begun))
    joint = log_joint(rows, weights, means, covariances, good, inflations)
    each = np.logaddexp(*joint)
    r = np.exp(each - np.logaddexp.reduce(each, axis=1)[:, None])
    v = np.exp(joint[0] - each)
    for k in range(2):
        share = r[:, k] @ v[:, k] / r[:, k].sum()
        wider = inflations[k]
        for _ in range(500):
            u = r[:, k] * (v[:, k] + (1 - v[:, k]) / wider)
            mean = u @ rows / u.sum()
            apart = rows - mean
            covariance = (u[:, None] * apart).T @ apart / r[:, k].sum()
            distance = np.einsum("nd,nd->n", apart, np.linalg.solve(covariance, apart.T).T)
            bad = r[:, k] * (1 - v[:, k])
            wider = bad @ distance / bad.sum() / 2
        assert after.good_shares_[k] == pytest.approx(max(share, 0.5), rel=1e-8)
        assert after.inflations_[k] == pytest.approx(wider, rel=1e-5)
        np.testing.assert_allclose(after.means_[k], mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(after.covariances_[k], covariance, rtol=1e-5, atol=1e-6)


def test_numbers_drawn_from_are_found_and_bad_rows_told(fresh_seed):
    rows, bad = drawn(fresh_seed, 6000, share=0.1, wider=40.0)
    model = fitted(rows)
    np.testing.assert_allclose(model.good_shares_, 0.9, atol=0.03)
    np.testing.assert_allclose(model.inflations_, 40.0, rtol=0.25)
    np.testing.assert_allclose(np.sort(model.means_[:, 0]), [0, 9], atol=0.15)
    told = model.outlying(rows)
    assert (told == bad).mean() > 0.95
    assert bad[told].mean() > 0.9


def test_of_rows_that_are_all_good_it_is_a_gaussian_mixture():
    rows, _ = drawn(4, 2000, share=0.0)
    plain = GaussianMixture(2, random_state=0).fit(rows)
    model = fitted(rows)
    assert 0 <= model.log_likelihood_ - plain.log_likelihood_ < 6
    np.testing.assert_allclose(np.sort(model.means_, 0), np.sort(plain.means_, 0), atol=0.05)


def test_wild_cells_bend_nothing_and_take_no_component(fresh_seed):
    rows, _ = drawn(fresh_seed, 800, share=0.02)
    rows[7, 1], rows[8, 0] = 99999.0, -99999.0
    model = fitted(rows)
    np.testing.assert_allclose(np.sort(model.means_[:, 0]), [0, 9], atol=0.4)
    assert model.outlying(rows[7:9]).all()
    assert np.bincount(model.predict(rows), minlength=2).min() > 300


def test_rows_however_far_take_no_component_and_leave_a_covariance(fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    near, n_far = 10.0 * rng.integers(0, 2, 80), rng.integers(1, 4)
    rows = rng.normal(size=(80, 2)) + near[:, None]
    far = rows.mean() + 10.0 ** rng.uniform(4, 13) * rng.normal(size=(n_far, 2))
    model = fitted(np.vstack([rows, far]))
    assert len(set(zip(near, model.predict(rows), strict=True))) == 2
    alone = fitted(rows)
    order = np.argsort(alone.means_[:, 0]), np.argsort(model.means_[:, 0])
    np.testing.assert_allclose(model.means_[order[1]], alone.means_[order[0]], atol=0.2)
    assert_sound(model, np.vstack([rows, far]))
    one = fitted(np.vstack([rows[near == 0], far]), k=1)
    np.testing.assert_allclose(one.means_[0], rows[near == 0].mean(axis=0), atol=0.3)


def test_a_row_of_weight_two_is_the_row_twice():
    rows, _ = drawn(5, 250)
    counts = np.random.default_rng(0).integers(0, 4, 250)
    shares = np.random.default_rng(1).dirichlet(np.ones(2), 250)
    how = {"algorithm": "em", "tol": 0.0, "max_iter": 8}
    one = ContaminatedMixture(2, responsibilities_init=shares, **how)
    with pytest.warns(match="converge"):
        one.fit(rows, sample_weight=counts)
    with pytest.warns(match="converge"):
        other = ContaminatedMixture(
            2, responsibilities_init=np.repeat(shares, counts, axis=0), **how
        ).fit(np.repeat(rows, counts, axis=0))
    for name in ("weights_", "means_", "covariances_", "good_shares_", "inflations_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-7)


def test_any_number_of_threads_gives_the_same_bits():
    rows, _ = drawn(6, 9000)
    models = [fitted(rows, n_jobs=jobs, max_iter=40) for jobs in (1, 2)]
    models.append(fitted(rows, engine="serial", max_iter=40))
    for other in models[1:]:
        np.testing.assert_array_equal(other.covariances_, models[0].covariances_)
        np.testing.assert_array_equal(other.inflations_, models[0].inflations_)


def test_units_and_origins_move_with_the_rows():
    rows, _ = drawn(7, 500)
    turn, shift = np.array([[30.0, 4.0], [-2.0, 0.5]]), np.array([1e5, -3.0])
    one, other = fitted(rows), fitted(rows @ turn.T + shift)
    order = np.argsort(one.means_[:, 0]), np.argsort((other.means_ - shift)[:, 0])
    moved = one.means_[order[0]] @ turn.T + shift
    np.testing.assert_allclose(other.means_[order[1]], moved, rtol=1e-4, atol=0.05)
    gap = len(rows) * np.log(abs(np.linalg.det(turn)))
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_ - gap, abs=5e-3)


def test_margins_conditionals_and_moments_are_those_of_samples():
    rows, _ = drawn(8, 1500, share=0.15)
    model = fitted(rows)
    mixture = model.mixture_
    sample, labels = mixture.sample(400_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.cov(sample.T), mixture.covariance(), rtol=0.03)
    own = np.cov(sample[labels == 0].T)
    np.testing.assert_allclose(own, model.component_covariances_[0], rtol=0.05)
    margin = mixture.marginal([1])
    points = np.linspace(-60, 70, 20_001)
    density = np.exp(margin.log_density(points[:, None]))
    assert np.trapezoid(density, points) == pytest.approx(1.0, abs=1e-6)
    for x in (0.4, 25.0):
        given = mixture.conditional({0: x})
        whole = mixture.log_density(np.column_stack([np.full(4, x), [-2.0, 0.0, 5.0, 30.0]]))
        known = mixture.marginal([0]).log_density([[x]])
        found = given.log_density([[-2.0], [0.0], [5.0], [30.0]])
        np.testing.assert_allclose(found, whole - known, rtol=1e-9)


def test_a_model_file_gives_back_what_was_saved_and_goes_on(tmp_path):
    rows, _ = drawn(9, 1200)
    frame = pd.DataFrame(rows, columns=["a", "b"])
    model = fitted(frame[:800])
    model.save(tmp_path / "model.mixtura")
    same = mixtura.load(tmp_path / "model.mixtura")
    assert isinstance(same, ContaminatedMixture)
    np.testing.assert_array_equal(same.predict_proba(frame), model.predict_proba(frame))
    np.testing.assert_array_equal(same.outlying(frame), model.outlying(frame))
    same.partial_fit(frame[800:])
    whole = fitted(frame)
    np.testing.assert_allclose(np.sort(same.means_, 0), np.sort(whole.means_, 0), atol=0.1)
    np.testing.assert_allclose(same.good_shares_, whole.good_shares_, atol=0.05)


def test_noise_stands_beside_the_tails():
    rows, _ = drawn(10, 700)
    rows[:40] = np.random.default_rng(0).uniform(-80, 80, (40, 2))
    model = fitted(rows, noise="uniform")
    assert (model.predict(rows[:40]) == -1).mean() > 0.5
    assert model.outlying(rows[:40]).mean() > 0.9
    steps = np.diff(model.history_.objective)
    assert (steps >= -1e-9 * abs(model.log_likelihood_)).all()


def test_a_search_finds_sizes_and_structures():
    rows, _ = drawn(11, 900)
    found = select(rows, range(1, 4), ["VVV", "EEE", "EII"], family="contaminated", random_state=0)
    assert found.best.n_components == 2
    assert found.best.kind == "EEE"


def test_far_rows_have_shares_and_are_bad():
    rows, _ = drawn(12)
    model = fitted(rows)
    far = np.array([[1e200, 0.0], [1e30, -1e30]])
    shares = model.predict_proba(far)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert model.outlying(far).all()


def test_of_one_column_it_has_a_distribution_function():
    rows, _ = drawn(13, n_columns=1)
    mixture = fitted(rows).mixture_
    sample, _ = mixture.sample(300_000, np.random.default_rng(0))
    for point in (-3.0, 0.0, 4.0, 20.0):
        assert mixture.cdf(point) == pytest.approx((sample <= point).mean(), abs=0.005)
    assert mixture.cdf(mixture.quantile(0.03)) == pytest.approx(0.03)
