"""The compiled sweep against numpy's sums, and its exponential and logarithm against mpmath."""

from ctypes import byref

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from mixtura.native.library import kernels
from mixtura.native.runs import Rows, address

SIZES = (*range(1, 41), 255, 256, 257, 300, 512, 1000)
COMPONENTS = (*range(1, 10), 20)
# Features of spherical, diagonal and full maps of 1 to 6 columns, and of the widest.
FEATURES = sorted({2 * d + 1 for d in range(1, 7)} | {(d + 1) * (d + 2) // 2 for d in range(1, 7)})


def swept(features, theta, weights=None):
    """Return sums (K, P), squared (K,) and both values of one compiled sweep."""
    n_features, n_rows = features.shape
    sums, squared, values = np.full(theta.shape, np.nan), np.full(len(theta), np.nan), np.empty(2)
    room = np.full(kernels().mx_sweep_workspace(len(theta), n_features), np.nan)
    stride = features.strides[0] // features.itemsize
    told = Rows(
        address(features),
        None if weights is None else address(weights),
        n_rows,
        stride,
        n_features,
    )
    arrays = (np.ascontiguousarray(theta), sums, squared, values, room)
    kernels().mx_sweep(byref(told), len(theta), *map(address, arrays))
    return sums, squared, values


def plain(features, theta, weights=None):
    """Return the same by numpy, and how much is added up in each."""
    mass = np.ones(features.shape[1]) if weights is None else weights
    densities = theta @ features
    total = logsumexp(densities, axis=0)
    shares = np.exp(densities - total)
    held = shares * mass
    sums, squared = held @ features.T, (held * shares).sum(axis=1)
    values = np.array([mass @ total, mass @ np.log(shares.max(axis=0))])
    sizes = (
        held @ np.abs(features.T),
        squared + 1e-300,
        np.array([mass @ np.abs(total), mass @ (1 + np.abs(np.log(shares.max(axis=0))))]),
    )
    return (sums, squared, values), sizes


def assert_agrees(features, theta, weights=None, digits=1e-12):
    found = swept(features, theta, weights)
    expected, sizes = plain(features, theta, weights)
    for one, other, size in zip(found, expected, sizes, strict=True):
        assert np.isfinite(one).all()
        # The exponential is zero below -708.
        assert (np.abs(one - other) <= digits * size + 1e-300).all()


def problem(n_rows, n_components, n_features, seed=0, scale=1.0):
    rng = np.random.default_rng([seed, n_rows, n_components, n_features])
    features = rng.standard_normal((n_features, n_rows))
    theta = scale * rng.standard_normal((n_components, n_features))
    return features, theta, rng.uniform(0.1, 3.0, n_rows)


@pytest.mark.parametrize("n_rows", SIZES)
def test_any_number_of_rows_is_swept_once(n_rows):
    for n_components in (1, 2, 3, 4, 5, 9, 20):
        features, theta, weights = problem(n_rows, n_components, 6)
        assert_agrees(features, theta)
        assert_agrees(features, theta, weights)


@pytest.mark.parametrize("n_features", FEATURES)
def test_any_number_of_components_and_features_is_summed(n_features):
    for n_components in COMPONENTS:
        for n_rows in (7, 261):
            features, theta, weights = problem(n_rows, n_components, n_features)
            assert_agrees(features, theta)
            assert_agrees(features, theta, weights)


def test_the_widest_map_and_the_most_components_fit_the_room():
    features, theta, weights = problem(300, 128, 17 * 18 // 2, scale=0.2)
    assert_agrees(features, theta, weights)


def test_features_may_be_the_first_of_more():
    features, theta, weights = problem(77, 3, 10)
    assert_agrees(features[:6], theta[:, :6], weights)


def test_features_of_a_part_of_the_rows_are_told_by_their_stride():
    features, theta, weights = problem(90, 3, 5)
    part = features[:, 10:70]
    assert_agrees(part, theta, weights[10:70])


@pytest.mark.parametrize("difference", [40.0, 745.0, 1e4, 1e6])
@pytest.mark.parametrize("level", [0.0, -1e6, 1e6])
def test_log_densities_far_apart_leave_no_nan(difference, level):
    rng = np.random.default_rng(3)
    features = np.vstack([rng.standard_normal((2, 100)), np.ones(100)])
    for n_components in (1, 2, 5):
        theta = rng.standard_normal((n_components, 3))
        theta[:, 2] = level - difference * np.arange(n_components)
        found = swept(features, theta)
        # Rows that hold two large terms lose digits of their log-likelihood to them.
        assert_agrees(features, theta, digits=1e-12 * max(1.0, abs(level) / 1e3))
        assert found[0][0, 2] > 0


def test_a_row_of_weight_nothing_adds_nothing():
    features, theta, weights = problem(50, 4, 6)
    weights[::3] = 0
    kept = weights > 0
    whole = swept(features, theta, weights)
    alone = swept(np.ascontiguousarray(features[:, kept]), theta, weights[kept])
    for one, other in zip(whole, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@given(
    n_rows=st.integers(1, 600),
    n_components=st.integers(1, 12),
    n_features=st.integers(1, 30),
    scale=st.floats(0.01, 30.0),
    seed=st.integers(0, 2**32),
)
def test_sums_are_those_of_numpy(n_rows, n_components, n_features, scale, seed):
    features, theta, weights = problem(n_rows, n_components, n_features, seed, scale)
    assert_agrees(features, theta, weights, digits=1e-12 * max(1.0, scale))


def test_equal_weights_of_two_are_rows_twice():
    features, theta, _ = problem(130, 3, 6)
    twice = swept(np.ascontiguousarray(np.repeat(features, 2, axis=1)), theta)
    weighted = swept(features, theta, np.full(130, 2.0))
    for one, other in zip(twice, weighted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-12)


def ulps(found, exact):
    """Return how many units in the last place numbers are off."""
    nearest = np.array([float(each) for each in exact])
    off = [float(mpmath.mpf(float(a)) - b) for a, b in zip(found, exact, strict=True)]
    return np.abs(off) / np.spacing(np.abs(nearest))


def exponentials(points):
    """Return e^x / (1 + e^x), the second of two shares; below -37 that is e^x to the last digit."""
    theta = np.array([[0.0, 0.0], [1.0, 0.0]])
    return np.array([swept(np.array([[point], [1.0]]), theta)[0][1, 1] for point in points])


def test_the_exponential_is_within_two_units_of_the_last_place():
    rng = np.random.default_rng(0)
    halves = np.log(2) * np.arange(108, 2040) / 2
    points = -np.concatenate([rng.uniform(37.5, 708, 3000), halves])
    with mpmath.workprec(200):
        exact = [mpmath.exp(mpmath.mpf(float(point))) for point in points]
        assert ulps(exponentials(points), exact).max() <= 2


def test_shares_of_two_are_within_three_units_of_the_last_place():
    rng = np.random.default_rng(1)
    tiny = 10.0 ** rng.uniform(-300, 0, 300)
    halves = np.log(2) * np.arange(1, 108) / 2
    points = -np.concatenate([rng.uniform(0, 1, 1000), rng.uniform(0, 38, 1000), tiny, halves])
    with mpmath.workprec(200):
        exact = [1 / (1 + mpmath.exp(-mpmath.mpf(float(point)))) for point in points]
        assert ulps(exponentials(points), exact).max() <= 3


def test_the_exponential_is_zero_where_it_is_next_to_nothing():
    found = exponentials(np.array([-707.9, -708.1, -745.0, -1e4, -1e300]))
    assert found[0] == pytest.approx(np.exp(-707.9), rel=1e-12)
    assert (found[1:] == 0).all()


def test_the_logarithm_is_within_two_units_of_the_last_place():
    # K equal densities of zero: log K, and with weights of powers of two nothing else is rounded.
    with mpmath.workprec(200):
        for n_components in range(2, 129):
            _, _, values = swept(np.array([[1.0]]), np.zeros((n_components, 1)))
            assert ulps(values[:1], [mpmath.log(n_components)])[0] <= 2
            assert ulps(-values[1:], [mpmath.log(n_components)])[0] <= 2
