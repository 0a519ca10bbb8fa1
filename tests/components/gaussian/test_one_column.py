"""Mixtures of one column: distribution function and quantiles, against mpmath."""

import mpmath
import numpy as np
import pytest
from plain import gaussian, noisy

from mixtura import Mixture
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.one_column import OneColumn
from mixtura.components.gaussian.structures import structure
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(2)

LEVELS = np.array([1e-250, 1e-12, 0.01, 0.3, 0.5, 0.9, 0.999999, 1 - 1e-12])


def column(seed, n_components=3):
    return gaussian("V", n_components, 1, seed=seed).mixture


@pytest.mark.parametrize("seed", range(4))
def test_the_distribution_function_is_the_integral_of_the_density(seed):
    mixture = column(seed)
    points = mixture.quantile([0.01, 0.3, 0.8])
    with mpmath.workdps(30):

        def density(x):
            return sum(
                mpmath.npdf(x, mean, sigma) * weight
                for weight, mean, sigma in zip(
                    mixture.weights.tolist(),
                    mixture.parameters.means[:, 0].tolist(),
                    (1 / mixture.parameters.covariance.factors).tolist(),
                    strict=True,
                )
            )

        for point, found in zip(points, mixture.cdf(points), strict=True):
            expected = mpmath.quad(density, [-60, -10, 0, 3, float(point)])
            assert found == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_quantiles_are_where_the_distribution_function_has_their_level(seed):
    mixture = column(seed)
    points = mixture.quantile(LEVELS)
    np.testing.assert_allclose(mixture.cdf(points), LEVELS, rtol=1e-12)
    assert (np.diff(points) > 0).all()


def test_quantiles_of_far_apart_components_stand_in_the_gap():
    family = GaussianFamily.in_own_units(structure("V"), 1)
    plain = gaussian("V", 2, 1).mixture.parameters
    parameters = type(plain)(
        np.array([[0.0], [1e6]]), type(plain.covariance)(np.array([1e3, 1e-3]), 1)
    )
    mixture = Mixture(np.array([0.25, 0.75]), family, parameters)
    points = mixture.quantile([0.25 - 1e-9, 0.25 + 1e-9, 0.6])
    np.testing.assert_allclose(mixture.cdf(points), [0.25 - 1e-9, 0.25 + 1e-9, 0.6], rtol=1e-12)
    assert mixture.quantile(0.0) == -np.inf
    assert mixture.quantile(1.0) == np.inf
    assert mixture.quantile([[0.1, 0.2]]).shape == (1, 2)


@pytest.mark.parametrize("seed", range(20))
def test_turning_points_are_all_there(seed):
    rng = np.random.default_rng(seed)
    found = OneColumn(rng.dirichlet(np.ones(4)), rng.normal(0, 3, 4), np.exp(rng.normal(-1, 1, 4)))
    turns = found.turning_points()
    assert len(turns) % 2 == 1
    grid = np.linspace(found.means.min() - 1, found.means.max() + 1, 400_001)
    heights = found.density(grid)
    inner = heights[1:-1]
    modes = grid[1:-1][(inner > heights[:-2]) & (inner >= heights[2:])]
    np.testing.assert_allclose(turns[::2], modes, atol=1e-4)
    np.testing.assert_allclose(found.slope(turns), 0.0, atol=1e-9)


def test_it_is_for_one_column_of_gaussians():
    with pytest.raises(ParameterError, match="one column"):
        gaussian("VVV").mixture.cdf(0.0)
    with pytest.raises(ParameterError, match="without noise"):
        noisy(gaussian("VVV")).mixture.marginal([0]).cdf(0.0)
    with pytest.raises(ParameterError, match="between 0 and 1"):
        column(0).quantile(1.5)
