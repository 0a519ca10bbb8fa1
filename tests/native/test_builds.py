"""Every build that this processor runs does the same, not only the one that is loaded."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scatters import scatter_for
from scipy.special import logsumexp

from mixtura.components.gaussian import kernel as gaussian_kernel
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, STRUCTURES, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.shares import model_from_labels
from mixtura.em.starts import NeverMet
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.native import library, sweeps, updates

FOUND = [name for name in library.BUILDS if library.path_of(library.FOLDER, name).exists()]
if not FOUND:
    pytest.skip("no kernels are built: run 'python hatch_build.py'", allow_module_level=True)

ROWS, COMPONENTS = 403, 3


@pytest.fixture(params=FOUND)
def build(request, monkeypatch):
    """Let everything be computed by one of the builds."""
    if not library.is_run(request.param, library.processor_features()):
        pytest.skip(f"this processor does not run the build {request.param}")
    loaded = library.load(library.path_of(library.FOLDER, request.param))
    for module in (sweeps, updates, gaussian_kernel):
        monkeypatch.setattr(module, "kernels", lambda: loaded)
    return loaded


def clusters():
    """Return rows of three clusters that overlap, and weights."""
    rng = np.random.default_rng(3)
    centres = np.array([[0.0, 0.0, 1.0], [2.0, 0.5, -1.0], [0.5, 2.5, 0.0]])
    rows = centres[np.arange(ROWS) % COMPONENTS] + rng.normal(size=(ROWS, 3))
    return rows, rng.uniform(0.5, 2.0, ROWS)


def sweep_of(code, rows, weights):
    source = ArrayRows(rows, weights)
    family = GaussianFamily.of(structure(code), *column_moments(source))
    return Sweep(family, source, Serial())


def test_a_sweep_is_that_of_numpy(build):
    rows, weights = clusters()
    features = np.ascontiguousarray(np.vstack([rows.T, np.ones(ROWS), rows.T**2]))
    theta = np.random.default_rng(4).normal(size=(5, len(features)))
    theta[:, -3:] = -np.abs(theta[:, -3:])
    swept = sweeps.StackedSweep([2, 3], len(features))
    swept.features(features, weights, theta)
    sums, squared, values = swept.parts(swept.found)
    for part, value in zip((slice(0, 2), slice(2, 5)), values, strict=True):
        densities = theta[part] @ features
        total = logsumexp(densities, axis=0)
        shares = np.exp(densities - total)
        assert_allclose(sums[part], (shares * weights) @ features.T, rtol=1e-12, atol=1e-11)
        assert_allclose(squared[part], (shares**2) @ weights, rtol=1e-12)
        likelihood = [weights @ total, weights @ np.log(shares.max(axis=0))]
        assert_allclose(value, likelihood, rtol=1e-12)


@pytest.mark.parametrize("code", [code for code in CODES if not STRUCTURES[code].iterative])
def test_an_update_is_that_of_the_structure(build, code):
    rows, _ = clusters()
    parts = [rows[own::COMPONENTS] for own in range(COMPONENTS)]
    scatter = scatter_for(code, np.array([np.cov(part.T) * len(part) for part in parts]))
    counts = np.array([float(len(part)) for part in parts])
    found = updates.native_update(code, scatter, counts)
    assert_allclose(found, STRUCTURES[code].update(scatter, counts, None), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("code", CODES)
def test_a_short_run_is_that_of_the_general_loop(build, code):
    rows, weights = clusters()
    by_kernel, general = sweep_of(code, rows, weights), sweep_of(code, rows, weights)
    general.kernel = None
    options = FitOptions(NeverMet(), max_iter=5, prior=general.family.prior(None, None, 3))
    start = model_from_labels(general, np.arange(ROWS) % COMPONENTS, COMPONENTS, options)
    limits = options.rule.limits(options.max_iter, accelerate=False)
    terms = gaussian_kernel.PLAIN
    assert by_kernel.kernel.run(start.log_weights, start.parameters, terms, limits) is not None
    run, expected = (fit(each, [start], options)[0] for each in (by_kernel, general))
    # Where an update searches, it is for as many digits as a step of EM gains by.
    digits = 1e-12 if not STRUCTURES[code].iterative else 1e-7 if code == "VVE" else 1e-9
    assert_allclose(run.history.log_likelihood, expected.history.log_likelihood, rtol=digits)
    assert_allclose(
        run.model.parameters.means, expected.model.parameters.means, rtol=1e3 * digits, atol=1e-9
    )
