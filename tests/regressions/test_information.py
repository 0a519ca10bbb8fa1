"""Standard errors of regressions: the curvature of the log-likelihood, and flexmix's digits."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from oracles import flexmix_regressions
from regression_problems import FAMILIES, drawn, log_densities
from scipy.special import logsumexp, softmax

from mixtura import (
    DataError,
    DegenerateComponentWarning,
    InformationError,
    MixtureRegressor,
    ParameterError,
)

CASES = flexmix_regressions()
EXACT: dict[str, Any] = {"tol": 1e-14, "algorithm": "squarem", "max_iter": 20_000}


def free_numbers(model: Any) -> np.ndarray:
    """Return coefficients, logs of spreads and log weights over the first, as one vector."""
    parts = [np.column_stack([model.intercept_, model.coef_]).ravel()]
    parts += [np.log(getattr(model, name)) for name in ("sigma_", "shape_") if hasattr(model, name)]
    return np.concatenate([*parts, np.log(model.weights_[1:] / model.weights_[0])])


def log_likelihood(model: Any, point: np.ndarray, X: Any, y: Any, numbers: Any) -> float:
    """Return the log-likelihood at other numbers, by SciPy alone."""
    k, p = len(model.weights_), X.shape[1] + 1
    other = MixtureRegressor(k, model.family)
    both = point[: k * p].reshape(k, p)
    other.intercept_, other.coef_ = both[:, 0], both[:, 1:]
    other.sigma_ = other.shape_ = np.exp(point[k * p : k * (p + 1)])
    other.weights_ = softmax(np.concatenate([[0.0], point[len(point) - k + 1 :]]))
    joint = np.zeros((numbers.max() + 1, k))
    np.add.at(joint, numbers, log_densities(other, X, y))
    return float(logsumexp(joint + np.log(other.weights_), axis=1).sum())


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_errors_are_those_of_finite_differences(
    family: str, grouped: bool, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, family, 300)
    order = np.argsort(found.labels, kind="stable")
    numbers = np.empty(300, dtype=int)
    numbers[order] = np.arange(300) // 3 if grouped else np.arange(300)
    groups = numbers if grouped else None
    model = MixtureRegressor(2, family, random_state=0, **EXACT)
    model.fit(found.X, found.y, groups=groups)
    point, size = free_numbers(model), 1e-3
    steps = size * np.eye(len(point))

    def at(move: np.ndarray) -> float:
        return log_likelihood(model, point + move, found.X, found.y, numbers)

    hessian = np.array(
        [[at(a + b) - at(a - b) - at(b - a) + at(-a - b) for b in steps] for a in steps]
    ) / (4 * size**2)
    theirs = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    ours = model.errors(found.X, found.y, groups=groups)
    assert_allclose(ours.standard_errors.ravel(), theirs[:6], rtol=2e-3)
    if len(ours.spreads):
        assert_allclose(ours.spread_errors / ours.spreads, theirs[6:8], rtol=2e-3)
    share = model.weights_[0] * model.weights_[1]
    assert_allclose(ours.weight_errors, share * theirs[-1], rtol=2e-3)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if case["family"] != "gaussian"
        and np.isfinite(np.array(case["standard_errors"], float)).all()
    ],
)
def test_errors_are_those_of_flexmix_to_three_digits(name: str) -> None:
    case = CASES[name]
    labels = np.array(case["labels"], dtype=int)
    start = np.eye(case["k"])[labels]
    X, y = np.array(case["x"]), np.array(case["y"])
    told = {"groups": case["groups"], "offset": case["offset"]}
    model = MixtureRegressor(case["k"], case["family"], responsibilities_init=start, **EXACT)
    ours = model.fit(X, y, **told).errors(X, y, **told)
    assert_allclose(ours.standard_errors, case["standard_errors"], rtol=4e-3)


def test_weights_of_rows_count_in_errors(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "poisson", 200)
    weights = np.random.default_rng(fresh_seed).integers(3, size=200)
    twice = np.repeat(np.arange(200), weights)
    model = MixtureRegressor(2, "poisson", random_state=0, **EXACT)
    model.fit(found.X, found.y, sample_weight=weights)
    ours = model.errors(found.X, found.y, weights)
    theirs = model.errors(found.X[twice], found.y[twice])
    assert_allclose(ours.standard_errors, theirs.standard_errors, rtol=1e-8)


def test_what_is_held_has_no_error_and_what_is_alike_has_one(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    model = MixtureRegressor(
        2,
        fix={"intercept": [1.0, 1.0]},
        equal={"coef": [1], "sigma": True},
        random_state=0,
        **EXACT,
    ).fit(found.X, found.y)
    errors = model.errors(found.X, found.y)
    assert np.isnan(errors.standard_errors[:, 0]).all()
    assert_allclose(errors.standard_errors[0, 2], errors.standard_errors[1, 2], rtol=1e-10)
    assert_allclose(errors.spread_errors[0], errors.spread_errors[1], rtol=1e-10)
    with pytest.raises(ParameterError, match="held, or alike"):
        errors.test("intercept")
    with pytest.raises(ParameterError, match="held, or alike"):
        errors.test("x1", equal=True)
    with pytest.raises(ParameterError, match="no term 'z'"):
        errors.test("z")


def test_a_term_without_effect_is_found_so_as_often_as_it_should_be() -> None:
    rng = np.random.default_rng(5)
    p_values = []
    for seed in range(60):
        found = drawn(seed, "poisson", 300)
        X = np.column_stack([found.X, rng.normal(size=300)])
        start = np.eye(2)[found.labels]
        model = MixtureRegressor(2, "poisson", responsibilities_init=start).fit(X, found.y)
        errors = model.errors(X, found.y)
        p_values.append(errors.test("x2").p_value)
        assert errors.test("x1", equal=True).p_value < 1e-3
        assert "x2 (1)" in errors.summary()
    # Sixty p-values that are even from 0 to 1: the mean has a standard deviation of 0.037.
    assert 0.35 < np.mean(p_values) < 0.65


def test_coefficients_without_end_are_named_and_have_no_errors() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"dose": np.linspace(-1, 1, 80), "age": rng.normal(size=80)})
    apart = (frame.dose > 0).astype(float)
    model = MixtureRegressor(1, "binomial")
    with pytest.warns(DegenerateComponentWarning, match=r"coefficients of dose in component 0"):
        model.fit(frame, apart)
    with pytest.raises(InformationError, match="coefficients of dose in component 0 run off"):
        model.errors(frame, apart)
    counts = np.where(np.arange(80) % 2 == 0, 0, rng.poisson(30.0, size=80)).astype(float)
    with pytest.warns(DegenerateComponentWarning, match="responses are all 0"):
        MixtureRegressor(2, "poisson", random_state=0).fit(frame, counts)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateComponentWarning)
        held = MixtureRegressor(1, "binomial", fix={"coef": {"dose": 3.0}}).fit(frame, apart)
    assert np.isnan(held.errors(frame, apart).standard_errors[0, 1])


@pytest.mark.parametrize("apart", [1e-8, 3e-9])
@pytest.mark.parametrize("scale", [1.0, 1e-100, 1e200])
def test_terms_that_nearly_go_together_are_told_of_in_words(apart: float, scale: float) -> None:
    rng = np.random.default_rng(3)
    one = rng.normal(size=(60, 1))
    terms = np.hstack([one, one + apart * rng.normal(size=(60, 1))]) * scale
    counts = np.where(rng.random(60) < 0.5, 0, rng.poisson(20.0, 60)).astype(float)
    with pytest.warns(DegenerateComponentWarning, match="run off without end"):
        MixtureRegressor(2, "poisson", random_state=0).fit(terms, counts)
    model = MixtureRegressor(1, "poisson", random_state=0).fit(one, counts)
    with pytest.raises(DataError, match="term 'x0' is constant, or follows"):
        model.errors(np.ones_like(one), counts)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("far", [1e3, 1e5, 1e7])
def test_errors_of_slopes_do_not_depend_on_where_columns_begin(
    family: str, far: float, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, family, 300)
    start = np.eye(2)[found.labels]
    near = MixtureRegressor(2, family, responsibilities_init=start, **EXACT)
    away = MixtureRegressor(2, family, responsibilities_init=start, **EXACT)
    moved = found.X + far
    near.fit(found.X, found.y)
    theirs = near.errors(found.X, found.y)
    ours = away.fit(moved, found.y).errors(moved, found.y)
    assert_allclose(ours.standard_errors[:, 1:], theirs.standard_errors[:, 1:], rtol=1e-3)
    assert_allclose(ours.test("x1").statistic, theirs.test("x1").statistic, rtol=2e-3)
    there, here = away.partial_effects(moved, 0, ours), near.partial_effects(found.X, 0, theirs)
    assert_allclose(there.lower, here.lower, rtol=1e-3, atol=1e-3)
    assert_allclose(there.upper, here.upper, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("unit", [1e-130, 1e-60, 1e60, 1e130])
@pytest.mark.parametrize("column", [1e-12, 1.0, 1e12])
def test_errors_go_by_the_units_of_responses_and_columns(
    unit: float, column: float, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, "gaussian", 200)
    start = np.eye(2)[found.labels]
    model = MixtureRegressor(2, responsibilities_init=start, **EXACT)
    theirs = model.fit(found.X, found.y).errors(found.X, found.y)
    X, y = found.X * column, found.y * unit
    ours = model.fit(X, y).errors(X, y)
    expected = theirs.standard_errors * unit / np.array([1.0, column, column])
    assert_allclose(ours.standard_errors, expected, rtol=1e-4)
    assert_allclose(ours.spread_errors, theirs.spread_errors * unit, rtol=1e-4)
    assert_allclose(ours.test("x0").statistic, theirs.test("x0").statistic, rtol=1e-4)
