"""Criteria count no density of a column above one over the step of its values."""

import numpy as np
import pytest
from nightly import first

from mixtura import GaussianMixture, select
from mixtura.components.gaussian.steps import excess_above_steps


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.3989, 0.5, 3.0])
def test_the_excess_is_what_the_density_at_the_mean_is_above_one_a_step(spread):
    step = 0.7
    peak = 1 / (spread * step * np.sqrt(2 * np.pi))
    found = excess_above_steps(
        np.array([[(spread * step) ** -2.0]]), np.array([step**2 / 12]), np.ones(1)
    )
    assert found[0] == pytest.approx(max(np.log(peak * step), 0.0), abs=1e-12)


def test_columns_without_a_step_have_none():
    precisions = np.array([np.diag([1e9, 1e9, 4.0])])
    floor = np.array([0.0, 0.0, 1.0])
    expected = np.log(2 / np.sqrt(2 * np.pi) * np.sqrt(12))
    assert excess_above_steps(precisions, floor, np.ones(3))[0] == pytest.approx(expected)


def test_storages_agree():
    rng = np.random.default_rng(0)
    floor = rng.uniform(0.5, 2, 3)
    diagonal, known = rng.uniform(0.1, 3, (4, 3)), np.ones(3)
    dense = diagonal[:, :, None] * np.eye(3)
    one = np.full((4, 3), diagonal[:, :1])
    for same, other in ((diagonal, dense), (diagonal[:, 0], one)):
        found = excess_above_steps(same, floor, known)
        np.testing.assert_allclose(found, excess_above_steps(other, floor, known), rtol=1e-10)


def test_rows_in_which_a_cell_is_missing_have_no_excess_there():
    precisions, floor = np.array([[1e4, 1e4]]), np.ones(2)
    all_known = excess_above_steps(precisions, floor, np.ones(2))
    assert excess_above_steps(precisions, floor, np.array([0.5, 0.0])) == all_known / 4


def test_criteria_of_the_estimator_and_of_the_fit_agree():
    rng = np.random.default_rng(1)
    rows = np.clip(np.round(rng.normal(3, 1, (200, 2))), 1, 5)
    weights = rng.integers(1, 4, 200).astype(float)
    model = GaussianMixture(5, covariance_type="diag", random_state=0).fit(
        rows, sample_weight=weights
    )
    assert model.bic(rows, weights) == pytest.approx(model.facts_["bic"], abs=1e-6)
    plain = -2 * model.log_likelihood_ + model.n_parameters_ * np.log(weights.sum())
    assert model.bic(rows, weights) > plain + 1
    assert "no density counts above one a step at its mean" in model.summary()


@pytest.mark.parametrize("seed", first(1, range(5)))
def test_answers_from_one_to_five_have_the_classes_that_there_are(seed):
    rng = np.random.default_rng([9, seed])
    labels = rng.integers(0, 2, 300)
    means = np.where(labels[:, None], 4, 2)
    rows = np.clip(np.round(means + rng.normal(0, 0.9, (300, 4))), 1, 5)
    assert select(rows, range(1, 7), random_state=seed).best.n_components == 2
