"""Classification tables are what posteriors and modal classes make of them, row by row."""

import numpy as np
import pandas as pd
import pytest
from oracles import dataset

from mixtura import CategoricalMixture, GaussianMixture, ParameterError, classification


def overlapping(n_rows=500, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n_rows)
    answers = (rng.random((n_rows, 5)) < np.array([0.15, 0.5, 0.9])[labels][:, None]).astype(int)
    return CategoricalMixture(3, n_init=5, random_state=0).fit(answers), answers


def test_every_number_is_its_definition():
    model, rows = overlapping()
    weights = np.random.default_rng(1).uniform(0.5, 3.0, len(rows))
    found = classification(model, rows, weights)
    posterior = model.predict_proba(rows)
    modal = posterior.argmax(axis=1)
    for s in range(3):
        own = modal == s
        assert found.modal_sizes[s] == pytest.approx(weights[own].sum())
        assert found.sizes[s] == pytest.approx(weights @ posterior[:, s])
        for t in range(3):
            mean = np.average(posterior[own, t], weights=weights[own])
            assert found.average_posteriors[s, t] == pytest.approx(mean)
            put = (weights * posterior[:, t])[own].sum() / (weights @ posterior[:, t])
            assert found.modal_given_class[t, s] == pytest.approx(put)
            both = (weights * posterior[:, t]) @ posterior[:, s] / (weights @ posterior[:, t])
            assert found.proportional_given_class[t, s] == pytest.approx(both)
    for matrix in (found.modal_given_class, found.proportional_given_class):
        np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.average_posteriors.sum(axis=1), 1.0)


def test_odds_are_one_where_posteriors_say_nothing():
    model, rows = overlapping()
    found = classification(model, rows)
    assert (found.odds_of_correct_classification > 1).all()
    one = CategoricalMixture(2, max_iter=1, responsibilities_init=np.full((len(rows), 2), 0.5))
    with pytest.warns(match="did not converge"):
        same = classification(one.fit(rows), rows)
    assert np.nanmin(same.odds_of_correct_classification) == pytest.approx(1.0)


def test_sure_rows_are_classified_without_errors():
    rows = np.concatenate([np.zeros((20, 2)), np.full((30, 2), 9.0)])
    rows += np.random.default_rng(0).normal(0, 0.1, rows.shape)
    found = classification(GaussianMixture(2, random_state=0).fit(rows), rows)
    np.testing.assert_allclose(found.modal_given_class, np.eye(2), atol=1e-12)
    assert sorted(found.modal_sizes) == [20, 30]
    assert "20" not in found.summary().splitlines()[0]


def test_frames_files_and_gaps_are_read_as_in_the_fit():
    values = dataset("housevotes").values
    frame = pd.DataFrame(values, columns=[f"v{j}" for j in range(values.shape[1])])
    model = CategoricalMixture(2, random_state=0).fit(frame)
    one, other = classification(model, frame), classification(model.mixture_, frame)
    np.testing.assert_array_equal(one.average_posteriors, other.average_posteriors)
    assert [row["class"] for row in one.table()] == ["0", "1"]
    assert one.table()[0]["share"] == pytest.approx(model.weights_[0], abs=1e-3)
    with pytest.raises(ParameterError, match="what was fitted, an estimator or its mixture"):
        classification(CategoricalMixture(2), frame)


def test_noise_is_a_class_with_a_name():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(200, 2)), rng.uniform(-20, 20, (30, 2))])
    found = classification(GaussianMixture(1, noise="uniform", random_state=0).fit(rows), rows)
    assert found.names == ("0", "noise")
    assert "noise" in found.summary()
