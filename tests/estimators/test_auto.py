"""Sizes and structures that an estimator finds by itself are those of the search."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mixtura
from mixtura import (
    CategoricalMixture,
    GaussianMixture,
    MixedMixture,
    ParameterError,
    PoissonMixture,
    select,
)

pytestmark = pytest.mark.drawn(3, among="file")


def clusters(seed: int, centres: tuple[float, ...] = (0.0, 9.0, 18.0)) -> np.ndarray:
    """Return rows (N, 2) of round clusters, 80 of each on a spiral that is turned anew.

    They are as normal as 80 rows can be: by chance drawn ones do better by more components, or by
    axes that are turned.
    """
    i = np.arange(80) + 0.5
    golden = np.pi * (3.0 - np.sqrt(5.0))
    turns = golden * i + np.random.default_rng(seed).uniform(0, 2 * np.pi, (len(centres), 1))
    spiral = np.sqrt(-2.0 * np.log1p(-i / 80)) * np.stack([np.cos(turns), np.sin(turns)])
    return (spiral + np.array(centres)[:, None]).reshape(2, -1).T


def test_the_size_and_the_structure_are_those_of_the_search(fresh_seed: int) -> None:
    rows = clusters(fresh_seed)
    model = GaussianMixture("auto", covariance_type="auto", random_state=0).fit(rows)
    found = select(rows, random_state=0)
    assert len(model.weights_) == found.best.n_components == 3
    assert model.selection_.best.kind == found.best.kind
    assert model.bic(rows) == pytest.approx(found.best.value("bic"))
    assert model.covariances_.shape == (3, 2, 2)
    # As one that was told.
    told = GaussianMixture(3, covariance_type=found.best.kind, random_state=0).fit(rows)
    assert model.score(rows) == pytest.approx(told.score(rows), abs=1e-6)
    assert model.n_parameters_ == told.n_parameters_


@pytest.mark.parametrize(
    ("settings", "size"), [({"covariance_type": "diag"}, 3), ({"covariance_type": "tied"}, 3)]
)
def test_the_size_alone_may_be_found(settings: dict, size: int, fresh_seed: int) -> None:
    model = GaussianMixture("auto", random_state=0, **settings).fit(clusters(fresh_seed))
    assert len(model.weights_) == size
    assert {one.n_components for one in model.selection_.candidates} == set(range(1, 10))


def test_the_structure_alone_may_be_found(fresh_seed: int) -> None:
    rows = clusters(fresh_seed) * [1.0, 20.0]
    model = GaussianMixture(3, covariance_type="auto", random_state=0).fit(rows)
    assert model.selection_.best.kind in ("EEI", "EVI", "VEI", "VVI")
    assert {one.n_components for one in model.selection_.candidates} == {3}


def test_the_search_goes_on_while_the_largest_size_is_the_best(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    # Of quantiles, as by chance forty rows of one cluster may do better as two.
    cluster = norm.ppf((np.arange(40) + 0.5) / 40)
    rows = np.add.outer(30.0 * np.arange(11) + rng.uniform(-5, 5, 11), cluster).reshape(-1, 1)
    model = GaussianMixture("auto", covariance_type="spherical", random_state=0).fit(rows)
    assert len(model.weights_) == 11
    assert max(one.n_components for one in model.selection_.candidates) == 18


def test_it_ends_where_there_are_no_more_distinct_rows() -> None:
    rows = np.repeat(np.eye(9), 50, axis=0).astype(int)
    model = CategoricalMixture("auto", random_state=0).fit(rows)
    assert model.mixture_.n_components <= 9


@pytest.mark.parametrize(
    ("estimator", "rows"),
    [
        (PoissonMixture("auto", random_state=0), lambda rng, groups: rng.poisson(20.0**groups)),
        (
            CategoricalMixture("auto", random_state=0),
            lambda rng, groups: (rng.random((300, 6)) < np.where(groups == 1, 0.9, 0.1)).astype(
                int
            ),
        ),
        (
            MixedMixture(
                blocks={"gaussian": [0], "poisson": [1]}, n_components="auto", random_state=0
            ),
            lambda rng, groups: np.column_stack(
                [rng.normal(8 * groups[:, 0]), rng.poisson(10.0 ** groups[:, 0])]
            ),
        ),
    ],
)
def test_other_families_find_their_size(estimator: Any, rows: Any, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    groups = np.repeat([0, 1], 150)[:, None] * np.ones((1, 3), dtype=int)
    drawn = rows(rng, groups[:, :1] * np.ones((1, 6), dtype=int))
    model = estimator.fit(drawn)
    assert model.mixture_.n_components == 2
    assert np.isfinite(model.score(drawn))


def test_it_goes_into_pipelines_and_grids(fresh_seed: int) -> None:
    rows = clusters(fresh_seed)
    pipeline = make_pipeline(StandardScaler(), GaussianMixture("auto", random_state=0)).fit(rows)
    assert set(pipeline.predict(rows).tolist()) == {0, 1, 2}
    grid = GridSearchCV(GaussianMixture(random_state=0), {"n_components": [1, "auto"]}, cv=2)
    mixed = np.random.default_rng(0).permutation(rows)
    assert grid.fit(mixed).best_params_ == {"n_components": "auto"}


def test_what_was_found_is_kept_in_files_and_by_further_rows(tmp_path, fresh_seed: int) -> None:
    rows = clusters(fresh_seed)
    model = GaussianMixture("auto", covariance_type="auto", random_state=0).fit(rows)
    model.save(tmp_path / "model")
    again = mixtura.load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(rows), model.predict_proba(rows))
    assert again.n_components == "auto"
    before = model.mixture_.family.structure.code
    model.partial_fit(clusters(fresh_seed + 1))
    assert len(model.weights_) == 3
    assert model.mixture_.family.structure.code == before


def test_a_warm_start_goes_on_from_what_was_found(fresh_seed: int) -> None:
    rows = clusters(fresh_seed)
    model = PoissonMixture("auto", warm_start=True, random_state=0).fit(np.abs(rows).astype(int))
    before = model.mixture_.n_components
    assert model.fit(np.abs(rows).astype(int)).mixture_.n_components == before
    assert not hasattr(model, "selection_")


def test_a_number_after_a_search_forgets_the_search(fresh_seed: int) -> None:
    rows = clusters(fresh_seed)
    model = GaussianMixture("auto", covariance_type="diag", random_state=0).fit(rows)
    model.set_params(n_components=2).fit(rows)
    assert len(model.weights_) == 2
    assert not hasattr(model, "selection_")


@pytest.mark.parametrize(
    ("settings", "y", "words"),
    [
        ({"means_init": np.zeros((2, 2))}, None, "means_init .* give n_components"),
        ({"mixing_weights": [0.5, 0.5]}, None, "mixing_weights .* give n_components"),
        (
            {"n_components": 2, "covariance_type": "auto", "weights_init": [0.5, 0.5]},
            None,
            "weights_init .* give covariance_type",
        ),
        (
            {"n_components": 2, "covariance_type": "auto", "use_y": True},
            [0, 1] * 120,
            "y says .* give covariance_type",
        ),
        ({"reg_covar": 1e-6}, None, "reg_covar says nothing"),
        ({"init_params": "kmeans"}, None, "init_params says nothing"),
        ({}, [-1] * 120 + [0] * 120, "y says which component"),
        ({"use_y": True}, [0, 1] * 120, "y says which component"),
        ({"n_components": "many"}, None, "whole number from 1 up, or 'auto'"),
    ],
)
def test_what_numbers_components_leaves_no_question(settings: dict, y: Any, words: str) -> None:
    given = {"n_components": "auto", **settings}
    with pytest.raises(ParameterError, match=words):
        GaussianMixture(**given).fit(clusters(0), y)
