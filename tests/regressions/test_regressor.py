"""Mixtures of regressions: densities, laws of their fits, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from regression_problems import FAMILIES, drawn, log_densities, log_likelihoods
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from mixtura import DataError, DegenerateComponentWarning, MixtureRegressor, ParameterError

pytestmark = pytest.mark.drawn(2, among="file")

every_family = pytest.mark.parametrize("family", FAMILIES)


def expected(estimator: Any) -> dict[str, str]:
    """Return the checks that regressions of which a row's is not known cannot pass."""
    return {
        "check_regressors_no_decision_function": "predict_proba says which component a row is of",
        "check_sample_weight_equivalence_on_dense_data": "it has fewer rows of weight than terms, "
        "which is an error that says so",
    }


@parametrize_with_checks(
    [MixtureRegressor(1), MixtureRegressor(2, random_state=0)], expected_failed_checks=expected
)
def test_regressors_keep_the_conventions_of_scikit_learn(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


@every_family
def test_densities_and_posteriors_are_those_of_scipy(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family)
    model = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    theirs = log_likelihoods(model, found.X, found.y)
    assert_allclose(model.log_density(found.X, found.y), theirs, rtol=1e-9, atol=1e-9)
    assert_allclose(model.log_likelihood_, theirs.sum(), rtol=1e-9)
    joint = log_densities(model, found.X, found.y) + np.log(model.weights_)
    ours = model.predict_proba(found.X, found.y)
    assert_allclose(ours, softmax(joint, axis=1), rtol=1e-7, atol=1e-10)


@every_family
def test_two_lines_are_found(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 1500)
    model = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    truth = MixtureRegressor(2, family, responsibilities_init=np.eye(2)[found.labels]).fit(
        found.X, found.y
    )
    assert model.log_likelihood_ > truth.log_likelihood_ - 1e-2


@every_family
def test_the_likelihood_never_falls_whatever_the_start(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 150)
    rng = np.random.default_rng(fresh_seed)
    X = found.X * 10 ** rng.uniform(-3, 3, 2) + rng.normal(0, 10, 2)
    # A row that lies far out makes the bound on a step loose.
    X[0] *= 30
    start = rng.dirichlet(np.full(3, 0.3), 150)
    model = MixtureRegressor(
        3, family, responsibilities_init=start, algorithm="em", tol=0, max_iter=60
    )
    with pytest.warns(ConvergenceWarning):
        # A fall beyond rounding is an error.
        model.fit(X, found.y)
    steps = np.diff([step.objective for step in model.history_.steps])
    assert steps.min() > -1e-7
    assert len(steps) > 20


@every_family
def test_no_small_move_is_likelier_than_the_end(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 200)
    model = MixtureRegressor(2, family, random_state=0, tol=1e-14, algorithm="squarem").fit(
        found.X, found.y
    )
    names = [name for name in ("coef_", "intercept_", "sigma_", "shape_") if hasattr(model, name)]
    here = log_likelihoods(model, found.X, found.y).sum()
    assert_allclose(here, model.log_likelihood_, rtol=1e-10)
    for name in names:
        values = getattr(model, name)
        for place in np.ndindex(values.shape):
            kept = values[place]
            # The second difference says how much a step of that size loses at a maximum.
            size = 1e-4 * max(1.0, abs(kept))
            values[place] = kept + size
            above = log_likelihoods(model, found.X, found.y).sum()
            values[place] = kept - size
            below = log_likelihoods(model, found.X, found.y).sum()
            values[place] = kept
            assert abs(above - below) < 0.02 * (2 * here - above - below) + 1e-8


def test_one_component_is_the_regression_of_scikit_learn(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    ours = MixtureRegressor(1).fit(found.X, found.y)
    theirs = LinearRegression().fit(found.X, found.y)
    assert_allclose(ours.coef_[0], theirs.coef_, rtol=1e-10)
    assert_allclose(ours.predict(found.X), theirs.predict(found.X), rtol=1e-9, atol=1e-9)
    found = drawn(fresh_seed, "poisson")
    counts = MixtureRegressor(1, "poisson", tol=1e-15).fit(found.X, found.y)
    other = PoissonRegressor(alpha=0, tol=1e-10, solver="newton-cholesky").fit(found.X, found.y)
    assert_allclose(counts.coef_[0], other.coef_, rtol=1e-5)
    found = drawn(fresh_seed, "binomial")
    first = (found.y[:, 0] > 6).astype(float)
    chances = MixtureRegressor(1, "binomial", tol=1e-15).fit(found.X, first)
    logit = LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cholesky").fit(found.X, first)
    assert_allclose(chances.coef_[0], logit.coef_[0], rtol=1e-5)


def test_one_gamma_is_the_direct_maximum(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gamma", 200)
    model = MixtureRegressor(1, "gamma", tol=1e-15).fit(found.X, found.y)

    def loss(point: Any) -> float:
        other = MixtureRegressor(1, "gamma")
        other.coef_, other.intercept_ = point[None, 1:3], point[:1]
        other.shape_, other.weights_ = np.exp(point[3:]), np.ones(1)
        return -log_likelihoods(other, found.X, found.y).sum()

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-6})
    ours = np.concatenate([model.intercept_, model.coef_[0], np.log(model.shape_)])
    assert_allclose(ours, best.x, atol=1e-4)
    assert model.log_likelihood_ >= -best.fun - 1e-7


@every_family
def test_a_row_of_weight_two_is_the_row_twice(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 120)
    weights = np.random.default_rng(fresh_seed).integers(3, size=120)
    start = np.eye(2)[found.labels]
    asked: dict[str, Any] = {"tol": 1e-12, "algorithm": "em"}
    weighed = MixtureRegressor(2, family, responsibilities_init=start, **asked)
    weighed.fit(found.X, found.y, sample_weight=weights)
    twice = np.repeat(np.arange(120), weights)
    repeated = MixtureRegressor(2, family, responsibilities_init=start[twice], **asked)
    repeated.fit(found.X[twice], found.y[twice])
    assert_allclose(weighed.log_likelihood_, repeated.log_likelihood_, rtol=1e-9)
    assert_allclose(weighed.coef_, repeated.coef_, rtol=1e-5, atol=1e-7)


@every_family
def test_rows_of_a_group_are_in_one_component(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 240)
    # Groups of several sizes, rows of one component each, in any order.
    order = np.argsort(found.labels, kind="stable")
    groups = np.empty(240, dtype=int)
    groups[order] = np.minimum(np.arange(240) // 4, 57)
    groups = np.where(found.labels == 0, groups, groups + 1000)
    model = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y, groups=groups)
    names, numbers = np.unique(groups, return_inverse=True)
    joint = np.zeros((len(names), 2))
    np.add.at(joint, numbers, log_densities(model, found.X, found.y))
    joint += np.log(model.weights_)
    theirs = np.logaddexp(*joint.T)
    assert_allclose(model.log_density(found.X, found.y, groups=groups), theirs, rtol=1e-9)
    assert_allclose(model.log_likelihood_, theirs.sum(), rtol=1e-9)
    shares = model.predict_proba(found.X, found.y, groups=groups)
    assert_allclose(shares, softmax(joint, axis=1)[numbers], rtol=1e-6, atol=1e-9)
    assert model.n_units_ == len(names)


def test_an_exposure_is_the_log_of_it_as_an_offset(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "poisson")
    rng = np.random.default_rng(fresh_seed)
    exposure = rng.uniform(0.5, 4.0, len(found.X))
    y = rng.poisson(found.y * exposure).astype(float)
    first = MixtureRegressor(2, "poisson", random_state=0).fit(found.X, y, exposure=exposure)
    other = MixtureRegressor(2, "poisson", random_state=0)
    other.fit(found.X, y, offset=np.log(exposure))
    assert_array_equal(first.coef_, other.coef_)
    theirs = log_likelihoods(first, found.X, y, np.log(exposure)).sum()
    assert_allclose(first.log_likelihood_, theirs, rtol=1e-9)
    assert_allclose(
        first.predict(found.X, exposure=exposure), first.predict(found.X) * exposure, rtol=1e-12
    )


@every_family
def test_what_is_held_stays_and_what_is_equal_is(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family)
    spread = {"gaussian": "sigma", "gamma": "shape"}.get(family)
    equal = {"intercept": True, **({spread: True} if spread else {})}
    model = MixtureRegressor(
        2, family, fix={"coef": {1: [-0.4, None]}}, equal=equal, random_state=0
    ).fit(found.X, found.y)
    assert_allclose(model.coef_[0, 1], -0.4, rtol=1e-12)
    assert model.coef_[1, 1] != model.coef_[0, 1]
    assert_allclose(model.intercept_[0], model.intercept_[1], rtol=1e-12)
    if spread:
        values = getattr(model, f"{spread}_")
        assert values[0] == values[1]
    free = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    lost = 2 + (spread is not None)
    assert free.n_parameters_ - model.n_parameters_ == lost
    assert model.log_likelihood_ < free.log_likelihood_ + 1e-3


@every_family
def test_units_of_columns_do_not_matter(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family)
    moved = found.X * [1e6, 1e-4] + [2000.0, -3.0]
    first = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    other = MixtureRegressor(2, family, random_state=0).fit(moved, found.y)
    assert_allclose(other.log_likelihood_, first.log_likelihood_, rtol=0, atol=2e-3)
    assert_allclose(other.predict(moved), first.predict(found.X), rtol=2e-2, atol=2e-2)


def test_bits_do_not_depend_on_threads_or_engine(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "poisson", 40_000)
    fits = [
        MixtureRegressor(2, "poisson", random_state=0, max_iter=60, **asked).fit(found.X, found.y)
        for asked in ({"engine": "serial"}, {"n_jobs": 2}, {"n_jobs": 5})
    ]
    for other in fits[1:]:
        assert_array_equal(fits[0].coef_, other.coef_)
        assert fits[0].log_likelihood_ == other.log_likelihood_


def test_frames_are_read_by_name(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    frame = pd.DataFrame(found.X, columns=["age", "dose"])
    model = MixtureRegressor(2, random_state=0, equal={"coef": ["dose"]}).fit(frame, found.y)
    assert model.coef_[0, 1] == pytest.approx(model.coef_[1, 1], rel=1e-12)
    with pytest.raises(DataError, match="same order as they were in fit"):
        model.predict(frame[["dose", "age"]])
    assert "dose" in model.summary()


def test_a_component_whose_rows_lie_on_a_line_is_named() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1))
    y = np.where(np.arange(200) < 80, 1.0 + 2.0 * X[:, 0], rng.normal(size=200))
    with pytest.warns(DegenerateComponentWarning, match="lie on a line"):
        MixtureRegressor(2, random_state=0).fit(X, y)


@pytest.mark.parametrize(
    ("family", "y", "words"),
    [
        ("poisson", [1.0, 2.0, -1.0, 4.0], "row 2 .* is -1.0, which is no count"),
        ("poisson", [1.0, 2.5, 1.0, 4.0], "row 1 .* is 2.5, which is no count"),
        ("binomial", [1.0, 0.0, 2.0, 1.0], "row 2 .* neither 0 nor 1"),
        ("binomial", [[1.0, 0.0]] * 3 + [[0.0, 0.0]], "row 3 .* no trial"),
        ("gamma", [1.0, 0.0, 2.0, 1.0], "row 1 .* not above 0"),
        ("gaussian", [1.0, np.nan, 2.0, 1.0], "row 1 .* no finite number"),
        ("gaussian", [1.0, 2.0], "y has 2 responses, and X has 4 rows"),
    ],
)
def test_responses_that_cannot_be_are_refused_by_row(family: str, y: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        MixtureRegressor(1, family).fit(np.arange(4.0)[:, None], y)


def test_terms_that_go_together_are_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 2)), columns=["a", "b"])
    with pytest.raises(DataError, match="'both' is constant, or follows"):
        MixtureRegressor(2).fit(frame.assign(both=frame.a + frame.b), rng.normal(size=50))
    with pytest.raises(DataError, match="'one' is constant"):
        MixtureRegressor(2).fit(frame.assign(one=3.0), rng.normal(size=50))


@pytest.mark.parametrize("family", ["gaussian", "gamma"])
def test_responses_of_one_value_are_refused(family: str) -> None:
    with pytest.raises(DataError, match=r"y is 2\.5 in all rows of weight"):
        MixtureRegressor(2, family).fit(np.arange(9.0)[:, None], np.full(9, 2.5))


@pytest.mark.parametrize("seed", range(4))
def test_a_line_through_all_rows_is_said_to_be_one(seed: int) -> None:
    X = np.random.default_rng(seed).normal(size=(50, 2))
    with pytest.warns(DegenerateComponentWarning, match="lie on a line"):
        MixtureRegressor(1).fit(X, X @ [1.0, 2.0] + 3.0)
    # Its likelihood has no maximum, whatever rounding leaves of the residuals.
    with pytest.raises(ParameterError, match="has no residuals"):
        MixtureRegressor(1, prior=None).fit(X, X @ [1.0, 2.0] + 3.0)


def test_offsets_and_exposures_that_cannot_be_are_refused() -> None:
    X, y = np.arange(8.0)[:, None], np.arange(8.0)
    with pytest.raises(DataError, match=r"exposure at row 3 .* is 0\.0"):
        MixtureRegressor(1, "poisson").fit(X, y, exposure=[1, 1, 1, 0, 1, 1, 1, 1])
    with pytest.raises(DataError, match=r"offset has the shape \(7,\)"):
        MixtureRegressor(1, "poisson").fit(X, y, offset=np.zeros(7))


def test_settings_that_cannot_be_are_refused() -> None:
    X, y = np.arange(8.0)[:, None], np.arange(8.0)
    with pytest.raises(ParameterError, match="family should be one of gaussian"):
        MixtureRegressor(2, "weibull").fit(X, y)
    with pytest.raises(ParameterError, match="fix knows coef, intercept"):
        MixtureRegressor(2, fix={"slope": 1.0}).fit(X, y)
    with pytest.raises(ParameterError, match="X has no column 'z'"):
        MixtureRegressor(2, equal={"coef": ["z"]}).fit(X, y)
    with pytest.raises(ParameterError, match="prior should be"):
        MixtureRegressor(2, prior="conjugate").fit(X, y)
    with pytest.raises(DataError, match="give all its rows one weight"):
        MixtureRegressor(1).fit(X, y, sample_weight=y + 1, groups=[0] * 8)
