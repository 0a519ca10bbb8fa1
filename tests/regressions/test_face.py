"""What fitted regressions say of rows, and what of them stays in model files."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from regression_problems import FAMILIES, drawn
from scipy import stats

import mixtura
from mixtura import MixtureRegressor, ModelFileError, ParameterError
from mixtura.store import load_with_facts


@pytest.mark.parametrize("family", FAMILIES)
def test_intervals_hold_as_many_new_responses_as_they_say(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 300)
    model = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    X = np.repeat(found.X[:40], 500, axis=0)
    y, labels = model.sample(X, trials=12, random_state=fresh_seed)
    low, high = model.predict_interval(X, 0.8, trials=12).T
    inside = ((low <= y) & (y <= high)).mean()
    if family in ("gaussian", "gamma"):
        # Of 20 000 draws the share has a standard deviation of 0.003.
        assert abs(inside - 0.8) < 0.015
    else:
        assert inside > 0.785
    assert_allclose(np.bincount(labels) / len(labels), model.weights_, atol=0.02)


def test_the_interval_of_one_line_is_its_normal_quantiles(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    model = MixtureRegressor(1).fit(found.X, found.y)
    theirs = stats.norm.interval(0.9, model.predict(found.X), model.sigma_[0])
    assert_allclose(model.predict_interval(found.X, 0.9).T, theirs, rtol=1e-9, atol=1e-9)
    for level in (95, -0.5, np.nan, "0.9"):
        with pytest.raises(ParameterError, match="between 0 and 1"):
            model.predict_interval(found.X, level)


def test_quantiles_of_counts_are_the_least_that_reach_the_level(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "poisson")
    model = MixtureRegressor(2, "poisson", random_state=0).fit(found.X, found.y)
    means = model.component_means(found.X)
    for end, level in zip(model.predict_interval(found.X, 0.9).T, (0.05, 0.95), strict=True):
        assert (stats.poisson.cdf(end[:, None], means) @ model.weights_ >= level - 1e-12).all()
        below = stats.poisson.cdf(end[:, None] - 1, means) @ model.weights_
        assert (below < level + 1e-12).all()


def test_the_prediction_is_the_mean_of_the_lines(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    model = MixtureRegressor(2, random_state=0).fit(found.X, found.y)
    lines = found.X @ model.coef_.T + model.intercept_
    assert_allclose(model.component_means(found.X), lines, rtol=1e-9, atol=1e-9)
    assert_allclose(model.predict(found.X), lines @ model.weights_, rtol=1e-9, atol=1e-9)
    assert_array_equal(model.predict_proba(found.X)[:3], np.tile(model.weights_, (3, 1)))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_file_holds_what_was_fitted(family: str, tmp_path: Path, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family, 200)
    model = MixtureRegressor(
        2, family, equal={"coef": [1]}, fix={"intercept": [None, 0.3]}, random_state=0
    ).fit(found.X, found.y)
    path = tmp_path / "lines.mixtura"
    model.save(path)
    other = mixtura.load(path)
    assert_array_equal(other.predict(found.X), model.predict(found.X))
    assert_array_equal(other.predict_proba(found.X, found.y), model.predict_proba(found.X, found.y))
    assert (other.bic_, other.n_parameters_) == (model.bic_, model.n_parameters_)
    assert other.get_params()["equal"] == {"coef": [1]}
    assert other.summary().splitlines()[0] == model.summary().splitlines()[0]
    ours, theirs = (one.errors(found.X, found.y).standard_errors for one in (model, other))
    assert_array_equal(ours, theirs)
    mixture, _ = load_with_facts(path)
    assert mixture.n_parameters == model.n_parameters_


def test_components_keep_the_names_they_are_given(tmp_path: Path, fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian", 200)
    model = MixtureRegressor(2, random_state=0).fit(found.X, found.y)
    before = model.errors(found.X, found.y).summary()
    assert model.relabel(["steep", "flat"]) is model
    model.save(tmp_path / "model")
    for one in (model, mixtura.load(tmp_path / "model")):
        table = one.errors(found.X, found.y).summary()
        named = table.replace("(steep)", "(0)").replace("(flat)", "(1)")
        assert named.split() == before.split()
        assert "(steep)" in table
        assert one.summary().count("steep") == one.summary().count("flat") > 1


def test_a_file_whose_terms_are_not_its_columns_is_refused(tmp_path: Path) -> None:
    found = drawn(0, "gaussian", 100)
    model = MixtureRegressor(1).fit(found.X, found.y)
    model.feature_names_in_ = np.array(["a", "b"], dtype=object)
    model.save(tmp_path / "wrong.mixtura")
    with pytest.raises(ModelFileError, match="terms are not its columns"):
        mixtura.load(tmp_path / "wrong.mixtura")


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_means_beyond_numbers_are_infinite_without_a_warning(family: str, fresh_seed: int) -> None:
    found = drawn(fresh_seed, family)
    model = MixtureRegressor(1, family).fit(found.X, found.y)
    far = 1e3 / model.coef_[0, :1] * np.eye(1, found.X.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.predict(far)[0] == np.inf
