"""`FactorAnalyserMixture` against scikit-learn, SciPy, flexmix, its Gaussian limit and laws."""

import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special, stats
from sklearn.decomposition import FactorAnalysis
from sklearn.utils.estimator_checks import parametrize_with_checks

import mixtura
from mixtura import (
    DegenerateComponentWarning,
    FactorAnalyserMixture,
    GaussianMixture,
    ParameterError,
    select,
)
from mixtura.components.factor_analyser.structures import CODES
from mixtura.errors import DataError, MixturaWarning

pytestmark = pytest.mark.drawn(4, among="file")


def drawn(
    seed: int = 0, size: int = 300, n_columns: int = 6, n_factors: int = 2, apart: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of two factor analysers, and which."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, size)
    loadings = rng.normal(size=(2, n_columns, n_factors))
    means, noise = apart * rng.normal(size=(2, n_columns)), rng.uniform(0.3, 1.0, (2, n_columns))
    factors = np.einsum("ndq,nq->nd", loadings[group], rng.normal(size=(size, n_factors)))
    return means[group] + factors + rng.normal(size=(size, n_columns)) * np.sqrt(
        noise[group]
    ), group


def fitted(rows: np.ndarray, **how: object) -> FactorAnalyserMixture:
    return FactorAnalyserMixture(2, **{"n_factors": 2, "random_state": 0, **how}).fit(rows)


@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_of_one_component_it_is_scikit_learns_factor_analysis(n_factors: int) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 10)) + rng.normal(size=(400, 10))
    other = FactorAnalysis(n_factors, tol=1e-12, max_iter=20000, svd_method="lapack").fit(rows)
    model = FactorAnalyserMixture(1, n_factors=n_factors).fit(rows)
    likelihood = other.score(rows) * len(rows)
    assert model.log_likelihood_ > likelihood - 2e-3
    assert model.log_likelihood_ == pytest.approx(likelihood, abs=0.05)
    np.testing.assert_allclose(model.noise_variances_[0], other.noise_variance_, rtol=0.05)


def test_scipy_finds_nothing_higher_nearby() -> None:
    rows, _ = drawn(2, size=160, n_columns=5)
    model = fitted(rows, n_factors=1)

    def cost(point: np.ndarray) -> float:
        share = special.expit(point[0] + special.logit(model.weights_[0]))
        means, loadings, logs = point[1:].reshape(3, 2, 5)
        joint = np.empty((len(rows), 2))
        for k, weight in enumerate((share, 1 - share)):
            covariance = np.outer(loadings[k], loadings[k]) + np.diag(np.exp(logs[k]))
            density = stats.multivariate_normal(means[k], covariance)
            joint[:, k] = np.log(weight) + density.logpdf(rows)
        return -float(special.logsumexp(joint, axis=1).sum())

    parts = model.means_, model.loadings_[:, :, 0], np.log(model.noise_variances_)
    start = np.concatenate([[0.0], *(part.ravel() for part in parts)])
    assert -cost(start) == pytest.approx(model.log_likelihood_, abs=1e-8)
    found = optimize.minimize(cost, start, method="BFGS", options={"maxiter": 200})
    assert -found.fun < model.log_likelihood_ + 2e-3


def test_flexmix_ends_no_higher() -> None:
    # R 4.2, flexmix: flexmix(X ~ 1, cluster = z, model = FLXMCfactanal(factors = 2)) on these rows
    # ends at -7609.562, as its scatters are divided by one row less.
    rng = np.random.default_rng(12)
    group = rng.integers(0, 2, 500)
    loadings, means = rng.normal(size=(2, 10, 2)), rng.normal(size=(2, 10))
    noise = rng.uniform(0.3, 1, (2, 10))
    rows = means[group] + np.einsum("ndq,nq->nd", loadings[group], rng.normal(size=(500, 2)))
    rows += rng.normal(size=(500, 10)) * np.sqrt(noise[group])
    model = fitted(rows)
    assert -7609.562 < model.log_likelihood_ < -7609.562 + 0.05


@pytest.mark.parametrize("code", ["UUC", "UUU"])
def test_with_one_factor_less_than_columns_it_is_the_full_gaussian(code: str) -> None:
    # Σ less its least eigenvalue has as many factors, and isotropic noise of that size.
    rows, group = drawn(3, n_columns=4)
    start = np.eye(2)[group]
    full = GaussianMixture(2, responsibilities_init=start).fit(rows)
    model = fitted(rows, n_factors=3, covariance_type=code, responsibilities_init=start)
    assert model.log_likelihood_ == pytest.approx(full.log_likelihood_, abs=0.02)
    np.testing.assert_allclose(model.covariances_, full.covariances_, atol=0.02)
    np.testing.assert_allclose(
        model.precisions_, np.linalg.inv(model.covariances_), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls_and_densities_are_those_of_scipy(code: str) -> None:
    rows, group = drawn(4)
    start = np.eye(2)[group]
    for algorithm in ("em", "squarem"):
        model = fitted(rows, covariance_type=code, algorithm=algorithm, responsibilities_init=start)
        steps = np.diff(model.history_.objective)
        assert (steps > -1e-9 * abs(model.log_likelihood_)).all()
        density = sum(
            weight * stats.multivariate_normal(mean, covariance).pdf(rows)
            for weight, mean, covariance in zip(
                model.weights_, model.means_, model.covariances_, strict=True
            )
        )
        np.testing.assert_allclose(model.score_samples(rows), np.log(density), rtol=1e-9)
        assert model.score_samples(rows).sum() == pytest.approx(model.log_likelihood_, rel=1e-11)


@pytest.mark.parametrize("code", CODES[:-1])
def test_less_constrained_is_no_less_likely(code: str) -> None:
    rows, group = drawn(5)
    start = np.eye(2)[group]
    held = fitted(rows, covariance_type=code, responsibilities_init=start)
    freer = [code[:i] + "U" + code[i + 1 :] for i in range(3) if code[i] == "C"]
    for other in freer:
        # From where the constrained one ended, as EM ends where it begins.
        shares = held.predict_proba(rows)
        free = fitted(rows, covariance_type=other, responsibilities_init=shares)
        assert free.n_parameters_ > held.n_parameters_
        assert free.log_likelihood_ > held.log_likelihood_ - 5e-3


def test_what_is_shared_is_shared() -> None:
    rows, _ = drawn(6)
    model = fitted(rows, covariance_type="CCC")
    np.testing.assert_array_equal(model.loadings_[0], model.loadings_[1])
    assert np.ptp(model.noise_variances_) < 1e-12
    model = fitted(rows, covariance_type="CUU")
    np.testing.assert_array_equal(model.loadings_[0], model.loadings_[1])
    assert np.ptp(model.noise_variances_, axis=0).min() > 0


def test_a_row_of_weight_two_is_the_row_twice() -> None:
    rows, group = drawn(7)
    weights = np.where(np.arange(len(rows)) % 3, 1.0, 2.0)
    counts = weights.astype(int)
    start = np.eye(2)[group]
    options = {"n_factors": 2, "responsibilities_init": start}
    one = FactorAnalyserMixture(2, **options).fit(rows, sample_weight=weights)
    options["responsibilities_init"] = np.repeat(start, counts, axis=0)
    other = FactorAnalyserMixture(2, **options).fit(np.repeat(rows, counts, axis=0))
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, rel=1e-9)
    np.testing.assert_allclose(one.noise_variances_, other.noise_variances_, atol=1e-3)


@pytest.mark.parametrize("code", ["CCU", "CUU", "UCU", "UUU"])
def test_units_of_columns_change_nothing_but_the_units(code: str) -> None:
    rows, _ = drawn(8)
    unit = np.array([1.0, 1e6, 1e-4, 3.0, 0.5, 1e3])
    one = fitted(rows, covariance_type=code)
    other = fitted(rows * unit - 7.0, covariance_type=code)
    moved = other.log_likelihood_ + len(rows) * np.log(unit).sum()
    assert moved == pytest.approx(one.log_likelihood_, abs=5e-3)
    np.testing.assert_array_equal(one.predict(rows), other.predict(rows * unit - 7.0))


@pytest.mark.parametrize("code", ["CCC", "CUC", "UCC", "UUC"])
def test_turned_columns_change_nothing_where_noise_is_isotropic(code: str) -> None:
    rows, group = drawn(9)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    start = np.eye(2)[group]
    one = fitted(rows, covariance_type=code, responsibilities_init=start)
    other = fitted(rows @ turn, covariance_type=code, responsibilities_init=start)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=2e-3)


def test_the_order_of_rows_and_columns_says_nothing() -> None:
    rows, _ = drawn(10)
    rng = np.random.default_rng(0)
    some, other = rng.permutation(len(rows)), rng.permutation(6)
    one, two = fitted(rows), fitted(rows[some][:, other])
    assert one.log_likelihood_ == pytest.approx(two.log_likelihood_, abs=5e-3)
    np.testing.assert_array_equal(one.predict(rows)[some], two.predict(rows[some][:, other]))


def test_the_bits_are_the_same_for_any_threads_and_engine() -> None:
    rows, _ = drawn(11, size=9000)
    engines = ({"n_jobs": 1}, {"n_jobs": 4}, {"engine": "serial"}, {"engine": "processes"})
    found = [fitted(rows, **how) for how in engines]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].loadings_, other.loadings_)
        np.testing.assert_array_equal(found[0].noise_variances_, other.noise_variances_)
        assert found[0].log_likelihood_ == other.log_likelihood_


def test_rows_beyond_memory_give_the_same_fit(tmp_path) -> None:
    rows, _ = drawn(25, size=4000)
    path = tmp_path / "rows.csv"
    np.savetxt(path, rows, delimiter=",", header="a,b,c,d,e,f", comments="")
    one, other = fitted(rows), fitted(mixtura.dataset(path, memory="50KB"))
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(one.loadings_, other.loadings_, rtol=1e-6)


@parametrize_with_checks([FactorAnalyserMixture(2)])
def test_scikit_learns_checks_pass(
    estimator: FactorAnalyserMixture, check: Callable[[Any], None]
) -> None:
    with warnings.catch_warnings():
        # Some checks give one row a component of its own.
        warnings.simplefilter("ignore", MixturaWarning)
        check(estimator)


def test_known_components_keep_their_numbers() -> None:
    rows, group = drawn(12)
    known = np.where(np.arange(len(rows)) < 60, 1 - group, -1)
    model = FactorAnalyserMixture(2, n_factors=2, random_state=0, use_y=True).fit(rows, known)
    assert (model.predict(rows) == 1 - group).mean() > 0.97


def test_noise_stands_beside_factor_analysers(tmp_path) -> None:
    rows, _ = drawn(13)
    rows[:15] = np.random.default_rng(0).uniform(-25, 25, (15, 6))
    model = fitted(rows, noise="uniform")
    assert model.weights_.shape == (3,)
    assert (model.predict(rows[:15]) == -1).sum() >= 12
    assert model.score_samples(rows).sum() == pytest.approx(model.log_likelihood_, rel=1e-10)
    model.save(tmp_path / "model.mixtura")
    found = mixtura.load(tmp_path / "model.mixtura")
    np.testing.assert_array_equal(found.predict(rows), model.predict(rows))


def test_a_model_file_holds_all_but_what_later_rows_would_need(tmp_path) -> None:
    rows, _ = drawn(14)
    model = fitted(rows, covariance_type="CUU")
    model.save(tmp_path / "model.mixtura")
    found = mixtura.load(tmp_path / "model.mixtura")
    np.testing.assert_array_equal(found.predict_proba(rows), model.predict_proba(rows))
    np.testing.assert_array_equal(found.loadings_, model.loadings_)
    assert found.mixture_.n_parameters == model.n_parameters_
    for either in (model, found):
        with pytest.raises(AttributeError, match="take no rows in later"):
            either.partial_fit(rows)


def test_a_warm_start_goes_on_from_the_end() -> None:
    rows, _ = drawn(15)
    model = FactorAnalyserMixture(2, n_factors=2, random_state=0, warm_start=True).fit(rows)
    before = model.log_likelihood_
    assert model.fit(rows).log_likelihood_ == pytest.approx(before, abs=2e-3)
    model.set_params(n_factors=1)
    with pytest.raises(ParameterError, match="warm_start goes on"):
        model.fit(rows)


def test_a_search_finds_components_factors_and_structure() -> None:
    rng = np.random.default_rng(16)
    group = rng.integers(0, 2, 600)
    loadings = rng.normal(size=(9, 2))
    rows = 3.0 * rng.normal(size=(2, 9))[group] + rng.normal(size=(600, 2)) @ loadings.T
    rows += rng.normal(size=(600, 9)) * np.sqrt([[0.3], [1.5]])[group]
    found = select(
        rows,
        [1, 2, 3],
        ["CUC", "CUU", "UUC"],
        family="factor_analyser",
        n_factors=[1, 2, 3],
        random_state=0,
    )
    assert (found.best.kind, found.best.n_components) == ("CUC q=2", 2)
    kinds = {one.kind for one in found.candidates if one.n_components == 1}
    assert kinds == {f"CC{letter} q={q}" for letter in "CU" for q in (1, 2, 3)}


def test_what_is_found_by_fit_is_the_best_of_its_search() -> None:
    rows, _ = drawn(16)
    model = FactorAnalyserMixture(2, covariance_type="auto", n_factors=[1, 2], random_state=0)
    model.fit(rows)
    assert model.bic(rows) == pytest.approx(model.selection_.result.bic)
    assert len(model.selection_.candidates) == 16
    assert model.n_factors_ == 2


def test_more_factors_are_tried_while_the_most_are_best() -> None:
    rng = np.random.default_rng(17)
    rows = rng.normal(size=(500, 5)) @ (2.0 * rng.normal(size=(5, 16)))
    rows += rng.normal(size=(500, 16))
    model = FactorAnalyserMixture(1, n_factors="auto", random_state=0).fit(rows)
    assert model.n_factors_ == 5


def test_rows_drawn_have_the_moments_told() -> None:
    rows, _ = drawn(18)
    model = fitted(rows)
    mixture = model.mixture_
    drawn_rows, _ = mixture.sample(200_000, 0)
    np.testing.assert_allclose(drawn_rows.mean(axis=0), mixture.mean(), atol=0.03)
    np.testing.assert_allclose(np.cov(drawn_rows.T), mixture.covariance(), atol=0.15)
    part = mixture.marginal([2])
    quantiles = np.quantile(drawn_rows[:, 2], [0.1, 0.5, 0.9])
    np.testing.assert_allclose(part.cdf(quantiles), [0.1, 0.5, 0.9], atol=0.01)


def test_a_column_that_is_two_others_is_a_heywood_case_and_is_said() -> None:
    rows, _ = drawn(19, size=200)
    rows = np.column_stack([rows, rows[:, 0]])
    with pytest.warns(DegenerateComponentWarning, match="agree in"):
        model = FactorAnalyserMixture(1, n_factors=1, random_state=0).fit(rows)
    assert (model.noise_variances_ > 0).all()
    one = FactorAnalyserMixture(1, n_factors=2, random_state=0).fit(rows[:, [0, 1, 2, 3, 6]][:, :4])
    assert np.isfinite(one.log_likelihood_)


def test_noise_is_at_least_that_of_rounding() -> None:
    rows, group = drawn(20, size=400)
    rounded = np.column_stack([rows.round(), np.where(np.arange(400) % 50, group, 1 - group)])
    model = fitted(rounded)
    assert (model.noise_variances_[:, :6] >= 1 / 12 * (1 - 1e-9)).all()


def test_float32_rows_and_frames_are_read_in_place() -> None:
    rows, _ = drawn(21)
    one, other = fitted(rows.astype(np.float32)), fitted(rows)
    assert one.loadings_.dtype == np.float32
    np.testing.assert_allclose(one.loadings_, other.loadings_, atol=0.02)


def test_nothing_of_a_fit_is_as_large_as_columns_squared() -> None:
    n_columns = 3000
    rng = np.random.default_rng(22)
    rows = rng.normal(size=(60, 2)) @ rng.normal(size=(2, n_columns))
    rows += 0.5 * rng.normal(size=rows.shape)
    rows[:30] += 1.0
    tracemalloc.start()
    try:
        model = fitted(rows, engine="serial", max_iter=60)
        model.predict_proba(rows)
        model.mixture_.sample(10, 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * n_columns**2
    assert len(set(model.predict(rows[:30]))) == 1


def test_full_covariances_of_few_rows_are_warned_of_with_this_remedy() -> None:
    rows, _ = drawn(23, size=20, n_columns=15)
    with pytest.warns(DegenerateComponentWarning, match="FactorAnalyserMixture"):
        GaussianMixture(2, random_state=0).fit(rows)


def test_what_cannot_be_fitted_is_said() -> None:
    rows, _ = drawn(24)
    with pytest.raises(ParameterError, match="n_factors, 6, should be less than the number of col"):
        fitted(rows, n_factors=6)
    with pytest.raises(ParameterError, match="n_factors"):
        fitted(rows, n_factors=0)
    with pytest.raises(ParameterError, match="use one of CCC"):
        fitted(rows, covariance_type="full")
    with pytest.raises(ParameterError, match="prior should be weak or None"):
        fitted(rows, prior="conjugate")
    with pytest.raises(ParameterError, match="n_features = 1"):
        FactorAnalyserMixture(2).fit(rows[:, :1])
    with pytest.raises(ParameterError, match="missing say"):
        select(rows, 2, family="factor_analyser", missing="marginal")
    with pytest.raises(ParameterError, match=r"n_factors say\(s\) nothing to family='gaussian'"):
        select(rows, 2, n_factors=[1, 2])
    with pytest.raises(ParameterError, match="noise is offered in 100 columns"):
        fitted(np.random.default_rng(0).normal(size=(30, 120)), noise="uniform")
    constant = np.column_stack([rows, np.ones(len(rows))])
    with pytest.raises(DataError, match="drop it, or set constant='drop'"):
        fitted(constant)
    with pytest.warns(MixturaWarning, match="left out"):
        model = fitted(constant, constant="drop")
    assert model.kept_columns_.tolist() == list(range(6))
    assert model.predict(constant).shape == (300,)
