"""The box around rows that noise fills."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from mixtura import GaussianMixture
from mixtura.components.background import one_pass
from mixtura.components.gaussian.box import smallest_box


def test_the_sum_of_weights_is_no_matter():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3))
    weights = rng.uniform(0.5, 2.0, 40)
    expected = smallest_box(one_pass(rows, weights))
    for factor in (1e-300, 1e-12, 1e12, 1e300):
        found = smallest_box(one_pass(rows, weights * factor))
        np.testing.assert_allclose(found.edges, expected.edges, rtol=1e-9, atol=1e-9)
    one = np.zeros(40)
    one[3] = 1e-200
    assert np.isfinite(smallest_box(one_pass(rows, one)).log_volume)


@pytest.mark.parametrize("n_columns", [2, 3, 6])
def test_rows_in_a_plane_fill_the_box_of_their_columns(n_columns: int, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.gamma(2.0, size=(60, n_columns))
    rows *= 100 / rows.sum(axis=1, keepdims=True)
    expected = np.ptp(rows, axis=0)
    np.testing.assert_allclose(smallest_box(one_pass(rows)).edges, np.diag(expected), rtol=1e-12)
    # What is thin, and more than rounding, has the box of its own axes.
    thin = rows + rng.normal(0, 1e-4, rows.shape)
    assert smallest_box(one_pass(thin)).log_volume < np.log(expected).sum() - 1


def test_noise_does_not_take_rows_that_sum_to_one_number(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    label = np.repeat([0, 1], 100)
    parts = rng.normal(size=(200, 2)) + np.outer(label, [12, -9]) + 30
    rows = np.c_[parts, 100 - parts.sum(axis=1)]
    fitted = GaussianMixture(2, covariance_type="diag", noise="uniform", random_state=0).fit(rows)
    assert fitted.weights_[-1] < 0.2
    found = fitted.predict(rows)
    assert adjusted_rand_score(label[found >= 0], found[found >= 0]) > 0.97
