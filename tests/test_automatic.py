"""`mixtura.fit`: the mixture that columns ask for is the one that its estimator fits."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mixtura
from mixtura import DataError, GaussianMixture, MixturaWarning

N = 240


def table(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, N)
    frame = pd.DataFrame(
        {
            "a": rng.normal(8 * label, 1),
            "b": rng.normal(-8 * label, 1),
            "n": rng.poisson(2 + 8 * label),
            "likes": np.where(rng.random(N) < 0.1 + 0.8 * label, "tea", "milk"),
            "year": rng.integers(2007, 2010, N),
            "id": range(N),
        }
    )
    return frame, label


def agreement(found: np.ndarray, label: np.ndarray) -> float:
    hits = float((found == label).mean())
    return max(hits, 1 - hits)


def test_amounts_are_fitted_as_a_search_over_structures_would() -> None:
    frame, label = table()
    model = mixtura.fit(frame[["a", "b"]])
    theirs = GaussianMixture("auto", covariance_type="auto", random_state=0).fit(frame[["a", "b"]])
    assert model.log_likelihood_ == theirs.log_likelihood_
    assert model.mixture_.n_components == 2
    assert agreement(model.predict(frame[["a", "b"]]), label) > 0.99


@pytest.mark.parametrize("library", [lambda frame: frame, pl.from_pandas])
def test_years_and_row_numbers_are_left_out_with_a_warning(library) -> None:
    frame, label = table()
    with pytest.warns(MixturaWarning, match="'year' is left out: years.*'id' is left out: row"):
        model = mixtura.fit(library(frame), 2)
    assert model.blocks == {
        "gaussian": ["a", "b"],
        "negative_binomial": ["n"],
        "categorical": ["likes"],
    }
    assert model.inspection_["year"].kind == "years"
    assert agreement(model.predict(library(frame)), label) > 0.99


def test_arrays_are_fitted_by_their_places() -> None:
    frame, label = table()
    rows = frame[["id", "a", "b"]].to_numpy(float)
    with pytest.warns(MixturaWarning, match="'x0' is left out"):
        model = mixtura.fit(rows, 2)
    assert agreement(model.predict(rows[:, 1:]), label) > 0.99


def test_what_is_named_is_fitted_without_a_word() -> None:
    frame, _ = table()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = mixtura.fit(frame, 1, columns=["id", "a"])
    assert model.feature_names_in_.tolist() == ["id", "a"]


def test_a_table_of_nothing_to_fit_is_refused() -> None:
    frame, _ = table()
    with pytest.raises(
        DataError, match=r"no column to fit \('year': years.*; name some in columns"
    ):
        mixtura.fit(frame[["year", "id"]])


@pytest.mark.parametrize(
    "columns", [["a", "b", "id"], ["n", "id"], ["likes", "id"], ["a", "n", "id"]]
)
@pytest.mark.parametrize("library", [lambda frame: frame, pl.from_pandas])
def test_the_table_that_was_fitted_is_read_whatever_was_left_out(columns, library) -> None:
    frame, _ = table(2)
    frame = frame[columns]
    with pytest.warns(MixturaWarning, match="'id' is left out"):
        model = mixtura.fit(library(frame), 2)
    used = library(frame[columns[:-1]])
    whole = library(frame.iloc[:, ::-1].assign(more="text"))
    for found in (model.predict_proba(library(frame)), model.predict_proba(whole)):
        np.testing.assert_array_equal(found, model.predict_proba(used))
    assert model.bic(library(frame)) == model.bic(used)


@pytest.mark.parametrize("columns", [["a", "b", "id"], ["a", "n", "id"]])
@pytest.mark.parametrize("named", [[1, 2, 3], pd.MultiIndex.from_product([["x"], ["p", "q", "r"]])])
def test_frames_whose_names_are_no_texts_are_fitted_by_place(columns, named) -> None:
    frame, _ = table(3)
    plain = frame[columns].copy()
    plain.columns = named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixturaWarning)
        model = mixtura.fit(plain, 2)
        theirs = mixtura.fit(frame[columns], 2)
    assert model.log_likelihood_ == theirs.log_likelihood_
    assert model.inspection_.columns[2].name == "x2"
