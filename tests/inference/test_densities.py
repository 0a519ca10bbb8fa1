"""Regression, regions, divergences and entropies, against numerical integrals."""

import numpy as np
import pytest
from plain import CASES, categorical, gaussian, poisson

from mixtura import GaussianMixture, Mixture
from mixtura.components.gaussian.pairwise import bhattacharyya, kullback_leibler, log_overlap
from mixtura.errors import DataError, ParameterError
from mixtura.inference import (
    entropy,
    entropy_bounds,
    highest_density_region,
    kl_bounds,
    kl_divergence,
    l2_distance,
    regression,
)

pytestmark = pytest.mark.drawn(4)


def column(seed, n_components=2):
    return gaussian("V", n_components, 1, seed=seed).mixture


def integrated(function, low=-40.0, high=50.0, n_points=400_001):
    """Return the integral of a smooth function that vanishes at both ends: trapezia are exact."""
    points = np.linspace(low, high, n_points)
    return float(function(points[:, None]).sum() * (points[1] - points[0]))


def test_regression_is_the_conditional_row_by_row():
    plain = gaussian("VVV", 3, 4, n_rows=20)
    found = regression(plain.mixture, [2, 0], plain.rows[:, [2, 0]])
    assert found.columns == (1, 3)
    for row, mean, covariance in zip(plain.rows, found.means, found.covariances, strict=True):
        one = plain.mixture.conditional({0: row[0], 2: row[2]})
        np.testing.assert_allclose(mean, one.mean(), rtol=1e-10)
        np.testing.assert_allclose(covariance, one.covariance(), rtol=1e-10, atol=1e-12)


def test_regression_on_one_component_is_least_squares():
    plain = gaussian("VVV", 1, 3, n_rows=50)
    rows = plain.rows
    mixture = GaussianMixture(1, prior=None).fit(rows).mixture_
    design = np.column_stack([np.ones(len(rows)), rows[:, :2]])
    coefficients, residual, *_ = np.linalg.lstsq(design, rows[:, 2], rcond=None)
    found = regression(mixture, [0, 1], rows[:, :2])
    np.testing.assert_allclose(found.means[:, 0], design @ coefficients, rtol=1e-9)
    np.testing.assert_allclose(found.covariances[:, 0, 0], residual[0] / len(rows), rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.999])
def test_a_region_holds_its_share_and_nothing_denser_is_outside(seed, level):
    mixture = column(seed, 3)
    found = highest_density_region(mixture, level)
    assert found.error == 0.0
    held = mixture.cdf(found.intervals[:, 1]) - mixture.cdf(found.intervals[:, 0])
    assert held.sum() == pytest.approx(level, abs=1e-9)
    ends = mixture.log_density(found.intervals.reshape(-1, 1))
    np.testing.assert_allclose(ends, found.log_height, atol=1e-8)
    points = np.linspace(-20, 25, 4001)
    inside = (found.intervals[:, 0] <= points[:, None]) & (points[:, None] <= found.intervals[:, 1])
    np.testing.assert_array_equal(inside.any(axis=1), found.contains(points[:, None]))


def test_regions_in_more_columns_hold_their_share_of_other_rows():
    mixture = gaussian("VVV", 3, 2).mixture
    found = highest_density_region(mixture, 0.8, n_samples=20_000, random_state=1)
    rows, _ = mixture.sample(20_000, 2)
    assert found.contains(rows).mean() == pytest.approx(0.8, abs=0.012)
    assert 0 < found.error < 0.05
    assert found.intervals is None
    with pytest.raises(ParameterError, match="level"):
        highest_density_region(mixture, 1.0)


def test_integrals_over_pairs_are_those_of_quadrature():
    one, other = column(0), column(1)
    f = [lambda x, k=k: np.exp(one.component_log_density(x)[:, k]) for k in range(2)]
    g = [lambda x, k=k: np.exp(other.component_log_density(x)[:, k]) for k in range(2)]
    for a, b in np.ndindex(2, 2):
        pair = one.parameters, other.parameters
        overlap = integrated(lambda x, a=a, b=b: f[a](x) * g[b](x))
        assert np.exp(log_overlap(*pair))[a, b] == pytest.approx(overlap, rel=1e-10)
        root = integrated(lambda x, a=a, b=b: np.sqrt(f[a](x) * g[b](x)))
        assert np.exp(-bhattacharyya(*pair))[a, b] == pytest.approx(root, rel=1e-10)

        def term(x, a=a, b=b):
            logs = one.component_log_density(x)[:, a] - other.component_log_density(x)[:, b]
            return f[a](x) * logs

        assert kullback_leibler(*pair)[a, b] == pytest.approx(integrated(term), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_one_columns_divergences_are_within_errors_and_bounds(seed):
    one, other = column(seed, 3), column(seed + 1)

    def term(x):
        logs = one.log_density(x)
        return np.exp(logs) * (logs - other.log_density(x))

    exact = integrated(term)
    found = kl_divergence(one, other, 40_000, random_state=seed)
    assert abs(found.value - exact) < 4.5 * found.error
    assert found.error < 0.2
    bounds = kl_bounds(one, other)
    assert bounds.lower - 1e-9 <= exact <= bounds.upper + 1e-9
    disorder = integrated(lambda x: -np.exp(one.log_density(x)) * one.log_density(x))
    drawn = entropy(one, 40_000, random_state=seed)
    assert abs(drawn.value - disorder) < 4.5 * drawn.error
    limits = entropy_bounds(one)
    assert limits.lower <= disorder <= limits.upper
    assert limits.upper - limits.lower < 1.2
    square = integrated(lambda x: (np.exp(one.log_density(x)) - np.exp(other.log_density(x))) ** 2)
    assert l2_distance(one, other) == pytest.approx(np.sqrt(square), rel=1e-9)


def test_bounds_close_on_one_component_and_on_equals():
    one, other = gaussian("VVV", 1, 3).mixture, gaussian("VVV", 1, 3, seed=1).mixture
    exact = kullback_leibler(one.parameters, other.parameters)[0, 0]
    assert kl_bounds(one, other).upper == pytest.approx(exact)
    three = gaussian("VVV", 3, 2).mixture
    assert kl_bounds(three, three).upper == pytest.approx(0.0, abs=1e-10)
    assert kl_divergence(three, three, 1000, 0).value == 0.0
    assert l2_distance(three, three) == pytest.approx(0.0, abs=1e-7)


def test_bounds_close_on_components_far_apart():
    plain = gaussian("VVV", 2, 3)
    kind = type(plain.mixture.parameters)
    far = kind(np.array([[0.0, 0, 0], [1e4, 0, 0]]), plain.mixture.parameters.covariance)
    near = kind(far.means + 0.5, plain.mixture.parameters.covariance)
    one = Mixture(plain.mixture.weights, plain.mixture.family, far)
    other = Mixture(plain.mixture.weights[::-1].copy(), plain.mixture.family, near)
    bounds = kl_bounds(one, other)
    drawn = kl_divergence(one, other, 50_000, 0)
    assert abs(bounds.upper - drawn.value) < 4.5 * drawn.error
    own = entropy_bounds(one)
    assert own.upper - own.lower < 1e-9


def test_drawing_serves_every_family():
    for name in ("multinomial", "categorical", "poisson", "mixed", "noise"):
        mixture = CASES[name]().mixture
        assert kl_divergence(mixture, mixture, 50, 0).value == 0.0
        assert np.isfinite(entropy(mixture, 50, 0).value)
    levels = categorical().mixture
    codes = np.array(np.meshgrid([0, 1], [0, 1, 2], [0])).reshape(3, -1).T
    logs = levels.log_density(codes)
    drawn = entropy(levels, 50_000, 0)
    assert abs(drawn.value + (np.exp(logs) * logs).sum()) < 4.5 * drawn.error


def test_what_cannot_be_compared_is_refused():
    one = gaussian("VVV").mixture
    with pytest.raises(ParameterError, match="3 and 2 columns"):
        kl_divergence(one, gaussian("VVV", 3, 2).mixture)
    with pytest.raises(ParameterError, match="Gaussian"):
        l2_distance(poisson().mixture, poisson().mixture)
    with pytest.raises(ParameterError, match="Gaussian"):
        regression(poisson().mixture, [0], [[1.0]])
    with pytest.raises(DataError, match="finite"):
        regression(one, [0], [[np.nan]])
    with pytest.raises(ParameterError, match="be left"):
        regression(one, [0, 1, 2], [[1.0, 1.0, 1.0]])
