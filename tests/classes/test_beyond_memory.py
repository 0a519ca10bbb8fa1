"""How many classes there are, and what they are, of rows that memory does not hold."""

import numpy as np
import pandas as pd
import pytest
from class_rows_written import ITEMS, N_ROWS, frame_of, written
from numpy.testing import assert_allclose

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    ParameterError,
    classification,
    dataset,
    enumerate_classes,
    model_fit,
    profile,
    three_step,
)
from mixtura.inference import information, likelihood_ratio_test


@pytest.fixture(params=["8 kB", "1 GB"], ids=["beyond", "in"])
def given(request, tmp_path):
    frame = frame_of(0)
    with dataset(written(frame, tmp_path), ITEMS, weights="n", memory=request.param) as data:
        yield data, frame[ITEMS], frame["n"].to_numpy()


def test_the_table_over_numbers_of_classes_is_that_of_memory(given):
    data, items, weights = given
    asked = {"model": CategoricalMixture(n_init=3), "random_state": 0, "blrt": 4, "vlmr": True}
    found = enumerate_classes(data, [1, 2, 3], **asked).table()
    expected = enumerate_classes(items, [1, 2, 3], sample_weight=weights, **asked).table()
    names = ["log_likelihood", "bic", "relative_entropy", "n", "vlmr_p", "lmr_p", "blrt"]
    tables = (pd.DataFrame(table[:2])[names].astype(float) for table in (found, expected))
    pd.testing.assert_frame_equal(*tables, rtol=1e-6)
    assert found[1]["blrt_replicates"] == 4


def test_what_classes_are_is_that_of_memory(given):
    data, items, weights = given
    model = CategoricalMixture(2, random_state=0).fit(items, sample_weight=weights)
    found, expected = classification(model, data), classification(model, items, weights)
    for name in ("sizes", "modal_sizes", "average_posteriors", "modal_given_class"):
        assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-10)
    found, expected = model_fit(model, data), model_fit(model, items, weights)
    assert found.values == pytest.approx(expected.values, rel=1e-9)
    assert_allclose(found.residuals, expected.residuals, rtol=1e-7, atol=1e-9)
    tables = (profile(model, data).table(), profile(model, items, weights).table())
    pd.testing.assert_frame_equal(*map(pd.DataFrame, tables), rtol=1e-7)


def test_what_information_there_is_adds_up(given):
    data, items, weights = given
    mixture = CategoricalMixture(2, random_state=0).fit(items, sample_weight=weights).mixture_
    found = information(mixture, data, missing="marginal")
    expected = information(mixture, items, weights, missing="marginal")
    assert_allclose(found.covariance(), expected.covariance(), rtol=1e-8, atol=1e-14)
    assert_allclose(
        found.covariance("sandwich"), expected.covariance("sandwich"), rtol=1e-7, atol=1e-14
    )


def test_what_is_of_each_row_is_refused_beyond_memory(tmp_path):
    frame = frame_of(1)
    data = dataset(written(frame, tmp_path), ITEMS, memory="8 kB")
    model = CategoricalMixture(2, random_state=0).fit(data)
    with pytest.raises(DataError, match="all rows at once, row by row"):
        three_step(model, data, covariates=np.ones((N_ROWS, 1)))
    with pytest.raises(ParameterError, match="name the column"):
        classification(model, data, np.ones(N_ROWS))
    weighted = dataset(tmp_path, ITEMS, weights="n", memory="8 kB")
    with pytest.raises(ParameterError, match="leave one out"):
        classification(model, weighted, np.ones(N_ROWS))


def test_rows_that_all_differ_are_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr("mixtura.inference.counted.MOST_PATTERN_CELLS", 1000)
    rows = np.random.default_rng(2).normal(size=(N_ROWS, 2))
    data = dataset(lambda: iter(np.array_split(rows, 5)), memory="8 kB")
    model = GaussianMixture(1, random_state=0).fit(data)
    with pytest.raises(DataError, match="all rows that differ at once"):
        likelihood_ratio_test(model.mixture_, data, n_replicates=2)


def test_a_stream_that_was_read_once_is_still_there_for_what_follows():
    rows = np.random.default_rng(3).normal(size=(500, 2))
    data = dataset(iter(np.array_split(rows, 3)))
    mixture = GaussianMixture(1, random_state=0).fit(data).mixture_
    found, expected = (information(mixture, each).covariance() for each in (data, rows))
    assert_allclose(found, expected, rtol=1e-12)
