"""`StudentTMixture` against a plain ECM, SciPy's maximisation, its Gaussian limit and laws."""

import warnings

import numpy as np
import pytest
from scipy import optimize, special, stats

import mixtura
from mixtura import GaussianMixture, ParameterError, StudentTMixture, select
from mixtura.components.gaussian.structures import CODES
from mixtura.errors import DataError

pytestmark = pytest.mark.drawn(6)


def drawn(seed: int = 0, size: int = 240, n_columns: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of two clusters with tails, and their clusters."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, size)
    noise = rng.normal(size=(size, n_columns)) @ rng.normal(size=(n_columns, n_columns))
    tails = np.sqrt(rng.chisquare(4.0, size) / 4.0)
    return 7.0 * group[:, None] + noise / tails[:, None], group


def densities(
    rows: np.ndarray, means: np.ndarray, scales: np.ndarray, nu: np.ndarray
) -> np.ndarray:
    parts = zip(means, scales, nu, strict=True)
    return np.column_stack([stats.multivariate_t(*part).logpdf(rows) for part in parts])


def plain_ecm(rows: np.ndarray, group: np.ndarray, steps: int = 3000) -> float:
    """Return the log-likelihood that a plain ECM of full scale matrices ends at."""
    n_columns = rows.shape[1]
    weights, nu = np.full(2, 0.5), np.full(2, 8.0)
    means = np.array([rows[group == k].mean(axis=0) for k in range(2)])
    scales = np.array([np.cov(rows[group == k].T) for k in range(2)])
    last = -np.inf
    for _ in range(steps):
        joint = densities(rows, means, scales, nu) + np.log(weights)
        total = special.logsumexp(joint, axis=1)
        if total.sum() - last < 1e-10:
            break
        last, shares = total.sum(), np.exp(joint - total[:, None])
        weights = shares.mean(axis=0)
        for k in range(2):
            deviations = rows - means[k]
            distance = np.einsum("ni,ij,nj->n", deviations, np.linalg.inv(scales[k]), deviations)
            u = (nu[k] + n_columns) / (nu[k] + distance)
            half = (nu[k] + n_columns) / 2
            own = shares[:, k]
            spread = own @ (np.log(u) - u) / own.sum() + special.digamma(half) - np.log(half)
            counted = own * u
            means[k] = counted @ rows / counted.sum()
            deviations = rows - means[k]
            scales[k] = (counted[:, None] * deviations).T @ deviations / own.sum()

            def slope(v: float, spread: float = spread) -> float:
                return float(np.log(v / 2) - special.digamma(v / 2) + 1 + spread)

            nu[k] = optimize.brentq(slope, 0.5, 200.0) if slope(0.5) * slope(200.0) < 0 else 200.0
    return float(last)


@pytest.mark.parametrize("seed", range(3))
def test_it_ends_where_a_plain_ecm_does_or_higher(seed: int) -> None:
    rows, group = drawn(seed)
    other = plain_ecm(rows, group)
    model = StudentTMixture(2, random_state=0).fit(rows)
    assert model.log_likelihood_ > other - 2e-3
    assert model.log_likelihood_ == pytest.approx(other, abs=0.05)


def test_scipy_finds_nothing_higher_nearby() -> None:
    rows, _ = drawn(4, size=120)
    model = StudentTMixture(2, random_state=0).fit(rows)
    lower = np.linalg.cholesky(model.covariances_)
    places = np.tril_indices(2)
    start = np.concatenate(
        [[0.0], model.means_.ravel(), lower[:, *places].ravel(), np.log(model.degrees_of_freedom_)]
    )

    def cost(point: np.ndarray) -> float:
        share = special.expit(point[0] + special.logit(model.weights_[0]))
        factors = np.zeros((2, 2, 2))
        factors[:, *places] = point[5:11].reshape(2, 3)
        scales = factors @ factors.transpose(0, 2, 1)
        nu = np.exp(np.minimum(point[11:], np.log(200.0)))
        joint = densities(rows, point[1:5].reshape(2, 2), scales, nu)
        joint += np.log([share, 1 - share])
        return -float(special.logsumexp(joint, axis=1).sum())

    assert -cost(start) == pytest.approx(model.log_likelihood_, abs=1e-8)
    found = optimize.minimize(cost, start, method="BFGS", options={"maxiter": 200})
    assert -found.fun < model.log_likelihood_ + 2e-3


@pytest.mark.parametrize("code", CODES)
def test_of_many_degrees_of_freedom_it_is_the_gaussian_mixture(code: str) -> None:
    rows, group = drawn(1, size=150)
    start = np.eye(2)[group]
    options = {"covariance_type": code, "responsibilities_init": start, "n_init": 1}
    limit = StudentTMixture(2, degrees_of_freedom=1e9, **options).fit(rows)
    gaussian = GaussianMixture(2, **options).fit(rows)
    assert limit.log_likelihood_ == pytest.approx(gaussian.log_likelihood_, abs=2e-3)
    assert limit.n_parameters_ == gaussian.n_parameters_
    np.testing.assert_allclose(limit.covariances_, gaussian.covariances_, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls_and_less_held_is_no_less_likely(code: str) -> None:
    rows, group = drawn(2)
    start = np.eye(2)[group]
    found = [
        StudentTMixture(
            2, covariance_type=code, degrees_of_freedom=degrees, responsibilities_init=start
        ).fit(rows)
        for degrees in (4.0, "equal", "free")
    ]
    for model in found:
        assert (np.diff(model.history_.objective) > -1e-9 * abs(model.log_likelihood_)).all()
        assert model.score_samples(rows).sum() == pytest.approx(model.log_likelihood_, rel=1e-11)
    held, equal, free = (model.log_likelihood_ for model in found)
    assert held <= equal + 2e-3
    assert equal <= free + 2e-3
    counts = [model.n_parameters_ for model in found]
    assert np.diff(counts).tolist() == [1, 1]


def test_covariances_of_components_are_not_their_scales() -> None:
    model = StudentTMixture(2, degrees_of_freedom=[5.0, 1.5], random_state=0).fit(drawn()[0])
    np.testing.assert_allclose(model.component_covariances_[0], model.covariances_[0] * 5 / 3)
    assert np.isinf(model.component_covariances_[1]).all()


def test_degrees_held_by_number_go_to_the_components_they_suit() -> None:
    rng = np.random.default_rng(3)
    rows = np.concatenate([rng.standard_t(2.0, (300, 2)), 25 + rng.normal(size=(200, 2))])
    for degrees, near in (([2.0, 50.0], 0.0), ([50.0, 2.0], 25.0)):
        model = StudentTMixture(2, degrees_of_freedom=degrees, random_state=0).fit(rows)
        assert model.degrees_of_freedom_.tolist() == degrees
        np.testing.assert_allclose(model.means_[0], near, atol=1.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wild", [99999.0, -999.0, 1e12])
def test_a_wild_cell_takes_no_component(seed: int, wild: float) -> None:
    rng = np.random.default_rng([seed, 77])
    n_components, n_columns = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    means = 12.0 * rng.permutation(n_components * 2)[:n_components, None] + rng.normal(
        size=(n_components, n_columns)
    )
    group = rng.integers(0, n_components, 300)
    rows = means[group] + rng.standard_t(6.0, (300, n_columns))
    rows[rng.integers(300), rng.integers(n_columns)] = wild
    found = StudentTMixture(n_components, random_state=0).fit(rows)
    order = np.argsort(found.means_[:, 0])
    np.testing.assert_allclose(found.means_[order], means[np.argsort(means[:, 0])], atol=0.8)


@pytest.mark.parametrize("power", [-250, 250])
def test_numbers_whose_squares_are_none_have_the_same_posteriors(power: int) -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_t(4.0, (80, 2)) + 9.0 * rng.integers(0, 2, (80, 1))
    expected = StudentTMixture(2, random_state=0).fit(rows).predict_proba(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = StudentTMixture(2, random_state=0).fit(rows * 2.0 ** (3 * power))
    np.testing.assert_allclose(scaled.predict_proba(rows * 2.0 ** (3 * power)), expected, atol=2e-3)


def test_a_search_spares_no_component_for_a_wild_cell() -> None:
    rows, _ = drawn(6, size=200)
    rows[3, 1] = 99999.0
    found = select(rows, [1, 2, 3], "EEE", family="t", random_state=0)
    assert found.best.n_components == 2


def test_a_row_of_weight_two_is_the_row_twice() -> None:
    rows, group = drawn(5)
    weights = np.where(np.arange(len(rows)) % 3, 1.0, 2.0)
    twice = np.repeat(rows, weights.astype(int), axis=0)
    start = np.eye(2)[group]
    one = StudentTMixture(2, responsibilities_init=start).fit(rows, sample_weight=weights)
    again = np.repeat(start, weights.astype(int), axis=0)
    other = StudentTMixture(2, responsibilities_init=again).fit(twice)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-9)
    np.testing.assert_allclose(one.degrees_of_freedom_, other.degrees_of_freedom_, rtol=1e-3)


def test_units_and_turns_change_nothing_but_the_units() -> None:
    rows, _ = drawn(7)
    turn = np.array([[3.0, 1.0], [-200.0, 400.0]])
    one = StudentTMixture(2, random_state=0).fit(rows)
    other = StudentTMixture(2, random_state=0).fit(rows @ turn.T + [5.0, -1e3])
    log_volume = np.log(abs(np.linalg.det(turn)))
    assert other.log_likelihood_ + len(rows) * log_volume == pytest.approx(
        one.log_likelihood_, abs=5e-3
    )
    np.testing.assert_allclose(one.degrees_of_freedom_, other.degrees_of_freedom_, rtol=0.05)


def test_the_bits_are_the_same_for_any_threads_and_engine() -> None:
    rows, _ = drawn(8, size=9000)
    found = [
        StudentTMixture(2, random_state=0, **how).fit(rows)
        for how in ({"n_jobs": 1}, {"n_jobs": 4}, {"engine": "serial"})
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].covariances_, other.covariances_)
        np.testing.assert_array_equal(found[0].degrees_of_freedom_, other.degrees_of_freedom_)
        assert found[0].log_likelihood_ == other.log_likelihood_


def test_known_components_keep_their_numbers() -> None:
    rows, group = drawn(9)
    known = np.where(np.arange(len(rows)) < 40, 1 - group, -1)
    model = StudentTMixture(2, random_state=0, use_y=True).fit(rows, known)
    assert (model.predict(rows) == 1 - group).mean() > 0.97


def test_noise_stands_beside_tails() -> None:
    rows, _ = drawn(10)
    rows[:12] = np.random.default_rng(0).uniform(-60, 60, (12, 2))
    model = StudentTMixture(2, noise="uniform", random_state=0).fit(rows)
    assert model.weights_.shape == (3,)
    assert (model.predict(rows[:12]) == -1).sum() >= 8
    assert model.score_samples(rows).sum() == pytest.approx(model.log_likelihood_, rel=1e-10)
    assert (np.diff(model.history_.objective) > -1e-6).all()


@pytest.mark.parametrize("degrees", ["free", "equal", 5.0])
def test_a_model_file_holds_all_of_it(degrees: object, tmp_path) -> None:
    rows, _ = drawn(11)
    model = StudentTMixture(2, degrees_of_freedom=degrees, random_state=0).fit(rows)
    model.save(tmp_path / "model.mixtura")
    found = mixtura.load(tmp_path / "model.mixtura")
    np.testing.assert_array_equal(found.predict_proba(rows), model.predict_proba(rows))
    assert found.mixture_.n_parameters == model.n_parameters_
    more, _ = drawn(12)
    np.testing.assert_allclose(
        found.partial_fit(more).means_, model.partial_fit(more).means_, rtol=1e-12
    )


def test_rows_that_arrive_later_are_taken_in() -> None:
    rows, _ = drawn(13, size=2000)
    taken = StudentTMixture(2, random_state=0).fit(rows[:1000]).partial_fit(rows[1000:])
    whole = StudentTMixture(2, random_state=0).fit(rows)
    np.testing.assert_allclose(taken.means_, whole.means_, atol=0.1)
    np.testing.assert_allclose(taken.degrees_of_freedom_, whole.degrees_of_freedom_, rtol=0.1)


def test_a_warm_start_goes_on_from_the_end() -> None:
    rows, _ = drawn(14)
    model = StudentTMixture(2, random_state=0, warm_start=True).fit(rows)
    before = model.log_likelihood_
    assert model.fit(rows).log_likelihood_ == pytest.approx(before, abs=1e-3)
    model.set_params(degrees_of_freedom="equal")
    with pytest.raises(ParameterError, match="warm_start goes on"):
        model.fit(rows)


def test_further_starts_are_made_where_all_that_were_asked_for_fail() -> None:
    """A component of a few rows and one far away narrows to a line; another start finds two."""
    n_retried = 0
    for seed in range(10):
        rng = np.random.default_rng(seed + 7)
        near = rng.integers(0, 2, 40)
        rows = np.vstack([rng.normal(size=(40, 2)) + 6.0 * near[:, None], [[1e6, 1e6]]])
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            model = StudentTMixture(2, random_state=seed).fit(rows)
        failed = [one.start for one in model.history_.failures if one.start is not None]
        assert failed == list(range(len(failed)))
        assert any("failed, and the best" in str(one.message) for one in heard) == bool(failed)
        assert np.abs(model.means_).max() < 20
        n_retried += bool(failed)
    assert n_retried > 0


def test_what_cannot_be_fitted_is_said() -> None:
    rows, _ = drawn(15)
    with pytest.raises(ParameterError, match="holds 3 numbers, and there are 2"):
        StudentTMixture(2, degrees_of_freedom=[1.0, 2.0, 3.0]).fit(rows)
    with pytest.raises(ParameterError, match="missing say"):
        select(rows, 2, family="t", missing="marginal")
    far = rows.copy()
    far[4, 1] = 1e250
    with pytest.raises(DataError, match="column 1 holds 1e\\+250 at row 4"):
        StudentTMixture(2).fit(far)
