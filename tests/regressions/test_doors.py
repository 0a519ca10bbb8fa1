"""What regressions are given that no fit could use, or that is out of the ordinary."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from regression_problems import drawn

from mixtura import DataError, MixtureRegressor, ParameterError


@pytest.mark.parametrize("power", [-900, 900])
def test_terms_of_any_scale_give_the_same_fit(power: int, fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    plain = MixtureRegressor(2, random_state=0).fit(found.X, found.y)
    scaled = MixtureRegressor(2, random_state=0).fit(np.ldexp(found.X, power), found.y)
    assert_allclose(scaled.log_likelihood_, plain.log_likelihood_, rtol=1e-9)
    assert_allclose(np.ldexp(scaled.coef_, power), plain.coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize("power", [-830, -30, 30, 830])
def test_terms_of_any_scale_are_equal_alike(family: str, power: int, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    x = rng.normal(size=(80, 1))
    eta = 0.6 * x[:, 0] + np.repeat([0.0, 2.5], 40)
    y = rng.poisson(np.exp(eta)) if family == "poisson" else eta + 0.3 * rng.normal(size=80)
    start = np.eye(2)[np.repeat([0, 1], 40)] * 0.8 + 0.1
    told = {"equal": {"coef": [0]}, "responsibilities_init": start}
    plain = MixtureRegressor(2, family, **told).fit(x, y)
    scaled = MixtureRegressor(2, family, **told).fit(np.ldexp(x, power), y)
    assert_allclose(scaled.log_likelihood_, plain.log_likelihood_, atol=2e-3)
    assert_allclose(np.ldexp(scaled.coef_, power), plain.coef_, atol=1e-2)


@pytest.mark.parametrize(("family", "power"), [("gaussian", 450), ("gamma", -450), ("gamma", 450)])
def test_responses_of_wide_scales_are_fitted_alike(
    family: str, power: int, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, family)
    plain = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    scaled = MixtureRegressor(2, family, random_state=0).fit(found.X, np.ldexp(found.y, power))
    lost = len(found.y) * power * np.log(2)
    assert_allclose(scaled.log_likelihood_ + lost, plain.log_likelihood_, atol=1e-4)


@pytest.mark.parametrize(
    ("family", "scale", "words"),
    [
        ("gaussian", 1e200, "which is beyond 1e[+]150; divide y by a power of ten"),
        ("gaussian", 1e-200, "responses differ by less than 1e-150"),
        ("gamma", 1e200, "which is beyond 1e[+]150; divide y by a power of ten"),
        ("gamma", 1e-200, "which is below 1e-150; multiply y by a power of ten"),
    ],
)
def test_responses_beyond_what_squares_hold_are_refused(
    family: str, scale: float, words: str, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, family)
    with pytest.raises(DataError, match=words):
        MixtureRegressor(2, family).fit(found.X, found.y * scale)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT")])
def test_rows_without_a_group_are_refused_by_number(gap: Any, fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    groups = np.array([f"p{i // 4}" for i in range(len(found.y))], dtype=object)
    groups[[7, 9]] = gap
    with pytest.raises(DataError, match=r"groups has no label at row 7 \(counted from 0\)"):
        MixtureRegressor(2).fit(found.X, found.y, groups=groups)


def test_groups_called_by_text_and_numbers_are_refused(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    groups = np.array([0, "p"] * (len(found.y) // 2), dtype=object)
    with pytest.raises(DataError, match="several kinds"):
        MixtureRegressor(2).fit(found.X, found.y, groups=groups)


def test_numbers_held_unlike_cannot_be_equal(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    equal = {"coef": [0]}
    with pytest.raises(ParameterError, match="fix holds 'x0' at unlike numbers"):
        MixtureRegressor(2, fix={"coef": {0: [1.0, 2.0]}}, equal=equal).fit(found.X, found.y)
    alike = MixtureRegressor(2, fix={"coef": {0: 1.0}}, equal=equal, random_state=0)
    assert_allclose(alike.fit(found.X, found.y).coef_[:, 0], 1.0, rtol=1e-14)


@pytest.mark.parametrize("name", ["offset", "exposure"])
@pytest.mark.parametrize("given", ["years", ["a"] * 9, [[1.0], [1.0, 2.0]], {"years": 1.0}])
def test_offsets_that_are_no_numbers_are_refused_by_name(name: str, given: Any) -> None:
    X, y = np.arange(9.0)[:, None], np.arange(9)
    with pytest.raises(DataError, match=f"{name} should hold numbers"):
        MixtureRegressor(1, "poisson").fit(X, y, **{name: given})
    model = MixtureRegressor(1, "poisson").fit(X, y)
    with pytest.raises(DataError, match=f"{name} should hold numbers"):
        model.predict(X, **{name: given})


@pytest.mark.parametrize("size", ["2", 0, 1.5, True, None])
def test_numbers_of_regressions_that_are_none_are_refused_by_what_they_may_be(size: Any) -> None:
    with pytest.raises(ParameterError, match="should be a whole number from 1 up"):
        MixtureRegressor(size).fit(np.arange(9.0)[:, None], np.arange(9))
