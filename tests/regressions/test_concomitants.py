"""Weights of regressions that go by covariates: their maximum, errors, predictions and files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import flexmix_concomitants
from regression_problems import log_densities
from scipy.special import log_softmax, logsumexp, softmax

import mixtura
from mixtura import DataError, DegenerateComponentWarning, MixtureRegressor, ParameterError

pytestmark = pytest.mark.drawn(3, among="file")

pytest.importorskip("formulaic")

CASES = flexmix_concomitants()
BY = "age + C(shop)"
SETTINGS: dict[str, Any] = {"formula": "y ~ x", "concomitant": BY, "random_state": 0}


def drawn(seed: int, family: str = "gaussian", n_rows: int = 400) -> pd.DataFrame:
    """Return rows of two lines, of which the second is the likelier the older."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n_rows),
            "age": rng.normal(40, 8, n_rows),
            "shop": rng.choice(list("ab"), n_rows),
        }
    )
    logit = (frame.age - 42) / 8 + (frame["shop"] == "b")
    second = rng.random(n_rows) < 1 / (1 + np.exp(-logit))
    eta = np.where(second, 1.4 - 0.6 * frame.x, -0.2 + 0.8 * frame.x)
    y = rng.poisson(np.exp(eta)) if family == "poisson" else eta + rng.normal(0, 0.4, n_rows)
    return frame.assign(y=y)


def logit_columns(frame: pd.DataFrame) -> np.ndarray:
    return np.column_stack([np.ones(len(frame)), frame.age, frame["shop"] == "b"]).astype(float)


def joint(model: Any, frame: pd.DataFrame, coefficients: np.ndarray | None = None) -> np.ndarray:
    """Return log π_ik f_k (N, K) by SciPy."""
    own = model.concomitant_.coefficients if coefficients is None else coefficients
    logits = np.column_stack([np.zeros(len(frame)), logit_columns(frame) @ own])
    X, y = frame[["x"]].to_numpy(), frame.y.to_numpy(float)
    return log_softmax(logits, axis=1) + log_densities(model, X, y)


@pytest.mark.parametrize("name", CASES)
def test_ends_and_errors_are_those_of_flexmix(name: str) -> None:
    case = CASES[name]
    y, z = np.array(case["y"], dtype=float), np.array(case["z"], dtype=float)
    x = np.array(case["x"], dtype=float).reshape(len(y), -1)
    terms = [f"x{j}" for j in range(x.shape[1])]
    by = [f"z{j}" for j in range(z.shape[1])]
    frame = pd.DataFrame(np.hstack([x, z]), columns=[*terms, *by])
    model = MixtureRegressor(
        case["k"],
        case["family"],
        formula=" + ".join(terms) or "1",
        concomitant=" + ".join(by),
        random_state=0,
    ).fit(frame, y, groups=case["groups"])
    errors = model.errors(frame, y, groups=case["groups"])
    likelihood = np.array(case["log_likelihood"]).item()
    # flexmix divides a Gaussian's residuals by N_k - p, and stops a little before the end.
    assert -1e-7 < model.log_likelihood_ - likelihood < (0.02 if name == "NPreg" else 1e-5)
    assert model.n_parameters_ == np.array(case["df"]).item()
    ours = np.column_stack([model.intercept_, model.coef_])
    assert_allclose(ours, case["coefficients"], rtol=2e-3, atol=1e-3)
    assert_allclose(errors.standard_errors, case["standard_errors"], rtol=5e-3)
    assert model.concomitant_ is not None
    assert errors.membership is not None
    logit = np.array(case["logit"])[:, 1:]
    ours = model.concomitant_.coefficients
    if name != "NPreg":
        assert_allclose(ours, logit, rtol=4e-3)
    told = np.reshape(case["logit_errors"], logit.T.shape).T
    assert_allclose(errors.membership.standard_errors, told, rtol=3e-3)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_what_is_said_of_rows_is_that_of_weights_and_lines(family: str, fresh_seed: int) -> None:
    frame = drawn(fresh_seed, family)
    model = MixtureRegressor(2, family, **SETTINGS).fit(frame)
    logs = joint(model, frame)
    assert_allclose(model.log_likelihood_, logsumexp(logs, axis=1).sum(), rtol=1e-9)
    assert_allclose(model.log_density(frame), logsumexp(logs, axis=1), rtol=1e-8)
    assert_allclose(model.predict_proba(frame), softmax(logs, axis=1), atol=1e-8)
    own = model.concomitant_.coefficients
    weights = softmax(np.column_stack([np.zeros(len(frame)), logit_columns(frame) @ own]), axis=1)
    assert_allclose(model.predict_proba(frame.drop(columns="y")), weights, atol=1e-10)
    assert_allclose(model.weights_, weights.mean(axis=0), rtol=1e-8)
    means = model.component_means(frame)
    assert_allclose(model.predict(frame), (weights * means).sum(axis=1), rtol=1e-9)
    spreads = family == "gaussian"
    assert model.n_parameters_ == 2 * (2 + spreads) + 3
    theirs = -2 * model.log_likelihood_ + model.n_parameters_ * np.log(len(frame))
    assert_allclose(model.bic_, theirs, rtol=1e-12)
    assert_allclose(model.icl_, theirs - 2 * np.log(softmax(logs, 1).max(1)).sum(), rtol=1e-8)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_errors_are_those_of_finite_differences(family: str, fresh_seed: int) -> None:
    frame = drawn(fresh_seed, family)
    # Ages about 0, so that one step suits all numbers.
    frame["age"] = (frame.age - 40) / 8
    model = MixtureRegressor(2, family, **SETTINGS).fit(frame)
    spreads = model.sigma_ if family == "gaussian" else np.empty(0)
    own = model.concomitant_.coefficients[:, 0]
    point = np.concatenate([model.intercept_, model.coef_[:, 0], np.log(spreads), own])
    other = MixtureRegressor(2, family)

    def at(move: np.ndarray) -> float:
        numbers = point + move
        other.intercept_, other.coef_ = numbers[:2], numbers[2:4, None]
        other.sigma_ = np.exp(numbers[4 : 4 + len(spreads)])
        return float(logsumexp(joint(other, frame, numbers[-3:, None]), axis=1).sum())

    size = 1e-3
    steps = size * np.eye(len(point))
    hessian = np.array(
        [[at(a + b) - at(a - b) - at(b - a) + at(-a - b) for b in steps] for a in steps]
    ) / (4 * size**2)
    theirs = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    ours = model.errors(frame)
    assert_allclose(ours.standard_errors.T.ravel(), theirs[:4], rtol=2e-3)
    assert ours.membership is not None
    assert_allclose(ours.membership.standard_errors[:, 0], theirs[-3:], rtol=2e-3)
    assert_allclose(ours.membership.coefficients[:, 0], own, rtol=1e-9)
    assert_allclose(ours.membership.log_likelihood, model.log_likelihood_, rtol=1e-9)
    assert "C(shop)[T.b]" in ours.summary()
    gradient = [(at(step) - at(-step)) / (2 * size) for step in steps]
    assert_allclose(gradient * theirs, 0.0, atol=5e-3)


def test_covariates_never_make_rows_less_likely(fresh_seed: int) -> None:
    frame = drawn(fresh_seed, n_rows=200)
    without = MixtureRegressor(2, formula="y ~ x", random_state=0).fit(frame)
    model = MixtureRegressor(2, **SETTINGS).fit(frame)
    assert model.log_likelihood_ > without.log_likelihood_
    assert model.n_parameters_ == without.n_parameters_ + 2
    history = np.array(model.history_.objective)
    assert (np.diff(history) > -1e-8 * np.abs(history[:-1])).all()
    assert model.converged_


def test_a_row_of_weight_two_is_the_row_twice(fresh_seed: int) -> None:
    frame = drawn(fresh_seed, n_rows=200)
    weights = np.random.default_rng(fresh_seed).integers(3, size=200)
    wild = frame.assign(age=frame.age.mask(weights == 0), shop=frame["shop"].mask(weights == 0))
    weighed = MixtureRegressor(2, **SETTINGS).fit(wild, sample_weight=weights)
    twice = frame.iloc[np.repeat(np.arange(200), weights)]
    repeated = MixtureRegressor(2, **SETTINGS).fit(twice)
    assert_allclose(weighed.log_likelihood_, repeated.log_likelihood_, atol=1e-4)
    used = frame[weights > 0]
    ours = weighed.errors(used, None, weights[weights > 0]).membership
    theirs = repeated.errors(twice).membership
    assert ours is not None
    assert theirs is not None
    assert_allclose(ours.standard_errors, theirs.standard_errors, rtol=1e-2)


def test_rows_of_a_group_share_their_weights(fresh_seed: int) -> None:
    frame = drawn(fresh_seed, "poisson")
    groups = np.arange(400) // 4
    with pytest.raises(DataError, match=r"column 'age' at row 1 \(counted from 0\) is not what"):
        MixtureRegressor(2, "poisson", **SETTINGS).fit(frame, groups=groups)
    frame[["age", "shop"]] = frame[["age", "shop"]].iloc[groups * 4].to_numpy()
    frame["age"] = frame.age.astype(float)
    model = MixtureRegressor(2, "poisson", **SETTINGS).fit(frame, groups=groups)
    weights = model.predict_proba(frame.drop(columns="y"))
    X, y = frame[["x"]].to_numpy(), frame.y.to_numpy(float)
    sums = np.zeros((100, 2))
    np.add.at(sums, groups, log_densities(model, X, y))
    sums += np.log(weights[::4])
    assert_allclose(model.log_likelihood_, logsumexp(sums, axis=1).sum(), rtol=1e-9)
    assert_allclose(model.log_density(frame, groups=groups), logsumexp(sums, axis=1), rtol=1e-8)
    shares = model.predict_proba(frame, groups=groups)
    assert_allclose(shares, softmax(sums, axis=1)[groups], atol=1e-8)
    assert np.isfinite(model.errors(frame, groups=groups).standard_errors).all()


def test_draws_follow_lines_as_often_as_weights_say(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    model = MixtureRegressor(2, **SETTINGS).fit(frame)
    few = frame.iloc[np.repeat([0, 1], 20_000)]
    y, labels = model.sample(few, random_state=fresh_seed)
    weights = model.predict_proba(frame[["x", "age", "shop"]][:2])[:, 1]
    # Of 20 000 draws the share has a standard deviation of 0.0036 at the most.
    assert_allclose(labels.reshape(2, -1).mean(axis=1), weights, atol=0.02)
    low, high = model.predict_interval(few, 0.9).T
    inside = ((low <= y) & (y <= high)).reshape(2, -1).mean(axis=1)
    assert_allclose(inside, 0.9, atol=0.015)


def test_a_model_file_keeps_the_weights(tmp_path: Path, fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    model = MixtureRegressor(2, **SETTINGS).fit(frame)
    model.save(tmp_path / "model")
    other = mixtura.load(tmp_path / "model")
    few = frame.iloc[[3, 1]]
    assert_array_equal(other.predict(few), model.predict(few))
    assert_array_equal(other.predict_proba(frame), model.predict_proba(frame))
    assert_array_equal(other.errors(frame).weight_errors, model.errors(frame).weight_errors)
    assert (other.bic_, other.n_parameters_) == (model.bic_, model.n_parameters_)
    with pytest.raises(DataError, match="no covariate 'age'"):
        other.predict(few[["x", "shop"]])


def test_one_component_has_no_weights_to_go_by_covariates(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    model = MixtureRegressor(1, **SETTINGS).fit(frame)
    without = MixtureRegressor(1, formula="y ~ x").fit(frame)
    assert_array_equal(model.coef_, without.coef_)
    assert model.n_parameters_ == without.n_parameters_
    assert_array_equal(model.predict(frame), without.predict(frame))
    assert model.errors(frame).membership is None
    chosen = MixtureRegressor(**SETTINGS).select(frame, n_components=[1, 2])
    assert len(chosen.weights_) == 2


def test_a_covariate_that_foretells_the_line_is_named() -> None:
    frame = drawn(3)
    low = frame.age < 40
    frame["y"] = np.where(low, 20.0, -20.0) + frame.x + 0.1 * frame.y
    frame["low"] = low.astype(float)
    model = MixtureRegressor(2, formula="y ~ x", concomitant="low", random_state=0)
    with pytest.warns(DegenerateComponentWarning, match="coefficient of '.*' for class 1 has no"):
        model.fit(frame)
    assert_allclose(model.predict_proba(frame[["x", "low"]]).max(axis=1), 1.0, atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"concomitant": 3}, ParameterError, "concomitant should be a formula"),
        ({"concomitant": "0 + age"}, ParameterError, "leaves the intercept out"),
        ({"concomitant": "nope"}, DataError, "names 'nope', which is no column of data"),
        ({"concomitant": "age", "mixing_weights": "equal"}, ParameterError, "leave one of them"),
        ({"concomitant": "age + I(2 * age)"}, DataError, "is determined by those before it"),
    ],
)
def test_what_weights_cannot_go_by_is_said(settings: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        MixtureRegressor(2, formula="y ~ x", **settings).fit(drawn(0))
    with pytest.raises(DataError, match=r"column 'age' is missing at row 2"):
        MixtureRegressor(2, **SETTINGS).fit(drawn(0).assign(age=[1.0, 2.0, np.nan] + [4.0] * 397))
