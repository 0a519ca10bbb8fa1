"""Partial effects are lines of components along one column, with the bands of their errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from regression_problems import FAMILIES, drawn
from scipy.special import expit

import mixtura
from mixtura import MixtureRegressor, ParameterError

INVERSES: dict[str, Any] = {
    "gaussian": lambda eta: eta,
    "poisson": np.exp,
    "binomial": expit,
    "gamma": np.exp,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_bands_are_those_of_the_linear_predictor(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family)
    model = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    errors = model.errors(found.X, found.y)
    effects = model.partial_effects(found.X, 1, errors, level=0.9)
    values, middle = effects.values, found.X[:, 0].mean()
    assert (values[0], values[-1]) == (found.X[:, 1].min(), found.X[:, 1].max())
    for k in range(2):
        place = slice(3 * k, 3 * k + 3)
        for row in (0, 40, 100):
            x = np.array([1.0, middle, values[row]])
            eta = x @ np.r_[model.intercept_[k], model.coef_[k]]
            away = 1.6448536269514722 * np.sqrt(x @ errors.covariance[place, place] @ x)
            told = effects.lower[row, k], effects.means[row, k], effects.upper[row, k]
            ends = INVERSES[family](np.array([eta - away, eta, eta + away]))
            assert_allclose(told, ends, rtol=1e-9)


def test_levels_of_a_category_are_told_with_the_rest_at_its_middle(fresh_seed: int) -> None:
    pytest.importorskip("formulaic")
    rng = np.random.default_rng(fresh_seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 5, 300),
            "shop": rng.choice(["a", "b", "c"], 300, p=[0.2, 0.5, 0.3]),
            "spare": "x",
        }
    )
    line = rng.integers(2, size=300)
    frame["y"] = np.where(line == 0, frame.age, -frame.age) + (frame["shop"] == "b")
    frame["y"] += rng.normal(size=300)
    model = MixtureRegressor(2, formula="y ~ age + C(shop)", random_state=0).fit(frame)
    errors = model.errors(frame)
    shops = model.partial_effects(frame, "shop", errors)
    still = pd.DataFrame({"age": frame.age.mean(), "shop": ["a", "b", "c"]})
    assert shops.values.tolist() == ["a", "b", "c"]
    assert_allclose(shops.means, model.component_means(still), rtol=1e-12)
    ages = model.partial_effects(frame, "age", errors)
    still = pd.DataFrame({"age": ages.values, "shop": "b"})
    assert_allclose(ages.means, model.component_means(still), rtol=1e-12)
    assert len(ages.to_frame()) == 2 * len(ages.values)
    assert ages.to_frame().columns.tolist() == ["component", "age", "mean", "lower", "upper"]
    with pytest.raises(ParameterError, match="no column 'spare'; those that are read are age, s"):
        model.partial_effects(frame, "spare", errors)
    with pytest.raises(ParameterError, match="between 0 and 1"):
        model.partial_effects(frame, "age", errors, level=95)


def test_effects_are_drawn_as_lines_with_bands_or_as_marks(fresh_seed: int) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    found = drawn(fresh_seed, "gaussian")
    frame = pd.DataFrame(found.X, columns=["a", "b"])
    model = MixtureRegressor(2, random_state=0).fit(frame, found.y)
    effects = model.partial_effects(frame, "a", model.errors(frame, found.y))
    axes = effects.plot(ax=Figure().subplots())
    assert axes.get_xlabel() == "a"
    assert len(axes.collections) == len(axes.lines) == 2
    for k, one in enumerate(axes.lines):
        assert_array_equal(one.get_ydata(), effects.means[:, k])
        band = axes.collections[k].get_paths()[0].vertices
        assert_allclose(
            [band[:, 1].min(), band[:, 1].max()],
            [
                effects.lower[:, k].min(),
                effects.upper[:, k].max(),
            ],
        )
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "component 0",
        "component 1",
    ]


def test_errors_of_another_fit_are_refused(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    model = MixtureRegressor(2, random_state=0).fit(found.X, found.y)
    own = model.errors(found.X, found.y)
    others = [
        MixtureRegressor(1).fit(found.X, found.y),
        MixtureRegressor(2, random_state=0).fit(found.X[:, :1], found.y),
        MixtureRegressor(2, random_state=0).fit(found.X, 2 * found.y),
    ]
    for other in others:
        rows = found.X[:, : other.n_features_in_]
        with pytest.raises(ParameterError, match="errors are of another fit"):
            other.partial_effects(rows, 0, own)
    for given in (None, own.covariance, "own"):
        with pytest.raises(ParameterError, match="errors should be what `errors` returns"):
            model.partial_effects(found.X, 0, given)


def test_a_model_file_tells_the_effects_of_the_fit(fresh_seed: int, tmp_path: Path) -> None:
    found = drawn(fresh_seed, "poisson")
    model = MixtureRegressor(2, "poisson", random_state=0).fit(found.X, found.y)
    errors = model.errors(found.X, found.y)
    model.save(tmp_path / "model.mixtura")
    read = mixtura.load(tmp_path / "model.mixtura")
    theirs = read.partial_effects(found.X, 0, errors)
    assert_array_equal(theirs.lower, model.partial_effects(found.X, 0, errors).lower)
