"""The normal inverse-Wishart prior in M-steps, of components with rows and without."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixtura.components.gaussian.conjugate import ConjugatePrior
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters
from mixtura.components.gaussian.structures import STRUCTURES, structure

WIDTH = 3


def drawn(form, rows, rng):
    half = rng.normal(size=(len(rows), WIDTH, 9))
    scatter = np.einsum("k,kij,klj->kil", rows / 9, half, half)
    scatter = scatter if form.storage == "full" else np.einsum("kii->ki", scatter).copy()
    means = rng.normal(size=(len(rows), WIDTH))
    return GaussianMoments(rows, means, scatter, pooled=False)


@pytest.mark.parametrize("kappa", [0.0, 0.01, 2.0])
@pytest.mark.parametrize("code", sorted(STRUCTURES))
def test_an_m_step_is_the_highest_also_where_a_component_has_no_rows(code, kappa):
    form, rng = structure(code), np.random.default_rng([*code.encode(), int(100 * kappa)])
    if form.shares_covariance:
        pytest.skip("its scatters are pooled")
    family = GaussianFamily.in_own_units(form, WIDTH)
    moments = drawn(form, np.array([40.0, 0.0, 1e-3]), rng)
    own = np.eye(WIDTH) if form.storage == "full" else np.ones(WIDTH)
    prior = ConjugatePrior(kappa, rng.normal(size=WIDTH), own, 7.0, shared=False)

    def height(found):
        return family.expected_log_density(found, moments) + prior.log_density(found)

    best = family.maximise(moments, None, prior)
    for _ in range(30):
        best = family.maximise(moments, best, prior)
    for _ in range(20):
        near = best.means + 1e-3 * rng.normal(size=best.means.shape)
        other = GaussianParameters(near, best.covariance)
        assert height(best) >= height(other) - 1e-9
        assert height(family.maximise(moments, other, prior)) >= height(other) - 1e-9
    if kappa > 0:
        assert_allclose(best.means[1], prior.mean, atol=1e-12)
