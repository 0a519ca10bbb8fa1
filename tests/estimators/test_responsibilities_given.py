"""Responsibilities that are given mean the same to every estimator: rows are made to sum to one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mixtura import (
    DeconvolvedGaussianMixture,
    GaussianMixture,
    IntervalGaussianMixture,
    MixtureRegressor,
    ParameterError,
    StudentTMixture,
)

ROWS = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0.0], [5.0]], 30, axis=0)
# Halves and quarters, so that thrice as much divided by its sum is the same number.
GIVEN = np.where(np.arange(60)[:, None] < 30, [0.75, 0.25], [0.25, 0.75])

FITS: dict[str, Callable[[Any], Any]] = {
    "gaussian": lambda start: GaussianMixture(2, responsibilities_init=start).fit(ROWS),
    "t": lambda start: StudentTMixture(2, responsibilities_init=start).fit(ROWS),
    "intervals": lambda start: IntervalGaussianMixture(2, responsibilities_init=start).fit(
        np.floor(ROWS), upper=np.floor(ROWS) + 1
    ),
    "errors": lambda start: DeconvolvedGaussianMixture(2, responsibilities_init=start).fit(
        ROWS, covariance=np.full(ROWS.shape, 0.01)
    ),
    "regressions": lambda start: MixtureRegressor(2, responsibilities_init=start).fit(
        ROWS[:, :1], ROWS[:, 1]
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_shares_of_any_sum_are_shares(name: str) -> None:
    one, thrice = FITS[name](GIVEN), FITS[name](3 * GIVEN)
    assert thrice.log_likelihood_ == one.log_likelihood_


@pytest.mark.parametrize("name", FITS)
def test_a_row_that_is_no_share_is_named(name: str) -> None:
    wrong = GIVEN.copy()
    wrong[7] = [1.5, -0.5]
    with pytest.raises(ParameterError, match="row 7 has a negative entry"):
        FITS[name](wrong)
