"""Fits of what underlies rows measured with errors: laws, and SciPy's direct maximum."""

import numpy as np
import pytest
from nightly import first
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from mixtura import DeconvolvedGaussianMixture, GaussianMixture
from mixtura.components.gaussian.structures import CODES

pytestmark = pytest.mark.drawn(3, among="file")


def drawn(seed, n, n_columns=2, k=2, *, full=False, noise=1.0):
    """Return measured cells, their errors, and what underlies them."""
    rng = np.random.default_rng(seed)
    means, labels = rng.normal(size=(k, n_columns)) * 4, rng.integers(k, size=n)
    half = rng.normal(size=(k, n_columns, n_columns)) * 0.7
    values = means[labels] + (half[labels] @ rng.normal(size=(n, n_columns, 1)))[:, :, 0]
    if full:
        own = rng.normal(size=(n, n_columns, n_columns)) * rng.uniform(0.1, noise, size=(n, 1, 1))
        moved = values + (own @ rng.normal(size=(n, n_columns, 1)))[:, :, 0]
        return moved, own @ own.mT, values
    deviations = rng.gamma(2.0, 0.5 * noise, size=values.shape)
    return values + deviations * rng.normal(size=values.shape), deviations**2, values


def fitted(cells, errors, k=2, weights=None, **settings):
    settings = {"random_state": 0, **settings}
    model = DeconvolvedGaussianMixture(k, **settings)
    return model.fit(cells, covariance=errors, sample_weight=weights)


def log_likelihood(weights, means, covariances, cells, errors):
    """Return Σ log Σ_k π_k N(x | μ_k, Σ_k + S), row by row."""
    found = 0.0
    for x, error in zip(cells, errors, strict=True):
        whole = np.diag(error) if error.ndim == 1 else error
        each = [
            np.log(weight) + multivariate_normal.logpdf(x, mean, covariance + whole)
            for weight, mean, covariance in zip(weights, means, covariances, strict=True)
        ]
        found += np.logaddexp.reduce(each)
    return found


def assert_same_mixture(one, other, rtol=1e-6, order=slice(None)):
    np.testing.assert_allclose(one.weights_, other.weights_[order], rtol=rtol)
    np.testing.assert_allclose(one.means_, other.means_[order], rtol=rtol, atol=rtol)
    np.testing.assert_allclose(one.covariances_, other.covariances_[order], rtol=rtol, atol=rtol)


@pytest.mark.parametrize("code", ["VVV", "VVI", "EEE", "VEV"])
def test_without_errors_every_step_is_that_of_a_gaussian_mixture(code):
    cells, _, _ = drawn(1, 300, 3, 3)
    shares = np.random.default_rng(2).dirichlet(np.ones(3), size=300)
    how = {
        "responsibilities_init": shares,
        "algorithm": "em",
        "tol": 0.0,
        "max_iter": 12,
        "covariance_type": code,
    }
    with pytest.warns(match="converge"):
        found = fitted(cells, np.zeros_like(cells), 3, **how)
    with pytest.warns(match="converge"):
        same = GaussianMixture(3, **how).fit(cells)
    assert_same_mixture(found, same, 1e-8)
    assert found.log_likelihood_ == pytest.approx(same.log_likelihood_, rel=1e-11)


def test_none_says_that_rows_have_no_errors():
    cells, _, _ = drawn(2, 400)
    found, same = fitted(cells, None), GaussianMixture(2, random_state=0).fit(cells)
    assert found.log_likelihood_ == pytest.approx(same.log_likelihood_, abs=2e-3)
    np.testing.assert_allclose(found.score_samples(cells), same.score_samples(cells), atol=0.02)


@pytest.mark.parametrize("k", [1, 2])
def test_errors_that_are_alike_are_taken_off_the_covariances_of_a_gaussian_mixture(k):
    rng = np.random.default_rng(5)
    cells = rng.normal(size=(600, 2)) @ np.array([[2.0, 0.5], [0.0, 1.5]])
    cells[300:] += [9.0 * (k - 1), 0.0]
    error = np.array([[0.5, 0.2], [0.2, 0.4]])
    found = fitted(cells, np.broadcast_to(error, (600, 2, 2)), k)
    plain = GaussianMixture(k, random_state=0).fit(cells)
    assert found.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=2e-3)
    np.testing.assert_allclose(found.covariances_, plain.covariances_ - error, atol=0.02)


def test_a_row_of_weight_two_is_the_row_twice():
    cells, errors, _ = drawn(6, 250)
    counts = np.random.default_rng(0).integers(0, 4, 250)
    again = np.repeat(cells, counts, axis=0), np.repeat(errors, counts, axis=0)
    found, twice = fitted(cells, errors, weights=counts.astype(float)), fitted(*again)
    # Where runs stop, rounding has moved them.
    assert_same_mixture(found, twice, 1e-4)
    assert found.log_likelihood_ == pytest.approx(twice.log_likelihood_, rel=1e-8)
    shares = np.random.default_rng(1).dirichlet(np.ones(2), size=250)
    how = {"algorithm": "em", "tol": 0.0, "max_iter": 12}
    with pytest.warns(match="converge"):
        weighed = fitted(cells, errors, weights=counts, responsibilities_init=shares, **how)
    with pytest.warns(match="converge"):
        repeated = fitted(*again, responsibilities_init=np.repeat(shares, counts, axis=0), **how)
    assert_same_mixture(weighed, repeated, 1e-10)


def test_the_order_of_rows_and_columns_does_not_matter():
    cells, errors, _ = drawn(7, 300, 3, full=True)
    order = np.random.default_rng(1).permutation(300)
    found, moved = fitted(cells, errors), fitted(cells[order], errors[order])
    assert_same_mixture(found, moved, 1e-5)
    turned = fitted(cells[:, ::-1], errors[:, ::-1, ::-1])
    assert turned.log_likelihood_ == pytest.approx(found.log_likelihood_, abs=2e-3)


def test_units_and_axes_of_rows_and_errors_turn_together():
    cells, errors, _ = drawn(8, 300, 3, full=True)
    rng = np.random.default_rng(4)
    turn, shift = rng.normal(size=(3, 3)) * 50, rng.normal(size=3) * 1e4
    shares = rng.dirichlet(np.ones(2), size=300)
    how = {"responsibilities_init": shares, "algorithm": "em", "tol": 0.0, "max_iter": 15}
    with pytest.warns(match="converge"):
        found = fitted(cells, errors, **how)
    with pytest.warns(match="converge"):
        moved = fitted(cells @ turn.T + shift, turn @ errors @ turn.T, **how)
    np.testing.assert_allclose(moved.means_, found.means_ @ turn.T + shift, rtol=1e-8)
    exact = turn @ found.covariances_ @ turn.T
    np.testing.assert_allclose(moved.covariances_, exact, rtol=1e-6, atol=1e-7 * exact.max())


@pytest.mark.parametrize("code", first(4, ["VVV", "EII", "VEV", "EEI", *CODES]))
@pytest.mark.parametrize("full", [True, False])
def test_the_objective_never_falls_and_the_end_is_stationary(code, full):
    cells, errors, _ = drawn(9, 400, 3, 2, full=full)
    found = fitted(cells, errors, covariance_type=code)
    steps = np.diff(found.history_.objective)
    assert (steps >= -1e-9 * abs(found.log_likelihood_)).all()
    assert found.converged_
    assert found.history_.certificate.gradient_norm < 0.1
    sums = found.score_samples(cells, errors).sum()
    assert found.log_likelihood_ == pytest.approx(sums, rel=1e-10)
    exact = log_likelihood(
        found.weights_, found.means_, found.mixture_.parameters.covariance.dense(), cells, errors
    )
    assert found.log_likelihood_ == pytest.approx(exact, rel=1e-10)


def test_no_maximum_that_scipy_finds_is_higher():
    cells, errors, _ = drawn(10, 150, 2, 2)

    def parted(point):
        shares = np.exp(point[:1] - np.logaddexp(0.0, point[0]))
        halves = np.zeros((2, 2, 2))
        halves[:, *np.tril_indices(2)] = point[5:].reshape(2, 3)
        weights = np.array([shares[0], 1.0 - shares[0]])
        return weights, point[1:5].reshape(2, 2), halves @ halves.mT

    def objective(point):
        weights, means, covariances = parted(point)
        whole = covariances[:, None] + errors[:, None, :] * np.eye(2)
        apart = cells - means[:, None]
        solved = np.linalg.solve(whole, apart[..., None])[..., 0]
        logs = -0.5 * (apart * solved).sum(axis=2) - 0.5 * np.linalg.slogdet(whole)[1]
        joint = logs + np.log(weights)[:, None] - np.log(2 * np.pi)
        return -np.logaddexp.reduce(joint, axis=0).sum()

    found = fitted(cells, errors, tol=None)
    halves = np.linalg.cholesky(found.covariances_)[:, *np.tril_indices(2)]
    share = np.log(found.weights_[0] / found.weights_[1])
    start = np.concatenate([[share], found.means_.ravel(), halves.ravel()])
    assert -objective(start) == pytest.approx(found.log_likelihood_, rel=1e-10)
    best = minimize(objective, start, method="BFGS", options={"gtol": 1e-6})
    assert -best.fun == pytest.approx(found.log_likelihood_, abs=2e-3)
    rng = np.random.default_rng(0)
    for _ in range(5):
        moved = start + rng.normal(size=len(start))
        other = minimize(objective, moved, method="BFGS")
        assert -other.fun <= found.log_likelihood_ + 2e-3


def test_widths_are_those_of_the_truth_and_not_of_what_was_measured(fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    values = rng.normal(size=(20_000, 2)) @ np.diag([1.0, 0.5])
    values[::2] += [8.0, 0.0]
    deviations = rng.gamma(2.0, 0.4, size=values.shape)
    cells = values + deviations * rng.normal(size=values.shape)
    found = fitted(cells, deviations**2)
    blurred = GaussianMixture(2, random_state=0).fit(cells)
    truth = np.diag([1.0, 0.25])
    np.testing.assert_allclose(found.covariances_, np.stack([truth] * 2), atol=0.1)
    assert (np.diagonal(blurred.covariances_, axis1=1, axis2=2) - np.diag(truth) > 0.6).all()


def test_a_cell_that_was_not_measured_has_an_infinite_error_or_is_missing():
    cells, errors, _ = drawn(11, 400, 3, full=True)
    rng = np.random.default_rng(0)
    lacking = rng.random(cells.shape) < 0.15
    places = np.arange(3)
    infinite = errors.copy()
    infinite[:, places, places] = np.where(lacking, np.inf, infinite[:, places, places])
    gappy = np.where(lacking, np.nan, cells)
    one, other = fitted(cells, infinite), fitted(gappy, errors)
    assert one.log_likelihood_ == other.log_likelihood_
    np.testing.assert_array_equal(one.covariances_, other.covariances_)
    exact = fitted(gappy, np.zeros_like(cells))
    plain = GaussianMixture(2, random_state=0, missing="marginal").fit(gappy)
    assert exact.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=2e-3)


def test_rows_of_which_nothing_was_measured_count_in_nothing():
    cells, errors, _ = drawn(3, 200)
    found = fitted(cells, errors)
    empty, unknown = np.full((30, 2), np.nan), np.ones((30, *errors.shape[1:]))
    more = fitted(np.r_[cells, empty], np.r_[errors, unknown])
    assert (more.bic_, more.log_likelihood_) == (found.bic_, found.log_likelihood_)
    assert "30 row(s) have no cell at all" in str(more.summary())


def test_rows_of_no_weight_are_left_out():
    cells, errors, _ = drawn(12, 200)
    weights = np.ones(200)
    weights[:20] = 0.0
    cells[:20], errors[:20] = 1e6, 1e-3
    found, same = fitted(cells, errors, weights=weights), fitted(cells[20:], errors[20:])
    assert_same_mixture(found, same, 1e-14)


def test_any_number_of_threads_gives_the_same_bits():
    cells, errors, _ = drawn(13, 9000, 2, 2)
    models = [fitted(cells, errors, n_jobs=jobs, max_iter=60) for jobs in (1, 2)]
    models.append(fitted(cells, errors, engine="serial", max_iter=60))
    for other in models[1:]:
        np.testing.assert_array_equal(other.means_, models[0].means_)
        np.testing.assert_array_equal(other.covariances_, models[0].covariances_)


def test_a_component_without_width_of_its_own_is_found_under_errors():
    rng = np.random.default_rng(14)
    deviations = rng.uniform(0.5, 1.0, size=(500, 2))
    cells = deviations * rng.normal(size=(500, 2))
    cells[250:] += [6.0, 0.0]
    found = fitted(cells, deviations**2)
    assert found.converged_
    assert np.diagonal(found.covariances_, axis1=1, axis2=2).max() < 0.1
    np.testing.assert_allclose(
        found.means_[np.argsort(found.means_[:, 0])], [[0, 0], [6, 0]], atol=0.2
    )


def test_weights_may_be_held():
    cells, errors, _ = drawn(15, 300)
    found = fitted(cells, errors, mixing_weights="equal")
    np.testing.assert_array_equal(found.weights_, [0.5, 0.5])
    assert found.n_parameters_ == fitted(cells, errors).n_parameters_ - 1
