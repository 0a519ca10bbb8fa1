"""Criteria count no density of a column above one over the step of its values."""

import numpy as np
import pytest

from mixtura import GaussianMixture, select
from mixtura.components.gaussian.steps import excess_above_steps


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.3989, 0.5, 3.0])
def test_the_excess_is_what_the_density_at_the_mean_is_above_one_a_step(spread):
    step = 0.7
    peak = 1 / (spread * step * np.sqrt(2 * np.pi))
    found = excess_above_steps(np.array([[(spread * step) ** -2.0]]), np.array([step**2 / 12]))
    assert found[0] == pytest.approx(max(np.log(peak * step), 0.0), abs=1e-12)


def test_columns_without_a_step_have_none():
    precisions = np.array([np.diag([1e9, 1e9, 4.0])])
    floor = np.array([0.0, 0.0, 1.0])
    expected = np.log(2 / np.sqrt(2 * np.pi) * np.sqrt(12))
    assert excess_above_steps(precisions, floor)[0] == pytest.approx(expected)


def test_storages_agree():
    rng = np.random.default_rng(0)
    floor = rng.uniform(0.5, 2, 3)
    diagonal = rng.uniform(0.1, 3, (4, 3))
    dense = diagonal[:, :, None] * np.eye(3)
    np.testing.assert_allclose(
        excess_above_steps(diagonal, floor), excess_above_steps(dense, floor), rtol=1e-10
    )
    one = np.full((4, 3), diagonal[:, :1])
    np.testing.assert_allclose(
        excess_above_steps(diagonal[:, 0], floor), excess_above_steps(one, floor), rtol=1e-10
    )


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
    assert "no density counts above one a step" in model.summary()


@pytest.mark.parametrize("seed", range(5))
def test_answers_from_one_to_five_have_the_classes_that_there_are(seed):
    rng = np.random.default_rng([9, seed])
    labels = rng.integers(0, 2, 300)
    means = np.where(labels[:, None], 4, 2)
    rows = np.clip(np.round(means + rng.normal(0, 0.9, (300, 4))), 1, 5)
    assert select(rows, range(1, 7), random_state=seed).best.n_components == 2
