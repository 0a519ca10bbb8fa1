"""The box around rows that noise fills."""

import numpy as np

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
