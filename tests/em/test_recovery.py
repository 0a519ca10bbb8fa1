"""Components that collapse are given other rows, and named where that does not help."""

import warnings

import numpy as np
import pytest

from mixtura import DegenerateComponentWarning, GaussianMixture, ParameterError
from mixtura.components.gaussian import structures

pytestmark = pytest.mark.drawn(4)

RNG = np.random.default_rng(0)
CLOUD = RNG.standard_normal((100, 3))
AWAY = CLOUD + np.array([8.0, 0, 0])
LINE = np.column_stack([np.linspace(0, 5, 80), np.linspace(20, 30, 80), RNG.standard_normal(80)])
CODES = structures.CODES


def assert_usable(model, rows, n_components):
    assert model.weights_.shape == (n_components,)
    assert np.isfinite(model.log_likelihood_)
    assert np.isfinite(model.means_).all()
    assert np.isfinite(model.score_samples(rows)).all()
    np.testing.assert_allclose(model.predict_proba(rows).sum(axis=1), 1.0)


def test_repeated_rows_do_not_keep_a_component_where_others_need_it():
    rows = np.concatenate([CLOUD, AWAY, np.tile([[3.0, 3, 3]], (3, 1))])
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateComponentWarning)
        model = GaussianMixture(2, random_state=0).fit(rows)
    assert_usable(model, rows, 2)
    assert model.facts_["cautions"] == []


def test_a_component_on_a_line_is_kept_and_named():
    rows = np.concatenate([CLOUD, LINE])
    told = r"component\(s\) \d \(80\.0 rows\) agree in a combination of 'x0', 'x1'"
    with pytest.warns(DegenerateComponentWarning, match=told):
        model = GaussianMixture(2, random_state=0).fit(rows)
    assert_usable(model, rows, 2)
    assert "only the prior keeps them finite" in model.summary()
    assert (model.predict(rows[100:]) == model.predict(rows[100:101])).all()


def test_a_column_constant_in_one_cluster_is_named():
    flat = RNG.normal([10, 0, 0], 1, (100, 3))
    flat[:, 1] = 7.5
    rows = np.concatenate([CLOUD, flat])
    with pytest.warns(DegenerateComponentWarning, match=r"\(100\.0 rows\) agree in column 'x1'"):
        model = GaussianMixture(2, random_state=0).fit(rows)
    assert_usable(model, rows, 2)
    assert (model.predict(rows) == np.repeat(model.predict(rows[[0, -1]]), 100)).all()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.filterwarnings("ignore::mixtura.DegenerateComponentWarning")
def test_ties_lose_no_component_in_any_structure(code):
    rng = np.random.default_rng(1)
    ties = np.concatenate([rng.integers(0, 4, (200, 2)), np.ones((50, 2), int)]).astype(float)
    model = GaussianMixture(4, covariance_type=code, random_state=0).fit(ties)
    assert_usable(model, ties, 4)
    assert (np.diff(model.history_.objective) >= -1e-6).all()


@pytest.mark.filterwarnings("ignore::mixtura.DegenerateComponentWarning")
def test_more_components_than_clusters_stay_as_many():
    rows = np.concatenate([CLOUD, AWAY])
    assert_usable(GaussianMixture(8, random_state=0).fit(rows), rows, 8)


def test_a_component_of_equal_rows_is_kept_where_there_are_enough_of_them():
    rows = np.concatenate([CLOUD, AWAY, np.tile([[3.0, 3, 3]], (40, 1))])
    spike = np.repeat(np.eye(3), [100, 100, 40], axis=0)
    with pytest.warns(DegenerateComponentWarning, match=r"component\(s\) 2 \(40\.0 rows\)"):
        model = GaussianMixture(3, responsibilities_init=spike, random_state=0).fit(rows)
    assert_usable(model, rows, 3)
    assert (model.predict(rows) == np.repeat([0, 1, 2], [100, 100, 40])).all()


def test_a_component_on_few_rows_is_passed_over_and_told_of():
    few = np.random.default_rng(3).normal(1, 1e-3, (4, 3))
    rows = np.concatenate([CLOUD, few])
    given = np.repeat([[1.0, 0.0], [0.0, 1.0]], [100, 4], axis=0)
    model = GaussianMixture(2, responsibilities_init=given, random_state=0).fit(rows)
    assert model.weights_.min() * 104 > 5
    (passed,) = model.history_.passed_over
    assert passed.log_likelihood > model.log_likelihood_
    assert passed.unsupported == (1,)
    assert "passed over" in model.summary()


def test_without_a_prior_a_collapse_is_an_error_that_says_what_to_do():
    rows = np.concatenate([CLOUD, LINE])
    with pytest.raises(ParameterError, match="decrease the number of components"):
        GaussianMixture(2, prior=None, random_state=0).fit(rows)
