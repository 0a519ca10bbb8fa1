"""Starts that are none are refused by component, and what a limit left to gain is said."""

import re
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from mixtura import GaussianMixture, ParameterError

ROWS = np.random.default_rng(0).normal(size=(60, 2))


def test_row_28_a_precision_that_is_none_is_named(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    component, column = int(rng.integers(3)), int(rng.integers(2))
    wrong = float(rng.choice([0.0, -2.5, np.nextafter(0, -1)]))
    each = rng.uniform(0.5, 2, (3, 2))
    each[component, column] = wrong
    place = rf"component {component} in column {column} is {re.escape(f'{wrong:g}')}$"
    with pytest.raises(ParameterError, match=rf"'diag precision' should be positive.* {place}"):
        GaussianMixture(3, covariance_type="diag", precisions_init=each).fit(ROWS)
    with pytest.raises(ParameterError, match=rf"positive; that of component {component} is "):
        GaussianMixture(3, covariance_type="spherical", precisions_init=each.min(axis=1)).fit(ROWS)


def test_row_31_a_limit_of_iterations_says_how_far_the_run_was(fresh_seed: int) -> None:
    rows = np.random.default_rng(fresh_seed).normal(size=(200, 2)) * [1, 30]
    starts: dict[str, Any] = {"init_params": "random", "random_state": 0, "algorithm": "em"}
    with pytest.warns(ConvergenceWarning, match=r"The last iteration gained") as caught:
        model = GaussianMixture(3, max_iter=4, **starts).fit(rows)
    sentence = str(next(one.message for one in caught if one.category is ConvergenceWarning))
    gained = float(re.findall(r"gained (\S+) nats", sentence)[0])
    with pytest.warns(ConvergenceWarning):
        before = GaussianMixture(3, max_iter=3, **starts).fit(rows)
    assert gained == pytest.approx(model.lower_bound_ * 200 - before.lower_bound_ * 200, rel=0.1)
