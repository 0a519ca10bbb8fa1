"""What Gaussian mixtures say of rows one by one, against SciPy, mpmath and themselves."""

import numpy as np
import pytest
from mpmath import mp
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura import GaussianMixture, Mixture
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import Box
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.rows import whitened_components
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.noise import NoiseFamily
from mixtura.components.noise_parameters import NoisyParameters
from mixtura.errors import ParameterError

# Columns around the widths of vectors, and rows around those of blocks.
SIZES = [(1, 1, 1), (2, 5, 161), (3, 4, 7), (5, 2, 160), (8, 3, 403), (13, 9, 330), (31, 2, 50)]


def drawn(code: str, n_columns: int, n_components: int, seed: int = 0) -> Mixture:
    """Return a mixture of one covariance structure, or one whose full covariances are the same."""
    rng = np.random.default_rng([seed, n_columns, n_components, *map(ord, code)])
    form = structure(code)
    if form.storage == "full":
        loadings = rng.normal(size=(n_components, n_columns, n_columns))
        covariances = loadings @ loadings.transpose(0, 2, 1) + 0.2 * np.eye(n_columns)
    else:
        shape = (n_components, n_columns)[: 1 + (form.storage == "diagonal")]
        covariances = 10.0 ** rng.uniform(-1, 1, shape)
    if form.shares_covariance:
        covariances = np.broadcast_to(covariances[:1], covariances.shape).copy()
    covariance = covariance_from(form.storage, covariances, n_columns)
    means = 2 * rng.normal(size=(n_components, n_columns))
    weights = rng.dirichlet(np.ones(n_components))
    family = GaussianFamily.in_own_units(form, n_columns)
    return Mixture(weights, family, GaussianParameters(means, covariance))


def joint_of(mixture: Mixture, rows: np.ndarray) -> np.ndarray:
    """Return log π_k f_k(x) (n, K) by SciPy, of the cells that are there."""
    parameters = mixture.parameters
    dense = parameters.covariance.dense()
    joint = np.empty((len(rows), len(dense)))
    patterns, which = np.unique(~np.isnan(rows), axis=0, return_inverse=True)
    for place, known in enumerate(patterns):
        own = which.ravel() == place
        cells = rows[own][:, known].astype(np.float64)
        for k, mean in enumerate(parameters.means):
            normal = multivariate_normal(mean[known], dense[k][np.ix_(known, known)])
            joint[own, k] = normal.logpdf(cells)
    return joint + np.log(mixture.weights)


def check(mixture: Mixture, rows: np.ndarray, joint: np.ndarray) -> None:
    """Check all that a mixture says of rows against log π_k f_k(x) (n, K)."""
    density = logsumexp(joint, axis=1)
    np.testing.assert_allclose(mixture.log_density(rows), density, rtol=1e-10, atol=1e-10)
    shares = np.exp(joint - density[:, None])
    found = mixture.responsibilities(rows)
    np.testing.assert_allclose(found, shares, atol=1e-10)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(mixture.predict(rows), mixture.labels[joint.argmax(axis=1)])
    both = mixture.density_and_responsibilities(rows)
    np.testing.assert_array_equal(both[0], mixture.log_density(rows))
    np.testing.assert_array_equal(both[1], found)
    np.testing.assert_allclose(
        mixture.component_log_density(rows) + np.log(mixture.weights), joint, rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", CODES)
def test_all_that_is_said_of_rows_is_scipys(code: str, size: tuple[int, int, int]) -> None:
    n_columns, n_components, n_rows = size
    mixture = drawn(code, n_columns, n_components)
    rows, _ = mixture.sample(n_rows, 1)
    check(mixture, rows, joint_of(mixture, rows))


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII"])
def test_rows_are_read_however_they_lie(code: str) -> None:
    mixture = drawn(code, 5, 3)
    rows, _ = mixture.sample(203, 1)
    expected = mixture.log_density(rows)
    wide = np.zeros((406, 11))
    wide[::2, 10:0:-2] = rows
    for same in (np.asfortranarray(rows), wide[::2, 10:0:-2], rows[::-1][::-1], rows.astype(">f8")):
        np.testing.assert_array_equal(mixture.log_density(same), expected)
    single = rows.astype(np.float32)
    np.testing.assert_array_equal(
        mixture.log_density(single), mixture.log_density(single.astype(np.float64))
    )
    whole = np.round(rows).astype(np.int64)
    np.testing.assert_array_equal(
        mixture.log_density(whole), mixture.log_density(whole.astype(np.float64))
    )


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "EII"])
def test_an_answer_does_not_depend_on_the_rows_beside_it(code: str) -> None:
    mixture = drawn(code, 6, 4)
    rows, _ = mixture.sample(25_000, 1)
    rows[::97, 2] = 1e300
    density, shares = mixture.density_and_responsibilities(rows)
    components = mixture.predict(rows)
    rng = np.random.default_rng(2)
    for n_rows, n_jobs in ((1, 1), (3, 1), (159, 1), (4097, 2), (24_000, 1), (25_000, 8)):
        some = rng.permutation(len(rows))[:n_rows]
        found = mixture.density_and_responsibilities(rows[some], n_jobs)
        np.testing.assert_array_equal(found[0], density[some])
        np.testing.assert_array_equal(found[1], shares[some])
        np.testing.assert_array_equal(mixture.predict(rows[some], n_jobs), components[some])


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII"])
def test_gaps_cost_complete_rows_beside_them_nothing(code: str) -> None:
    mixture = drawn(code, 4, 3)
    rows, _ = mixture.sample(300, 1)
    alone = mixture.log_density(rows)
    rng = np.random.default_rng(3)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[np.isnan(rows).all(axis=1)] = 0.0
    coded = mixture.coded
    check(coded, rows, joint_of(mixture, rows))
    complete = ~np.isnan(rows).any(axis=1) & (rows != 0).any(axis=1)
    np.testing.assert_array_equal(coded.log_density(rows)[complete], alone[complete])


def with_noise(mixture: Mixture, log_density: float) -> Mixture:
    """Return the mixture with noise of that log density in a tenth of the rows."""
    n_columns = mixture.n_columns
    box = Box(np.zeros(n_columns), np.exp(-log_density / n_columns) * np.eye(n_columns))
    family = NoiseFamily(mixture.family, BoxBackground(box, log_density))
    noise = np.arange(mixture.n_components + 1) == mixture.n_components
    parameters = NoisyParameters(mixture.parameters, noise)
    return Mixture(np.append(0.9 * mixture.weights, 0.1), family, parameters)


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII"])
def test_noise_is_one_more_density(code: str) -> None:
    mixture = drawn(code, 4, 3)
    rows, _ = mixture.sample(200, 1)
    rows[:20] *= 30
    joint = joint_of(mixture, rows) + np.log(0.9)
    noisy = with_noise(mixture, -14.0)
    check(noisy, rows, np.column_stack([joint, np.full(len(rows), np.log(0.1) - 14.0)]))
    rows[::3, 1] = np.nan
    joint = joint_of(mixture, rows) + np.log(0.9)
    even = np.log(0.1) - 14.0 * np.count_nonzero(~np.isnan(rows), axis=1) / 4
    check(noisy.coded, rows, np.column_stack([joint, even]))


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII"])
def test_rows_beyond_all_densities_belong_to_the_nearest(code: str) -> None:
    mixture = drawn(code, 3, 2)
    # One of equal widths, so that the nearest mean is the nearest component.
    first = mixture.parameters.take([0, 0])
    means = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    alike = Mixture(
        np.array([0.5, 0.5]), mixture.family, GaussianParameters(means, first.covariance)
    )
    rows = np.array([[1e300, 0.0, 0.0], [0.0, 0.0, 0.0], [-1e300, 0.0, 0.0]])
    assert np.isneginf(alike.log_density(rows)[[0, 2]]).all()
    assert np.isfinite(alike.log_density(rows)[1])
    found = alike.responsibilities(rows)
    np.testing.assert_array_equal(found.sum(axis=1), 1.0)
    np.testing.assert_array_equal(alike.predict(rows), found.argmax(axis=1))
    noisy = with_noise(alike, -14.0)
    np.testing.assert_array_equal(noisy.predict(rows[[0, 2]]), [-1, -1])


def test_components_of_no_weight_have_no_rows() -> None:
    mixture = drawn("VVV", 3, 2)
    mixture = Mixture(np.array([0.0, 1.0]), mixture.family, mixture.parameters)
    rows, _ = mixture.sample(50, 1)
    np.testing.assert_array_equal(mixture.responsibilities(rows), np.tile([0.0, 1.0], (50, 1)))
    np.testing.assert_array_equal(mixture.predict(rows), 1)


@pytest.mark.parametrize("apart", [1.0, 1e2, 1e4, 1e6, 1e9])
@pytest.mark.parametrize("seed", range(4))
def test_components_with_one_covariance_keep_their_digits_wherever_they_are(
    seed: int, apart: float
) -> None:
    rng = np.random.default_rng([seed, int(apart)])
    axes, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    covariance = (axes * np.geomspace(1e-6, 1.0, 4)) @ axes.T
    covariance = (covariance + covariance.T) / 2
    means = apart * rng.normal(size=(3, 4)) + 1e6
    model = GaussianMixture.from_parameters(
        np.full(3, 1 / 3), means, covariance, covariance_type="tied"
    )
    rows = means[rng.integers(3, size=6)] + rng.multivariate_normal(np.zeros(4), covariance, size=6)
    with mp.workdps(60):
        matrix = mp.matrix(covariance.tolist())
        constant = -(4 * mp.log(2 * mp.pi) + mp.log(mp.det(matrix))) / 2
        for row, found in zip(rows, model.mixture_.component_log_density(rows), strict=True):
            for mean, value in zip(means, found, strict=True):
                deviation = mp.matrix(
                    [mp.mpf(a) - mp.mpf(b) for a, b in zip(row, mean, strict=True)]
                )
                distance = (deviation.T * mp.lu_solve(matrix, deviation))[0]
                truth = constant - distance / 2
                assert abs(mp.mpf(float(value)) - truth) <= 1e-9 * max(1, abs(truth))


def test_rows_are_whitened_once_where_that_costs_no_digits() -> None:
    mixture = drawn("EEE", 4, 3)
    assert whitened_components(mixture.parameters).origin is not None
    means, covariance = mixture.parameters.means, mixture.parameters.covariance
    far = GaussianParameters(1e6 * means, covariance)
    assert whitened_components(far).origin is None
    assert whitened_components(drawn("VVV", 4, 3).parameters).origin is None


@pytest.mark.parametrize("n_rows", [3, 30_000])
@pytest.mark.parametrize("n_jobs", [0, 2.5, "all"])
def test_workers_are_a_number_however_many_rows_there_are(n_rows: int, n_jobs: object) -> None:
    with pytest.raises(ParameterError, match="n_jobs should be None, a number of workers"):
        drawn("VVV", 2, 2).predict(np.zeros((n_rows, 2)), n_jobs)
