"""Masses and moments of the normal between bounds, against mpmath in hundreds of digits."""

import numpy as np
import pytest
from mpmath import mp, mpf

from mixtura.components.interval.truncated import FALL, FAR, NARROW, cumulants, truncated

FROM = [-30.0, -6.0, -1.5, -1.0, -0.5, 0.0, 1e-8, 0.3, 1.0, 3.0, 7.9, 8.1, 20.0, 45.0]
WIDTHS = [1e-9, 1e-4, 0.03, 0.5, 1.9, 2.1, 5.0, np.inf]


def known(low, width):
    """Return log mass, mean and variance by differences, with digits enough for these."""
    with mp.workdps(60 + int(low * low / 4)):
        a = mpf(low)
        b = mp.inf if np.isinf(width) else a + mpf(width)
        tails = [0 if mp.isinf(z) else mp.erfc(z / mp.sqrt(2)) / 2 for z in (a, b)]
        edges = [0 if mp.isinf(z) else mp.npdf(z) for z in (a, b)]
        mass = tails[0] - tails[1]
        mean = (edges[0] - edges[1]) / mass
        ends = a * edges[0] - (0 if mp.isinf(b) else b * edges[1])
        return [float(each) for each in (mp.log(mass), mean, 1 + ends / mass - mean**2)]


def found(low, width):
    bounds = np.array([low]), np.array([low + width]), np.array([width])
    return [float(each[0]) for each in truncated(*bounds)]


@pytest.mark.parametrize("low", FROM)
@pytest.mark.parametrize("width", WIDTHS)
def test_they_have_ten_digits_in_tails_and_in_narrow_intervals(low, width):
    log_mass, mean, variance = found(low, width)
    exact = known(low, width)
    assert log_mass == pytest.approx(exact[0], rel=1e-11, abs=1e-11)
    # Where the mean is near 0 its size is that of a deviation.
    assert mean == pytest.approx(exact[1], rel=1e-11, abs=1e-11 * min(1.0, width))
    assert variance == pytest.approx(exact[2], rel=1e-10)


@pytest.mark.parametrize("low", [0.0, 0.7, 5.0, 40.0, 3000.0])
def test_the_ways_meet_where_one_begins(low):
    # The width at which the log density falls by so much, or the widest narrow one.
    border = min(NARROW, 2 * FALL / (low + np.sqrt(low**2 + 2 * FALL)))
    inner, outer = found(low, border * (1 - 1e-12)), found(low, border * (1 + 1e-12))
    np.testing.assert_allclose(inner, outer, rtol=1e-11)


def test_a_narrow_interval_is_its_density_times_its_width():
    for z in (-7.0, 0.0, 1.3, 30.0):
        width = 1e-6
        log_mass, mean, variance = found(z - width / 2, width)
        assert log_mass == pytest.approx(-0.5 * (z**2 + np.log(2 * np.pi)) + np.log(width))
        assert mean == pytest.approx(z, abs=1e-9)
        assert variance == pytest.approx(width**2 / 12, rel=1e-6)


def test_below_zero_is_above_zero_turned_round():
    low, width = np.array([0.2, 2.0, 12.0, 12.0]), np.array([0.1, 3.0, 0.4, np.inf])
    above = truncated(low, low + width, width)
    below = truncated(-(low + width), -low, width)
    np.testing.assert_array_equal(below.log_mass, above.log_mass)
    np.testing.assert_array_equal(below.mean, -above.mean)
    np.testing.assert_array_equal(below.variance, above.variance)


def test_what_is_open_at_both_ends_is_the_normal_itself():
    open_ends = np.array([-np.inf]), np.array([np.inf]), np.array([np.inf])
    assert [each[0] for each in truncated(*open_ends)] == [0.0, 0.0, 1.0]


def test_beyond_a_far_bound_the_mean_is_an_asymptotic_series():
    """E[z - a] = 1/a - 2/a³ + 10/a⁵ - 74/a⁷ + ..., and the variance 1/a² - 6/a⁴ + 50/a⁶ - ..."""
    for a in (30 * FAR, 1e4, 1e7):
        _, mean, variance = found(a, np.inf)
        assert mean - a == pytest.approx(1 / a - 2 / a**3 + 10 / a**5, abs=2e-16 * a)
        assert variance == pytest.approx(1 / a**2 - 6 / a**4 + 50 / a**6, rel=1e-9)


@pytest.mark.parametrize(
    ("low", "width"),
    [(-1.0, 0.5), (0.3, 2.5), (2.0, np.inf), (-0.7, 0.01), (9.0, 1.0), (-3.0, 7.0)],
)
def test_cumulants_are_integrals(low, width):
    with mp.workdps(40):
        top = mp.inf if np.isinf(width) else mpf(low) + mpf(width)
        mass = mp.quad(mp.npdf, [low, top])
        mean = mp.quad(lambda z: z * mp.npdf(z), [low, top]) / mass
        centred = [
            mp.quad(lambda z, power=power: (z - mean) ** power * mp.npdf(z), [low, top]) / mass
            for power in (2, 3, 4)
        ]
        exact = [float(each) for each in (mean, *centred[:2], centred[2] - 3 * centred[0] ** 2)]
    found = cumulants(np.array([low]), np.array([low + width]), np.array([width]))[:, 0]
    # Differences have digits of the variance, not of what is smaller.
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-9 * exact[1])
