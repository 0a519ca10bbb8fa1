"""R² of regressions, whoever says what the response is."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from regression_problems import FAMILIES, drawn
from sklearn.model_selection import GridSearchCV, cross_val_score

from mixtura import DataError, MixtureRegressor


def explained(y: np.ndarray, told: np.ndarray, weights: np.ndarray) -> float:
    """Return R² by its definition."""
    left = weights @ (y - told) ** 2
    return 1 - left / (weights @ (y - weights @ y / weights.sum()) ** 2)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_score_is_the_share_of_the_spread_that_predictions_explain(
    family: str, fresh_seed: int
) -> None:
    rng = np.random.default_rng(fresh_seed)
    found = drawn(fresh_seed, family)
    model = MixtureRegressor(2, family, random_state=0).fit(found.X, found.y)
    weights = rng.uniform(0.5, 2.0, len(found.X))
    table = np.asarray(found.y, float).reshape(len(found.X), -1)
    trials = table.sum(axis=1) if table.shape[1] == 2 else np.ones(len(table))
    theirs = explained(table[:, 0] / trials, model.predict(found.X), trials * weights)
    assert_allclose(model.score(found.X, found.y, weights), theirs, rtol=1e-9, atol=1e-12)


def test_exposures_count_in_the_score(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    x, years = rng.normal(size=(300, 1)), rng.uniform(0.2, 5.0, 300)
    y = rng.poisson(years * np.exp(1 + 0.3 * x[:, 0]))
    model = MixtureRegressor(1, "poisson").fit(x, y, exposure=years)
    theirs = explained(y, model.predict(x, exposure=years), np.ones(300))
    assert_allclose(model.score(x, y, exposure=years), theirs, rtol=1e-9)
    assert_allclose(model.score(x, y, offset=np.log(years)), theirs, rtol=1e-9)


@pytest.mark.parametrize("left", ["y", "log(y)"])
def test_a_response_of_a_formula_is_scored_and_searched_without_y(
    left: str, fresh_seed: int
) -> None:
    pytest.importorskip("formulaic")
    rng = np.random.default_rng(fresh_seed)
    x = rng.normal(size=200)
    frame = pd.DataFrame({"x": x, "y": np.exp(0.3 * x + rng.normal(0, 0.1, 200))})
    model = MixtureRegressor(1, formula=f"{left} ~ x").fit(frame)
    y = frame.y if left == "y" else np.log(frame.y)
    theirs = explained(y.to_numpy(), model.predict(frame), np.ones(200))
    assert_allclose(model.score(frame), theirs, rtol=1e-9)
    plain = cross_val_score(MixtureRegressor(1), frame[["x"]], y)
    assert_allclose(cross_val_score(model, frame), plain, rtol=1e-6)
    search = GridSearchCV(model, {"formula": [f"{left} ~ 1", f"{left} ~ x"]}).fit(frame)
    assert search.best_params_ == {"formula": f"{left} ~ x"}
    assert_array_equal(np.isfinite(search.cv_results_["mean_test_score"]), True)


def test_a_score_without_responses_is_refused_in_words(fresh_seed: int) -> None:
    found = drawn(fresh_seed, "gaussian")
    model = MixtureRegressor(2, random_state=0).fit(found.X, found.y)
    with pytest.raises(DataError, match="requires y to be passed"):
        model.score(found.X)
    with pytest.raises(DataError, match="y has 3 responses, and X has"):
        model.score(found.X, found.y[:3])
