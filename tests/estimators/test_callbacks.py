"""scikit-learn's callbacks are told of fits and sweeps, and may end a fit."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from mixtura import BernoulliMixture, GaussianMixture, StudentTMixture

pytest.importorskip("sklearn.callback")

ROWS = np.random.default_rng(0).normal(size=(400, 2))


class Told:
    """A callback that keeps what it is told."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.begun, self.ended = most, [], []
        self.set_up = self.torn_down = 0
        self.last: Any = None

    def setup(self, estimator: Any, context: Any) -> None:
        self.set_up += 1

    def teardown(self, estimator: Any, context: Any) -> None:
        self.torn_down += 1

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.begun.append(context.task_name)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        self.ended.append(context.task_name)
        self.last = fitted_estimator
        return self.most is not None and len(self.ended) >= self.most


@pytest.mark.parametrize(
    "estimator", [GaussianMixture(3), BernoulliMixture(2), StudentTMixture(2)], ids=str
)
def test_each_sweep_is_told_and_changes_nothing(estimator: Any) -> None:
    rows = ROWS > 0 if isinstance(estimator, BernoulliMixture) else ROWS
    estimator = clone(estimator).set_params(random_state=0)
    plain, told = clone(estimator).fit(rows), Told()
    model = estimator.set_callbacks(told).fit(rows)
    assert (told.set_up, told.torn_down) == (1, 1)
    assert told.begun[0] == told.ended[-1] == "fit"
    assert set(told.begun[1:]) == {"sweep"}
    assert len(told.begun) == len(told.ended) > 2
    np.testing.assert_array_equal(model.weights_, plain.weights_)
    # At the end it has what is fitted.
    np.testing.assert_array_equal(told.last.predict(rows), plain.predict(rows))
    # A pickle and a copy are none the worse.
    again = pickle.loads(pickle.dumps(model.set_callbacks()))
    np.testing.assert_array_equal(again.predict(rows), plain.predict(rows))


def test_a_fit_that_finds_its_size_is_told_as_a_whole() -> None:
    told = Told()
    GaussianMixture("auto", random_state=0).set_callbacks(told).fit(ROWS)
    assert told.begun == told.ended == ["fit"]
    assert told.torn_down == 1


def test_a_callback_may_end_a_fit_that_keeps_the_best_so_far() -> None:
    # Sweeps of t components are told one by one.
    told = Told(5)
    model = StudentTMixture(3, random_state=0, tol=1e-14).set_callbacks(told)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        model.fit(ROWS)
    assert len(told.ended) == 6
    assert model.n_iter_ <= 6
    assert np.isfinite(model.score(ROWS))
    assert told.torn_down == 1


def test_what_fails_is_torn_down_too() -> None:
    told = Told()
    with pytest.raises(ValueError, match="NaN"):
        GaussianMixture(2).set_callbacks(told).fit(np.where(ROWS[0] == ROWS, np.nan, ROWS))
    assert (told.set_up, told.torn_down) == (1, 1)
    # It is told again when it is fitted again.
    told.begun.clear()
    assert hasattr(GaussianMixture(1).set_callbacks(told).fit(ROWS), "means_")
    assert told.begun[0] == "fit"


def test_a_search_over_grids_passes_them_on() -> None:
    told = Told()
    model = GaussianMixture(random_state=0).set_callbacks(told)
    GridSearchCV(model, {"n_components": [1, 2]}, cv=2, n_jobs=1).fit(ROWS)
    # Four fits and that of the best.
    assert told.begun.count("fit") == 5
