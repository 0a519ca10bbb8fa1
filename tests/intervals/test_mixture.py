"""Fits of values known as intervals: SciPy's direct maximum, laws, and rows known exactly."""

import numpy as np
import pytest
from interval_problems import drawn, fitted, known, log_likelihood
from scipy.optimize import minimize

import mixtura
from mixtura import DataError, GaussianMixture, IntervalGaussianMixture, MixturaWarning
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(3, among="file")

DIAGONAL = ["EII", "VII", "EEI", "VEI", "EVI", "VVI"]


def deviations_of(model):
    return np.sqrt(model.covariances_)


@pytest.mark.parametrize(("seed", "n_columns"), [(1, 1), (2, 2)])
def test_no_maximum_that_scipy_finds_is_higher(seed, n_columns):
    low, high = known(drawn(seed, 250, n_columns), seed, missing=0.1)
    found = fitted(low, high)
    size = 2 * n_columns

    def parted(point):
        shares = np.exp([-np.logaddexp(0, -point[0]), -np.logaddexp(0, point[0])])
        means = point[1 : 1 + size].reshape(2, -1)
        return shares, means, np.exp(point[1 + size :]).reshape(2, -1)

    def objective(point):
        return -log_likelihood(*parted(point), low, high)

    share = np.log(found.weights_[0] / found.weights_[1])
    logs = np.log(deviations_of(found)).ravel()
    start = np.concatenate([[share], found.means_.ravel(), logs])
    assert -objective(start) == pytest.approx(found.log_likelihood_, rel=1e-11)
    best = minimize(objective, start, method="BFGS", options={"gtol": 1e-7})
    assert -best.fun == pytest.approx(found.log_likelihood_, abs=1e-3)
    rng = np.random.default_rng(0)
    for _ in range(4):
        other = minimize(objective, start + 0.5 * rng.normal(size=len(start)), method="BFGS")
        assert -other.fun <= found.log_likelihood_ + 1e-3


def test_run_to_its_end_it_is_scipys_maximum_to_the_sixth_digit():
    low, high = known(drawn(3, 400), 3)
    found = fitted(low, high, algorithm="em", tol=1e-13, max_iter=20_000, prior=None)
    start = np.concatenate(
        [
            [np.log(found.weights_[0] / found.weights_[1])],
            found.means_.ravel(),
            np.log(deviations_of(found)).ravel(),
        ]
    )

    def objective(point):
        shares = np.exp([-np.logaddexp(0, -point[0]), -np.logaddexp(0, point[0])])
        return -log_likelihood(shares, point[1:3, None], np.exp(point[3:, None]), low, high)

    best = minimize(objective, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    assert -best.fun == pytest.approx(found.log_likelihood_, abs=1e-6)
    np.testing.assert_allclose(best.x, start, atol=1e-5)


@pytest.mark.parametrize("code", DIAGONAL)
def test_where_cells_are_known_exactly_every_step_is_that_of_a_gaussian_mixture(code):
    values = drawn(4, 300, 3)
    shares = np.random.default_rng(2).dirichlet(np.ones(3), size=300)
    how = {
        "responsibilities_init": shares,
        "algorithm": "em",
        "tol": 0.0,
        "max_iter": 12,
        "covariance_type": code,
    }
    with pytest.warns(match="converge"):
        found = fitted(values, values, 3, **how)
    with pytest.warns(match="converge"):
        same = GaussianMixture(3, **how).fit(values)
    for name in ("weights_", "means_", "covariances_"):
        ours = np.asarray(getattr(found, name))
        np.testing.assert_allclose(ours, getattr(same, name), rtol=1e-8, atol=1e-8)
    assert found.log_likelihood_ == pytest.approx(same.log_likelihood_, rel=1e-11)


def test_narrow_intervals_are_cells_known_exactly_times_their_width():
    values, width = drawn(5, 400, 2), 1e-7
    found = fitted(values - width / 2, values + width / 2)
    same = fitted(values, None)
    np.testing.assert_allclose(found.means_, same.means_, atol=1e-3)
    gap = 800 * np.log(width)
    assert found.log_likelihood_ == pytest.approx(same.log_likelihood_ + gap, abs=2e-3)


def test_a_histogram_has_the_widths_of_its_rows_and_not_of_its_bins(fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    values = np.concatenate([rng.normal(0, 1, 20_000), rng.normal(7, 1.5, 30_000)])
    edges = np.arange(-10, 20, 2.0)
    counts, _ = np.histogram(values, edges)
    found = fitted(edges[:-1, None], edges[1:, None], weights=counts)
    order = np.argsort(found.means_[:, 0])
    np.testing.assert_allclose(deviations_of(found)[order, 0], [1.0, 1.5], atol=0.06)
    np.testing.assert_allclose(found.means_[order, 0], [0.0, 7.0], atol=0.1)
    np.testing.assert_allclose(found.weights_[order], [0.4, 0.6], atol=0.01)


def test_a_limit_of_detection_bends_no_mean(fresh_seed):
    rng = np.random.default_rng(fresh_seed)
    values = rng.normal(1.0, 2.0, size=(20_000, 1))
    low, high = np.where(values < 0, -np.inf, values), np.maximum(values, 0.0)
    found = fitted(low, high, 1)
    assert found.means_[0, 0] == pytest.approx(1.0, abs=0.08)
    assert deviations_of(found)[0, 0] == pytest.approx(2.0, abs=0.08)


@pytest.mark.parametrize("code", DIAGONAL)
def test_the_objective_never_falls_and_the_end_is_stationary(code):
    low, high = known(drawn(6, 500, 2), 6, missing=0.1)
    found = fitted(low, high, covariance_type=code)
    steps = np.diff(found.history_.objective)
    assert (steps >= -1e-9 * abs(found.log_likelihood_)).all()
    assert found.converged_
    assert found.history_.certificate.gradient_norm < 0.1
    sums = found.score_samples(low, high).sum()
    assert found.log_likelihood_ == pytest.approx(sums, rel=1e-10)


def test_a_row_of_weight_two_is_the_row_twice():
    low, high = known(drawn(7, 200, 2), 7)
    counts = np.random.default_rng(0).integers(0, 4, 200)
    shares = np.random.default_rng(1).dirichlet(np.ones(2), size=200)
    again = [np.repeat(each, counts, axis=0) for each in (low, high, shares)]
    how = {"algorithm": "em", "tol": 0.0, "max_iter": 12, "prior": None}
    with pytest.warns(match="converge"):
        one = fitted(low, high, weights=counts, responsibilities_init=shares, **how)
    with pytest.warns(match="converge"):
        other = fitted(*again[:2], responsibilities_init=again[2], **how)
    np.testing.assert_allclose(one.means_, other.means_, rtol=1e-10)
    np.testing.assert_allclose(one.covariances_, other.covariances_, rtol=1e-10)
    ends = fitted(low, high, weights=counts), fitted(*again[:2])
    assert ends[0].log_likelihood_ == pytest.approx(ends[1].log_likelihood_, abs=2e-3)


def test_any_number_of_threads_gives_the_same_bits():
    low, high = known(drawn(8, 9000, 2), 8)
    models = [fitted(low, high, n_jobs=jobs, max_iter=60) for jobs in (1, 2)]
    models.append(fitted(low, high, engine="serial", max_iter=60))
    for other in models[1:]:
        np.testing.assert_array_equal(other.means_, models[0].means_)
        np.testing.assert_array_equal(other.covariances_, models[0].covariances_)


def test_units_and_origins_move_with_the_rows():
    low, high = known(drawn(9, 400, 2), 9)
    scale, shift = np.array([1e6, 1e-5]), np.array([3e8, -7.0])
    one, other = fitted(low, high), fitted(low * scale + shift, high * scale + shift)
    np.testing.assert_allclose(other.means_, one.means_ * scale + shift, rtol=1e-4)
    np.testing.assert_allclose(deviations_of(other), deviations_of(one) * scale, rtol=2e-3)


def test_one_column_may_have_any_structure():
    low, high = known(drawn(10, 400), 10)
    free = [fitted(low, high, covariance_type=name) for name in ("full", "diag", "V")]
    for other in free[1:]:
        assert other.log_likelihood_ == pytest.approx(free[0].log_likelihood_, abs=2e-3)
    tied = [fitted(low, high, covariance_type=name) for name in ("tied", "E")]
    assert tied[0].log_likelihood_ == pytest.approx(tied[1].log_likelihood_, abs=2e-3)
    assert tied[0].n_parameters_ == 4


def test_rows_of_which_nothing_is_known_count_in_nothing():
    low, high = known(drawn(7, 300, 2), 7)
    open_ended = np.full((40, 2), np.inf)
    found = fitted(low, high)
    more = fitted(np.r_[low, -open_ended], np.r_[high, open_ended])
    assert (more.bic_, more.log_likelihood_) == (found.bic_, found.log_likelihood_)
    assert "40 row(s) have no cell at all" in str(more.summary())
    assert "no cell at all" not in str(found.summary())


def test_missing_cells_are_open_at_both_ends():
    values = drawn(11, 400, 2)
    gappy = np.where(np.random.default_rng(0).random(values.shape) < 0.2, np.nan, values)
    found = fitted(gappy, None)
    same = GaussianMixture(2, covariance_type="diag", missing="marginal", random_state=0).fit(gappy)
    assert found.log_likelihood_ == pytest.approx(same.log_likelihood_, abs=2e-3)
    opened = np.where(np.isnan(gappy), -np.inf, gappy), np.where(np.isnan(gappy), np.inf, gappy)
    assert fitted(*opened).log_likelihood_ == found.log_likelihood_


def test_shares_and_posteriors_are_integrals_over_the_interval():
    low, high = known(drawn(12, 400, 2), 12)
    model = fitted(low, high)
    own = np.array([[1.0, -np.inf]]), np.array([[3.0, 2.0]])
    rng = np.random.default_rng(0)
    values, labels = model.sample(2_000_000, random_state=rng)
    inside = ((values > own[0]) & (values < own[1])).all(axis=1)
    assert model.score_samples(*own)[0] == pytest.approx(np.log(inside.mean()), abs=0.01)
    shares = np.bincount(labels[inside], minlength=2) / inside.sum()
    np.testing.assert_allclose(model.predict_proba(*own)[0], shares, atol=0.01)
    assert model.predict(*own)[0] == shares.argmax()
    mean, covariance = model.posterior(*own)
    np.testing.assert_allclose(mean[0], values[inside].mean(axis=0), atol=0.02)
    np.testing.assert_allclose(covariance[0], np.cov(values[inside].T), atol=0.03)
    mean, covariance = model.posterior(low, high)
    exact = low == high
    np.testing.assert_array_equal(mean[exact], low[exact])
    assert (mean >= low - 1e-9).all()
    assert (mean <= high + 1e-9).all()


def test_a_model_file_gives_back_what_was_saved(tmp_path):
    low, high = known(drawn(13, 300, 2), 13)
    model = fitted(low, high)
    model.save(tmp_path / "model.mixtura")
    same = mixtura.load(tmp_path / "model.mixtura")
    assert isinstance(same, IntervalGaussianMixture)
    assert same.get_params() == model.get_params()
    np.testing.assert_array_equal(same.predict_proba(low, high), model.predict_proba(low, high))
    assert same.summary() == model.summary()
    assert "of values known as intervals" in str(model.summary())


def test_rows_that_come_without_intervals_are_warned_of_in_scores():
    low, high = known(drawn(14, 300), 14)
    model = fitted(low, high)
    with pytest.warns(MixturaWarning, match="densities are not to be compared"):
        model.score(drawn(14, 300))
    assert model.score(low, upper=high) == pytest.approx(model.log_likelihood_ / 300)


@pytest.mark.parametrize("name", ["full", "VVV", "EEE", "tied", "VEV"])
def test_columns_that_go_together_are_refused_by_name(name):
    low, high = known(drawn(15, 50, 2), 15)
    with pytest.raises(ParameterError, match=f"'{name}' has columns that go together.* use 'diag'"):
        fitted(low, high, covariance_type=name)


def test_a_column_whose_rows_may_all_be_alike_is_refused():
    low, high = known(drawn(16, 50, 2), 16)
    low[:, 1], high[:, 1] = -np.arange(1.0, 51.0), np.arange(1.0, 51.0)
    with pytest.raises(DataError, match=r"column 1: all intervals .* have a value in common"):
        fitted(low, high)


@pytest.mark.parametrize("n_columns", [1, 2])
def test_upper_ends_in_the_place_of_labels_are_refused(n_columns):
    low, high = known(drawn(17, 100, n_columns), 17)
    model = fitted(low, high)
    for ask in (model.fit, model.score):
        with pytest.raises(DataError, match=r"give upper ends by name, upper=\.\.\."):
            ask(low, high)
    assert IntervalGaussianMixture().fit(low, np.zeros(100), upper=high).n_features_in_ == n_columns


def test_a_histogram_is_its_rows_in_any_order(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    values = np.concatenate([rng.normal(m, d, (n, 1)) for m, d, n in [(0, 1, 600), (5, 2, 400)]])
    low = 2 * np.floor(values / 2)
    bins, counts = np.unique(low, axis=0, return_counts=True)
    rows, mixed, binned = (
        IntervalGaussianMixture(3, random_state=0).fit(at, upper=at + 2, sample_weight=weights)
        for at, weights in [(low, None), (rng.permutation(low), None), (bins, counts)]
    )
    assert mixed.log_likelihood_ == binned.log_likelihood_ == rows.log_likelihood_
    assert np.array_equal(binned.means_, rows.means_)
    assert binned.bic_ == rows.bic_
    assert (binned.facts_["n_rows"], rows.facts_["n_rows"]) == (len(bins), 1000)
