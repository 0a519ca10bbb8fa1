"""Covariates and outcomes: what a frame calls categories is such, and text is no number."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array

from mixtura import CategoricalMixture, DataError, one_step, three_step
from mixtura.covariates.variables import as_fitted, variables_of

CODES = np.random.default_rng(0).integers(1, 4, 200)


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"g": pd.Categorical(CODES)}),
        pd.Series(pd.Categorical(CODES), name="g"),
        pl.DataFrame({"g": pl.Series(CODES.astype(str), dtype=pl.Categorical)}),
        pl.DataFrame({"g": pl.Series(CODES.astype(str), dtype=pl.Enum(["1", "2", "3"]))}),
    ],
)
def test_columns_that_a_frame_declares_so_are_categories(data) -> None:
    (found,) = variables_of(data, "covariates", "x", len(CODES))
    assert [str(level) for level in found.levels] == ["1", "2", "3"]
    np.testing.assert_array_equal(found.cells, CODES - 1)


def test_numbers_that_nobody_declares_categories_are_numbers() -> None:
    for data in (CODES, pd.DataFrame({"g": CODES}), pl.Series("g", CODES)):
        (found,) = variables_of(data, "covariates", "x", len(CODES))
        assert found.levels == ()
        np.testing.assert_array_equal(found.cells, CODES)


def test_a_cell_that_lacks_is_missing_in_declared_categories() -> None:
    column = pd.Series(pd.Categorical(CODES), name="g")
    column[7] = np.nan
    (found,) = variables_of(column, "covariates", "x", len(CODES))
    assert np.flatnonzero(np.isnan(found.cells)).tolist() == [7]
    with pytest.raises(DataError, match="'g' is missing at row 7"):
        as_fitted(column, [("g", (1, 2, 3))])


def test_text_among_numbers_is_refused_by_name_and_row() -> None:
    cells = pd.DataFrame({"age": CODES.astype(object)})
    cells.loc[5, "age"] = "x"
    with pytest.raises(DataError, match="column 'age' holds 'x' at row 5"):
        variables_of(cells, "covariates", "x", len(CODES))


def test_declared_categories_do_as_text_does_in_one_step_and_in_three() -> None:
    rng = np.random.default_rng(1)
    low = rng.random(200) < CODES / 5
    asked = np.where(rng.random((200, 4)) < np.where(low, 0.2, 0.8)[:, None], "y", "n")
    items = pd.DataFrame(asked, columns=list("abcd"))
    model = CategoricalMixture(2, random_state=0).fit(items)
    text = pd.DataFrame({"g": CODES.astype(str)})
    declared = pd.DataFrame({"g": pd.Categorical(CODES)})
    steps = [three_step(model, items, distal=each) for each in (text, declared)]
    assert steps[0].summary() == steps[1].summary()
    together = [one_step(model, items, covariates=each) for each in (text, declared)]
    assert together[0].summary() == together[1].summary()
    of_rows = together[0].predict_proba(items, text), together[1].predict_proba(items, declared)
    np.testing.assert_array_equal(*of_rows)


@pytest.mark.parametrize("what", ["covariates", "distal"])
@pytest.mark.parametrize(
    "given",
    [
        np.ones(4, dtype=complex),
        np.array(["2020-01-01"] * 4, dtype="M8[D]"),
        np.zeros((4, 2, 2)),
        np.zeros((4, 0)),
        np.zeros(4, dtype=[("a", float)]),
        csr_array(np.ones((4, 1))),
        {"a": [1, 2, 3, 4]},
        iter([1, 2, 3, 4]),
        "age",
        3,
    ],
)
def test_what_are_no_columns_is_refused_by_the_name_of_the_argument(what: str, given: Any) -> None:
    with pytest.raises(DataError, match=what) as told:
        variables_of(given, what, "x", 4)
    assert "X" not in str(told.value)
