"""t components: densities, what sums say, margins and draws, against other systems and laws."""

import mpmath
import numpy as np
import pytest
from scipy import stats

from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.student_t.degrees import LEAST, MOST, Degrees
from mixtura.components.student_t.density import log_constants
from mixtura.components.student_t.family import StudentTFamily
from mixtura.components.student_t.parameters import StudentTParameters, StudentTPrior
from mixtura.data import ArrayRows
from mixtura.em.model import Model
from mixtura.em.sweep import Sweep
from mixtura.engines import engine_named
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

MEANS = np.array([[1.0, 2.0, 3.0], [-2.0, 0.0, 1.0]])
SCALES = np.array([[[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 0.7]], np.diag([0.5, 3.0, 1.0])])
DEGREES = np.array([3.5, 40.0])
PARAMETERS = StudentTParameters(
    GaussianParameters(MEANS, covariance_from("full", SCALES, 3)), DEGREES
)
WEIGHTS = np.array([0.3, 0.7])


def family(code: str = "VVV", n_columns: int = 3) -> StudentTFamily:
    return StudentTFamily.in_own_units(structure(code), Degrees(), n_columns)


def mixture() -> Mixture:
    return Mixture(WEIGHTS, family(), PARAMETERS)


def rows(size: int = 200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(2.0, size=(size, 3)) * 2.0


def swept(code: str = "VVV") -> tuple[Sweep, Model]:
    """Return a sweep over rows, and a model of their frame."""
    own = StudentTFamily.of(structure(code), Degrees(), np.zeros(3), np.ones(3), None)
    parameters = own.maximise(
        Sweep(own, ArrayRows(rows(), None), engine_named("serial", 1)).from_labels(
            (rows()[:, 0] > 0).astype(np.intp), 2, 0.0
        ),
        None,
        StudentTPrior(own.inner.prior(None, None, 2)),  # pyright: ignore[reportArgumentType]
    )
    sweep = Sweep(own, ArrayRows(rows(), None), engine_named("serial", 1))
    return sweep, Model(np.log(WEIGHTS), parameters)


def test_log_densities_are_those_of_scipy() -> None:
    found = mixture().component_log_density(rows())
    for k in range(2):
        other = stats.multivariate_t(MEANS[k], SCALES[k], DEGREES[k]).logpdf(rows())
        np.testing.assert_allclose(found[:, k], other, rtol=1e-12)


@pytest.mark.parametrize("degrees", [0.5, 1.0, 7.3, 99.0, 101.0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("n_columns", [1, 2, 7, 300])
def test_the_constant_of_the_density_is_that_of_mpmath(degrees: float, n_columns: int) -> None:
    with mpmath.workdps(60):
        half, width = mpmath.mpf(degrees) / 2, mpmath.mpf(n_columns) / 2
        exact = mpmath.loggamma(half + width) - mpmath.loggamma(half)
        exact -= width * mpmath.log(mpmath.mpf(degrees) * mpmath.pi)
    found = log_constants(np.array([degrees]), n_columns)[0]
    assert found == pytest.approx(float(exact), rel=1e-13, abs=1e-12)


def test_rows_beyond_the_range_of_squares_have_a_density_of_mpmath() -> None:
    far = np.array([[1e200, 0.0, 0.0], [3.0, -2e250, 1e250]])
    found = mixture().component_log_density(far)
    with mpmath.workdps(60):
        for i, row in enumerate(far):
            for k in range(2):
                deviation = mpmath.matrix(row.tolist()) - mpmath.matrix(MEANS[k].tolist())
                scale = mpmath.matrix(SCALES[k].tolist())
                distance = (deviation.T * mpmath.lu_solve(scale, deviation))[0]
                nu = mpmath.mpf(DEGREES[k])
                exact = mpmath.loggamma((nu + 3) / 2) - mpmath.loggamma(nu / 2)
                exact -= 1.5 * mpmath.log(nu * mpmath.pi) + mpmath.log(mpmath.det(scale)) / 2
                exact -= (nu + 3) / 2 * mpmath.log(1 + distance / nu)
                assert found[i, k] == pytest.approx(float(exact), rel=1e-12)
    np.testing.assert_array_equal(mixture().responsibilities(far).round(6), [[1, 0], [1, 0]])


@pytest.mark.parametrize("code", CODES)
def test_a_sweep_adds_up_the_densities_of_rows_one_by_one(code: str) -> None:
    sweep, model = swept(code)
    (statistics,) = sweep([model])
    own, parameters = sweep.family.in_user_units(model.parameters)
    plain = Mixture(WEIGHTS, own, parameters)
    densities, shares = plain.density_and_responsibilities(rows())
    assert statistics.log_likelihood == pytest.approx(densities.sum(), rel=1e-12)
    moments = statistics.moments
    np.testing.assert_allclose(moments.effective_rows, shares.sum(axis=0), rtol=1e-10)
    deviations = rows()[:, None] - parameters.means
    precisions = np.linalg.inv(parameters.covariance.dense())
    distances = np.einsum("nki,kij,nkj->nk", deviations, precisions, deviations)
    u = (parameters.degrees + 3) / (parameters.degrees + distances)
    weighted = shares * u
    np.testing.assert_allclose(moments.weighted.effective_rows, weighted.sum(axis=0), rtol=1e-10)
    means = weighted.T @ rows() / weighted.sum(axis=0)[:, None]
    np.testing.assert_allclose(moments.weighted.means, means, rtol=1e-9, atol=1e-10)
    shapes = (parameters.degrees + 3) / 2
    log_u = [float(mpmath.psi(0, shape)) for shape in shapes] - np.log(shapes * 1.0) + np.log(u)
    gaps = (shares * (u - log_u - 1)).sum(axis=0)
    np.testing.assert_allclose(moments.gaps, gaps, rtol=1e-9)


@pytest.mark.parametrize("code", CODES)
def test_the_expected_log_density_touches_the_likelihood_and_stays_below(code: str) -> None:
    sweep, model = swept(code)
    (before,) = sweep([model])
    shares = Mixture(WEIGHTS, *sweep.family.in_user_units(model.parameters)).responsibilities(
        rows()
    )
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum()

    def bound(at: Model) -> float:
        weights = before.moments.effective_rows @ at.log_weights
        own = sweep.family.expected_log_density(at.parameters, before.moments)
        return float(weights + own + entropy)

    assert bound(model) == pytest.approx(before.log_likelihood, rel=1e-11)
    prior = sweep.prior(None, 2)
    after = Model(
        np.log(before.moments.effective_rows / len(rows())),
        sweep.family.maximise(before.moments, model.parameters, prior),
    )
    (then,) = sweep([after])
    assert before.log_likelihood < bound(after) <= then.log_likelihood


def test_degrees_maximise_the_expected_log_density_within_their_range() -> None:
    sweep, model = swept()
    moments = sweep([model])[0].moments
    prior = sweep.prior(None, 2)
    best = sweep.family.maximise(moments, model.parameters, prior)
    at_best = sweep.family.expected_log_density(best, moments)
    for factor in (0.99, 1.01):
        other = StudentTParameters(best.gaussian, best.degrees * factor)
        assert sweep.family.expected_log_density(other, moments) < at_best
    gaps = np.array([1e-9, 1e3])
    np.testing.assert_array_equal(Degrees().maximise(np.ones(2), gaps, None), [MOST, LEAST])


def test_a_margin_is_the_integral_over_the_other_column() -> None:
    margin = mixture().marginal([2, 0])
    points = rows(5)[:, [2, 0]]
    other = WEIGHTS @ np.array(
        [
            stats.multivariate_t(
                MEANS[k][[2, 0]], SCALES[k][np.ix_([2, 0], [2, 0])], DEGREES[k]
            ).pdf(points)
            for k in range(2)
        ]
    )
    np.testing.assert_allclose(margin.log_density(points), np.log(other), rtol=1e-12)


def test_a_conditional_is_the_joint_over_the_margin() -> None:
    whole, known = mixture(), {1: 4.0}
    rest = whole.conditional(known)
    points = rows(6)[:, [0, 2]]
    joint = np.column_stack([points[:, 0], np.full(6, 4.0), points[:, 1]])
    expected = whole.log_density(joint) - whole.marginal([1]).log_density(np.array([[4.0]]))
    np.testing.assert_allclose(rest.log_density(points), expected, rtol=1e-11)


def test_draws_have_the_mean_the_covariance_and_the_tails_they_should() -> None:
    heavy = Mixture(np.ones(1), family(), PARAMETERS.take([0]))
    drawn, _ = heavy.sample(40_000, 3)
    deviations = drawn - MEANS[0]
    distances = np.einsum("ni,ij,nj->n", deviations, np.linalg.inv(SCALES[0]), deviations)
    assert stats.kstest(distances / 3, stats.f(3, DEGREES[0]).cdf).pvalue > 1e-3
    np.testing.assert_allclose(heavy.covariance(), SCALES[0] * 3.5 / 1.5, rtol=1e-12)
    light = Mixture(np.ones(1), family(), PARAMETERS.take([1]))
    np.testing.assert_allclose(np.cov(light.sample(40_000, 3)[0].T), light.covariance(), atol=0.1)


def test_there_is_no_covariance_where_two_degrees_of_freedom_are_not_exceeded() -> None:
    heavy = StudentTParameters(PARAMETERS.gaussian, np.array([1.5, 0.9]))
    found = Mixture(np.array([1.0, 0.0]), family(), heavy)
    assert np.isinf(np.diagonal(found.covariance())).all() or np.isnan(found.covariance()).any()


@pytest.mark.parametrize("given", ["few", 0.0, -1, np.inf, np.nan, [], [1.0, 0.0], True, None])
def test_what_is_no_degree_of_freedom_is_refused(given: object) -> None:
    with pytest.raises(ParameterError, match="degrees_of_freedom should be"):
        Degrees.of(given)
