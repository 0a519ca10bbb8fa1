"""Columns that repeat or sum others (row 7): named where they leave components without a width."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from nightly import first

from mixtura import (
    DegenerateComponentWarning,
    FactorAnalyserMixture,
    GaussianMixture,
    ParameterError,
    StudentTMixture,
    select,
)

CODES = ["full", "tied", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV"]
TWENTY = range(20)


def with_dependent(rng: np.random.Generator) -> tuple[pd.DataFrame, set[str]]:
    """Return a table of which one column follows from others, and what these are called."""
    n_rows, width = int(rng.integers(60, 200)), int(rng.integers(2, 6))
    rows = rng.normal(size=(n_rows, width)) + 3.0 * rng.integers(2, size=(n_rows, 1))
    frame = pd.DataFrame(rows * 10.0 ** rng.uniform(-0.3, 0.3, width), columns=[*"abcdef"[:width]])
    one, other = rng.choice(frame.columns, 2, replace=False)
    kind = int(rng.integers(4))
    frame["z"] = [
        frame[one],
        frame[one] * rng.uniform(-9, 9) + rng.normal() * 100,
        frame[one] + frame[other],
        frame[one] - 2.0 * frame[other] + 5.0,
    ][kind]
    involved = {"z", one} | ({other} if kind > 1 else set())
    return frame[rng.permutation(frame.columns).tolist()], involved


@pytest.mark.parametrize("number", first(5, TWENTY))
def test_row_7_columns_that_follow_from_others_are_named(number: int, fresh_seed: int) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    frame, involved = with_dependent(rng)
    made = [GaussianMixture, StudentTMixture][int(rng.random() < 0.25)]
    code = str(rng.choice(CODES))
    model = made(int(rng.integers(1, 4)), covariance_type=code, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(frame)
    said = [
        str(one.message)
        for one in caught
        if issubclass(one.category, DegenerateComponentWarning)
        and "agree in a combination of" in str(one.message)
    ]
    assert said, (number, code)
    named = re.findall(r"'(\w+)'", said[0].split("agree in a combination of")[1])
    assert set(named) == involved, (number, code, said[0])
    assert np.isfinite(model.score_samples(frame)).all()


@pytest.mark.parametrize("number", first(5, TWENTY))
def test_row_7_pure_maximum_likelihood_refuses_them(number: int, fresh_seed: int) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    frame, _ = with_dependent(rng)
    model = GaussianMixture(2, covariance_type="full", prior=None, random_state=0)
    with pytest.raises(ParameterError, match=r"singular|not positive definite"):
        model.fit(frame)


@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
@pytest.mark.parametrize("number", first(5, TWENTY))
def test_row_7_a_search_prefers_what_has_widths_of_its_own(number: int, fresh_seed: int) -> None:
    rng = np.random.default_rng([fresh_seed, number])
    frame, _ = with_dependent(rng)
    found = select(frame, [1, 2], ["full", "diag"], random_state=0)
    assert found.best.is_sound
    assert found.best.kind == "VVI"
    # Factors and a noise of each column's own have one where columns repeat but once.
    own = FactorAnalyserMixture(1, n_factors=1, random_state=0).fit(frame)
    assert np.isfinite(own.score_samples(frame)).all()
