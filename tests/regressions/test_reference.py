"""Regressions end where flexmix and mixtools end from the same labels, or higher."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import flexmix_regressions

from mixtura import MixtureRegressor

CASES = flexmix_regressions()


def arguments(case: Any) -> dict[str, Any]:
    """Return what `fit` takes of a case."""
    offset = case["offset"]
    return {
        "X": np.array(case["x"]),
        "y": np.array(case["y"]),
        "groups": case["groups"],
        "offset": None if offset is None else np.array(offset),
    }


def settings(case: Any) -> dict[str, Any]:
    """Return the settings of a case, and its start."""
    labels = np.array(case["labels"], dtype=int)
    equal: dict[str, Any] = {}
    if case["equal"]:
        equal["coef"] = [case["terms"].index(term) for term in case["equal"]]
    if case["equal_sigma"]:
        equal["sigma"] = True
    return {
        "n_components": case["k"],
        "family": case["family"],
        "equal": equal or None,
        "responsibilities_init": np.eye(case["k"])[labels],
        "tol": 1e-13,
        "algorithm": "squarem",
        "max_iter": 20_000,
    }


@pytest.mark.parametrize("name", CASES)
def test_from_the_same_labels_the_end_is_that_of_flexmix(name: str) -> None:
    case = CASES[name]
    model = MixtureRegressor(**settings(case)).fit(**arguments(case))
    theirs = case["log_likelihood"][0]
    assert model.n_parameters_ == case["df"][0]
    if case["family"] == "gaussian":
        # flexmix divides residuals by N - p, which is not where the likelihood is highest.
        assert 0.0 < model.log_likelihood_ - theirs < 0.02
        return
    assert_allclose(model.log_likelihood_, theirs, rtol=0, atol=1e-6)
    ours = np.column_stack([model.intercept_, model.coef_])
    assert_allclose(ours, case["coefficients"], rtol=2e-4, atol=2e-5)
    assert_allclose(model.weights_, case["weights"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in CASES if "mixtools" in CASES[name]])
def test_from_the_same_labels_the_end_is_that_of_mixtools(name: str) -> None:
    case = CASES[name]
    model = MixtureRegressor(**settings(case)).fit(**arguments(case))
    theirs = case["mixtools"]
    assert_allclose(model.log_likelihood_, theirs["log_likelihood"][0], rtol=0, atol=1e-6)
    ours = np.column_stack([model.intercept_, model.coef_])
    assert_allclose(ours, theirs["coefficients"], rtol=1e-4, atol=1e-5)
    assert_allclose(model.sigma_, theirs["sigma"], rtol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_without_a_start_the_end_is_as_likely_as_the_best_of_five_of_flexmix(name: str) -> None:
    case = CASES[name]
    asked = {**settings(case), "responsibilities_init": None, "tol": None, "max_iter": None}
    model = MixtureRegressor(**{**asked, "algorithm": "auto", "random_state": 0})
    model.fit(**arguments(case))
    assert model.log_likelihood_ > case["log_likelihood"][0] - 1e-3
