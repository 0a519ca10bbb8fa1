"""Columns that tell nothing, or that numbers cannot hold, are named (rows 6, 12, 16 and 19)."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from mixtura import (
    BernoulliMixture,
    DataError,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MixturaWarning,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    StudentTMixture,
    select,
)
from mixtura.cli.advice import translated

pytestmark = pytest.mark.drawn(4)

COUNTS = [PoissonMixture, MultinomialMixture, GeometricMixture, NegativeBinomialMixture]


def normal_rows(seed: int) -> tuple[np.ndarray, int]:
    """Return rows of four columns, and one of them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(80, 4)) + 5.0 * (np.arange(80)[:, None] % 2)
    return rows, int(rng.integers(4))


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical", "VEV"])
@pytest.mark.parametrize("seed", range(4))
def test_row_6_a_constant_column_that_reg_covar_holds_up_is_named(seed: int, kind: str) -> None:
    rows, place = normal_rows(seed)
    model = GaussianMixture(2, covariance_type=kind, reg_covar=1e-3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", MixturaWarning)
        model.fit(rows)
    rows[:, place] = 7.0
    with pytest.warns(MixturaWarning, match=f"column {place}: .*reg_covar alone.*constant='drop'"):
        model.fit(rows)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [GaussianMixture, StudentTMixture])
def test_row_12_a_column_of_denormal_numbers_is_named(seed: int, make: Any) -> None:
    rows, place = normal_rows(seed)
    rows[:, place] *= 2.0**-1060
    frame = pd.DataFrame(rows, columns=list("abcd"))
    with pytest.raises(DataError, match=f"column '{'abcd'[place]}': .*2e-308.*power of ten"):
        make(2).fit(frame)
    frame.iloc[:, place] *= 2.0**60
    assert make(2, random_state=0).fit(frame).converged_
    with pytest.raises(DataError, match="no digits left"):
        select(rows, [1, 2], ["VVV"])


def test_row_12_one_width_of_all_columns_is_too_narrow_only_where_all_are() -> None:
    rows, place = normal_rows(0)
    rows[:, place] *= 2.0**-1060
    model = GaussianMixture(2, covariance_type="spherical", random_state=0)
    assert model.fit(rows).converged_
    with pytest.raises(DataError, match="no digits left"):
        model.fit(rows * 2.0**-1060)


@pytest.mark.parametrize("make", [GaussianMixture, StudentTMixture, BernoulliMixture, *COUNTS])
@pytest.mark.parametrize("category", [False, True])
def test_row_16_text_is_sent_to_the_estimators_that_take_it(make: Any, category: bool) -> None:
    frame = pd.DataFrame({"a": [0.0, 1, 1] * 8, "colour": ["red", "blue", "green"] * 8})
    frame["colour"] = frame["colour"].astype("category" if category else object)
    with pytest.raises(DataError, match="'colour' holds 'red'") as caught:
        make(2).fit(frame)
    assert "CategoricalMixture takes categories, and MixedMixture both" in str(caught.value)
    said = translated(str(caught.value))
    assert said.endswith("--family categorical takes categories, and --family mixed both")


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("make", COUNTS)
def test_row_19_a_count_column_of_zeros_is_named(make: Any, seed: int, sparse: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.poisson(3.0, (60, 5)).astype(float)
    place = int(rng.integers(5))
    rows[:, place] = 0.0
    given: Any = csr_array(rows) if sparse and make in COUNTS[:2] else rows
    said = rf"column {place}: all rows hold one value \(0\), which tells no components apart"
    model = make(2, random_state=0)
    with pytest.warns(MixturaWarning, match=said):
        model.fit(given)
    assert "tells no components apart" in model.summary()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_row_19_a_constant_yes_or_no_column_is_named(value: float) -> None:
    rows = (np.random.default_rng(0).random((60, 4)) < 0.5).astype(float)
    rows[:, 1] = value
    said = rf"column 1: all rows hold one value \({value:g}\)"
    with pytest.warns(MixturaWarning, match=said):
        BernoulliMixture(2, random_state=0).fit(rows)
    mixed = MixedMixture(2, {"bernoulli": [0, 1, 2], "gaussian": [3]}, random_state=0)
    rows[:, 3] += np.random.default_rng(1).normal(size=60)
    with pytest.warns(MixturaWarning, match=said):
        mixed.fit(rows)
