"""Components without rows add nothing to what all components share."""

import numpy as np
import pytest

from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.prior import FactorPrior
from mixtura.components.factor_analyser.structures import CODES, factor_structure

K, D, Q, N = 4, 5, 2, 80


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("rows_left", [0.0, 1e-300])
def test_a_step_is_that_of_the_components_that_have_rows(
    code: str, rows_left: float, fresh_seed: int
) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = rng.normal(size=(N, D)) * rng.uniform(0.5, 2.0, D)
    family = FactorAnalyserFamily.of(factor_structure(code, Q), np.zeros(D), np.ones(D))
    loadings, noise = rng.normal(size=(K, D, Q)), rng.uniform(0.2, 2.0, (K, D))
    form = family.structure
    if form.shares_loadings:
        loadings[:] = loadings[0]
    if form.shares_noise:
        noise[:] = noise[0]
    if form.isotropic:
        noise[:] = noise[:, :1]
    parameters = FactorParameters(rng.normal(size=(K, D)), loadings, noise)
    shares = rng.dirichlet(np.ones(K), N).T
    shares[1] = rows_left / N
    evaluator = family.bind(np.zeros(K), parameters)
    tile = family.prepare(rows, family.workspace(N))
    evaluator.log_density(tile, np.empty((K, N)))
    totals = evaluator.zeros()
    evaluator.accumulate(tile, shares, totals)
    moments: FactorMoments = family.moments(evaluator.sums(totals), parameters, None)
    kept = [0, 2, 3]
    prior = FactorPrior(np.zeros(D))
    found = family.maximise(moments, parameters, prior)
    others = family.maximise(moments.take(kept), parameters.take(kept), prior)
    for name in ("means", "loadings", "noise"):
        own = getattr(found, name)
        np.testing.assert_allclose(own[kept], getattr(others, name), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found.means[1], parameters.means[1])
