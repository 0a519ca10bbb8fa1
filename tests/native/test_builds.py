"""Every build that this processor runs does the same, not only the one that is loaded."""

from contextlib import contextmanager

import numpy as np
import pytest
from mixed_tiles import FeatureRows, agrees, problem, swept_parts
from numpy.testing import assert_allclose
from scatters import scatter_for
from scipy.special import logsumexp
from structures_oracle import ORACLES, floored

from mixtura import GaussianMixture
from mixtura.arrays import order_by_pattern
from mixtura.components import compiled as compiled_runs
from mixtura.components.gaussian import incomplete, moves
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, STRUCTURES, compiled, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import tasks
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.starts import NeverMet
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.native import drivers, gaps, library, parts, predictions, sweeps, updates
from mixtura.native.parts import DensePart

pytestmark = pytest.mark.drawn(4)

FOUND = [name for name in library.BUILDS if library.path_of(library.FOLDER, name).exists()]
ROWS, COMPONENTS = 403, 3


@pytest.fixture(params=FOUND)
def build(request):
    """Let everything be computed by one of the builds."""
    with used(request.param):
        yield request.param


@pytest.fixture(params=FOUND[:-1])
def wider_build(request):
    """Let everything be computed by one of the builds but the plainest."""
    with used(request.param):
        yield request.param


@contextmanager
def used(name):
    """Let everything be computed by the build of that name."""
    if not library.is_run(name, library.processor_features()):
        pytest.skip(f"this processor does not run the build {name}")
    loaded = library.load(library.path_of(library.FOLDER, name))
    with pytest.MonkeyPatch.context() as patch:
        runs = moves, compiled_runs, drivers
        for module in (parts, sweeps, updates, gaps, predictions, *runs):
            patch.setattr(module, "kernels", lambda: loaded)
        yield


def by_numpy(code, scatter, rows, previous, floor=None, own=None):
    """Return the M-step of the oracle."""
    if floor is None:
        return ORACLES[code].update(scatter, rows, previous)
    return floored(ORACLES[code], scatter, rows, previous, floor)


@contextmanager
def plain():
    """Let sweeps, M-steps, starts and moves be those of NumPy, led by the driver."""

    def every(parameters, _):
        return np.full(parameters.n_components, True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sweep, "kernel", None)
        patch.setattr(tasks, "is_swept", lambda _: False)
        patch.setattr(compiled, "native_update", by_numpy)
        patch.setattr(incomplete, "is_ill_conditioned", every)
        yield


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
    tile = FeatureRows(features)
    (sums,), squared, values = swept_parts((DensePart(theta),), [2, 3], tile, weights)
    for part, value in zip((slice(0, 2), slice(2, 5)), values, strict=True):
        densities = theta[part] @ features
        total = logsumexp(densities, axis=0)
        shares = np.exp(densities - total)
        assert_allclose(sums[part], (shares * weights) @ features.T, rtol=1e-12, atol=1e-11)
        assert_allclose(squared[part], (shares**2) @ weights, rtol=1e-12)
        likelihood = [weights @ total, weights @ np.log(shares.max(axis=0))]
        assert_allclose(value, likelihood, rtol=1e-12)


@pytest.mark.parametrize("code", ["EII", "VVI", "EEE", "VVV"])
def test_a_sweep_of_rows_with_gaps_is_that_by_factors(build, code):
    rows, weights = clusters()
    rows[np.random.default_rng(5).random(rows.shape) < 0.2] = np.nan
    order = order_by_pattern(rows)
    source = ArrayRows(rows[order], weights[order])
    family = incomplete.IncompleteGaussianFamily.of(structure(code), *column_moments(source))

    def swept():
        sweep = Sweep(family, source, Serial())
        options = FitOptions(NeverMet(), max_iter=1, prior=family.prior(None, sweep.shared, 3))
        start = model_from_labels(sweep, order % COMPONENTS, COMPONENTS, options)
        return sweep([start])[0]

    found = swept()
    assert not found.sums.centred.any()
    with plain():
        expected = swept()
    assert expected.sums.centred.all()
    assert_allclose(found.log_likelihood, expected.log_likelihood, rtol=1e-12)
    for name in ("effective_rows", "means", "scatter", "entropy"):
        one, other = getattr(found.moments, name), getattr(expected.moments, name)
        assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("sizes", [[1], [5], [20], [3, 4]], ids=str)
@pytest.mark.parametrize("kinds", ["levels", "counts", "levels counts dense dense"])
def test_a_sweep_of_columns_of_several_kinds_is_that_of_numpy(build, kinds, sizes):
    agrees(problem(kinds, ROWS, sizes, weighted=True))


@pytest.mark.parametrize("code", [code for code in CODES if not STRUCTURES[code].iterative])
def test_an_update_is_that_of_the_structure(build, code):
    rows, _ = clusters()
    parts = [rows[own::COMPONENTS] for own in range(COMPONENTS)]
    scatter = scatter_for(code, np.array([np.cov(part.T) * len(part) for part in parts]))
    counts = np.array([float(len(part)) for part in parts])
    found = updates.native_update(code, scatter, counts)
    assert_allclose(found, ORACLES[code].update(scatter, counts, None), rtol=1e-12, atol=1e-13)


def short_run(code, *, compiled):
    """Return five sweeps from one start, by the kernel or by the general loop."""
    rows, weights = clusters()
    sweep = sweep_of(code, rows, weights)
    options = FitOptions(NeverMet(), max_iter=5, prior=sweep.family.prior(None, None, 3))
    start = model_from_labels(sweep, np.arange(ROWS) % COMPONENTS, COMPONENTS, options)
    if compiled:
        limits = options.rule.limits(options.max_iter, accelerate=False)
        terms = compiled_runs.PLAIN
        assert sweep.kernel.run(start.log_weights, start.parameters, terms, limits) is not None
    else:
        sweep.kernel = None
    return fit(sweep, [start], options)[0]


def assert_same_run(one, other, digits):
    assert_allclose(one.history.log_likelihood, other.history.log_likelihood, rtol=digits)
    means, others = one.model.parameters.means, other.model.parameters.means
    assert_allclose(means, others, rtol=1e3 * digits, atol=1e3 * digits)


def digits_of(code):
    """Return the digits of an update: where it searches, as many as a step of EM gains by."""
    return 1e-12 if not STRUCTURES[code].iterative else 1e-7 if code == "VVE" else 1e-9


@pytest.mark.parametrize("code", CODES)
def test_a_short_run_is_that_of_the_general_loop(build, code):
    expected = short_run(code, compiled=False)
    assert_same_run(short_run(code, compiled=True), expected, digits_of(code))


@pytest.mark.parametrize("code", CODES)
def test_a_short_run_is_that_of_the_plainest_build(wider_build, code):
    run = short_run(code, compiled=True)
    with used(FOUND[-1]):
        assert_same_run(run, short_run(code, compiled=True), digits_of(code))


@pytest.mark.parametrize("code", CODES)
def test_starts_moves_and_the_finish_end_where_those_of_the_plainest_build_do(wider_build, code):
    rows, _ = clusters()
    found = GaussianMixture(COMPONENTS, covariance_type=code, random_state=0).fit(rows)
    with used(FOUND[-1]):
        expected = GaussianMixture(COMPONENTS, covariance_type=code, random_state=0).fit(rows)
    assert_allclose(found.log_likelihood_, expected.log_likelihood_, rtol=0, atol=2e-3)
    assert found.n_iter_ > 1


@pytest.mark.parametrize("code", ["EII", "EEE", "VVI", "VVV"])
def test_starts_moves_and_the_finish_end_where_those_of_numpy_do(build, code):
    rows = clusters()[0] * 1.0
    rows[::COMPONENTS] += 4
    found = GaussianMixture(COMPONENTS, covariance_type=code, random_state=0).fit(rows)
    with plain():
        expected = GaussianMixture(COMPONENTS, covariance_type=code, random_state=0).fit(rows)
    assert_allclose(found.log_likelihood_, expected.log_likelihood_, rtol=0, atol=2e-3)


@pytest.mark.parametrize("n_columns", [1, 4, 7, 13])
def test_every_build_whitens_and_answers_as_numpy_does(build, n_columns):
    rng = np.random.default_rng(n_columns)
    rows, means = 2 * rng.normal(size=(ROWS, n_columns)), rng.normal(size=(COMPONENTS, n_columns))
    factors = np.triu(rng.normal(size=(COMPONENTS, n_columns, n_columns)))
    constants, log_weights = rng.normal(size=COMPONENTS), rng.normal(size=COMPONENTS)
    white = np.einsum("kij,nki->nkj", factors, rows[:, None] - means)
    joint = constants - 0.5 * np.square(white).sum(axis=2) + log_weights
    names = ("log_density", "responsibilities", "labels", "joint")
    asked = predictions.Predictions.of(names, ROWS, COMPONENTS)
    components = predictions.WhitenedComponents(constants, means, factors)
    assert components.predict(rows, log_weights, asked) == 0
    density = logsumexp(joint, axis=1)
    assert_allclose(asked.joint, joint, rtol=1e-11, atol=1e-11)
    assert_allclose(asked.log_density, density, rtol=1e-11, atol=1e-11)
    assert_allclose(asked.responsibilities, np.exp(joint - density[:, None]), atol=1e-11)
    assert (asked.labels == joint.argmax(axis=1)).all()
