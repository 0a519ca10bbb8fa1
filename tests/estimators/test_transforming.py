"""`transform` gives posteriors as a step of a pipeline does, in every estimator."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mixtura

RNG = np.random.default_rng(6)
GROUP = np.repeat([0, 1], 60)
AMOUNTS = pd.DataFrame(RNG.normal(size=(120, 3)) + 6 * GROUP[:, None], columns=list("abc"))
COUNTS = pd.DataFrame(RNG.poisson(2 + 9 * GROUP[:, None], (120, 3)), columns=list("abc"))
YES = pd.DataFrame(RNG.random((120, 3)) < 0.2 + 0.6 * GROUP[:, None], columns=list("abc"))
ROWS = {
    mixtura.GaussianMixture: AMOUNTS,
    mixtura.StudentTMixture: AMOUNTS,
    mixtura.FactorAnalyserMixture: AMOUNTS,
    mixtura.GammaMixture: np.exp(AMOUNTS / 4),
    mixtura.CategoricalMixture: COUNTS,
    mixtura.MultinomialMixture: COUNTS,
    mixtura.PoissonMixture: COUNTS,
    mixtura.NegativeBinomialMixture: COUNTS,
    mixtura.GeometricMixture: COUNTS,
    mixtura.BernoulliMixture: YES.astype(int),
}


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_features_are_posteriors_under_names(kind: Any) -> None:
    rows = ROWS[kind]
    estimator = kind(2, random_state=0)
    with pytest.raises(NotFittedError):
        estimator.get_feature_names_out()
    found = estimator.fit_transform(rows)
    np.testing.assert_array_equal(found, estimator.predict_proba(rows))
    names = [f"{kind.__name__.lower()}{k}" for k in range(2)]
    assert estimator.get_feature_names_out().tolist() == names
    framed = pickle.loads(pickle.dumps(estimator)).set_output(transform="pandas")
    shown = framed.transform(rows[::-1])
    assert shown.columns.tolist() == names
    assert shown.index.tolist() == rows.index[::-1].tolist()
    np.testing.assert_array_equal(shown.to_numpy(), found[::-1])
    assert isinstance(framed.set_output(transform="polars").transform(rows), pl.DataFrame)
    # Other answers are arrays all the same.
    assert isinstance(framed.predict_proba(rows), np.ndarray)


def test_mixed_columns_and_noise_have_a_feature_each() -> None:
    frame = AMOUNTS.assign(kind=np.where(GROUP == 1, "old", "new"))
    mixed = mixtura.MixedMixture(2, {"gaussian": ["a", "b"], "categorical": ["kind"]})
    assert mixed.fit_transform(frame).shape == (120, len(mixed.get_feature_names_out()))
    noisy = mixtura.GaussianMixture(2, noise="uniform", random_state=0)
    assert noisy.fit_transform(AMOUNTS).shape == (120, 3)
    assert len(noisy.get_feature_names_out()) == 3


def test_weights_and_a_pipeline_of_scores_are_passed_on() -> None:
    weights = np.where(GROUP == 1, 2.0, 0.0)
    weighted = mixtura.GaussianMixture(1, random_state=0)
    weighted.fit_transform(AMOUNTS, sample_weight=weights)
    np.testing.assert_allclose(weighted.means_[0], AMOUNTS[GROUP == 1].mean(), atol=1e-6)
    steps = make_pipeline(
        StandardScaler(), mixtura.GaussianMixture(random_state=0), LogisticRegression()
    )
    grid = GridSearchCV(steps, {"gaussianmixture__n_components": [1, 2]}).fit(AMOUNTS, GROUP)
    assert grid.best_params_ == {"gaussianmixture__n_components": 2}
    assert grid.best_score_ == 1.0
