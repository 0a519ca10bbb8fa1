"""Von Mises components on circles, and Bessel functions against mpmath."""

import numpy as np
import pytest
from mpmath import mp, mpf

import mixtura
from mixtura import DataError, GaussianMixture, MixedMixture, ParameterError, VonMisesMixture
from mixtura.components.concentrations import (
    LARGEST_CONCENTRATION,
    concentrations_of,
    log_heights,
    resultants,
    variances,
)
from mixtura.components.von_mises import Directions, VonMisesFamily

pytestmark = pytest.mark.drawn(3, among="file")

CONCENTRATIONS = [1e-12, 1e-4, 0.3, 1.0, 1.2, 7.0, 80.0, 299.0, 301.0, 1e4, 1e8]


@pytest.mark.parametrize("k", CONCENTRATIONS)
def test_bessel_functions_keep_their_digits_from_nothing_to_the_largest(k):
    with mp.workdps(50):
        exact = mpf(k)
        zeroth = mp.besseli(0, exact)
        share = mp.besseli(1, exact) / zeroth
        known = [share, 1 - share, 1 - share / exact - share**2, mp.log(zeroth) - exact]
        share, gap, slope, height = map(float, known)
    ours = [float(each) for each in (*resultants(np.array(k)), log_heights(np.array(k)))]
    np.testing.assert_allclose(ours[:2], [share, gap], rtol=1e-12)
    assert ours[2] == pytest.approx(slope, rel=1e-10)
    assert ours[3] == pytest.approx(height, rel=1e-13, abs=1e-15)
    back = float(concentrations_of(np.array([share]), np.array([gap]))[0])
    assert back == pytest.approx(k, rel=1e-12)


@pytest.mark.parametrize("k", [0.0, 0.5, 3.0, 50.0, 1e6])
def test_variances_are_integrals(k):
    with mp.workdps(30):
        reach = mp.pi if k < 100 else 12 / mp.sqrt(k)

        def height(t):
            return mp.exp(-2 * k * mp.sin(t / 2) ** 2)

        exact = mp.quad(lambda t: t * t * height(t), [-reach, 0, reach])
        exact /= mp.quad(height, [-reach, 0, reach])
    assert float(variances(np.array([k]))[0]) == pytest.approx(float(exact), rel=1e-12)


def hours(seed=0, n=3000):
    rng = np.random.default_rng(seed)
    night = rng.random(n) < 0.4
    turned = np.where(night, rng.vonmises(0.0, 8.0, n), rng.vonmises(3.4, 4.0, n))
    return np.mod(turned * 12 / np.pi, 24)[:, None]


def test_hours_around_midnight_are_one_component():
    rows = hours()
    model = VonMisesMixture("auto", period=24, random_state=0).fit(rows)
    assert model.mixture_.n_components == 2
    near = np.minimum(model.means_, 24 - model.means_)[:, 0]
    assert near.min() < 0.2
    assert model.predict([[23.5]]) == model.predict([[0.5]])
    assert GaussianMixture("auto", random_state=0).fit(rows).mixture_.n_components > 2


def test_a_turn_and_a_period_are_no_matter():
    rows = hours(1)
    fits = [
        VonMisesMixture(2, period=24, random_state=0).fit(rows),
        VonMisesMixture(2, period=24, random_state=0).fit(np.mod(rows + 7, 24)),
        VonMisesMixture(2, period=24, random_state=0).fit(rows - 48),
        VonMisesMixture(2, period=360, random_state=0).fit(rows * 15),
    ]
    first = fits[0].log_likelihood_
    assert fits[1].log_likelihood_ == pytest.approx(first, abs=2e-3)
    assert fits[2].log_likelihood_ == pytest.approx(first, abs=2e-3)
    assert fits[3].log_likelihood_ == pytest.approx(first - len(rows) * np.log(15), abs=2e-3)
    np.testing.assert_allclose(fits[3].concentrations_, fits[0].concentrations_, rtol=1e-3)


def test_of_large_concentrations_it_is_a_normal():
    rng = np.random.default_rng(2)
    rows = np.concatenate([rng.normal(1, 1e-3, (500, 1)), rng.normal(1.02, 2e-3, (700, 1))])
    found = VonMisesMixture(2, random_state=0).fit(rows)
    normal = GaussianMixture(2, random_state=0).fit(rows)
    np.testing.assert_allclose(found.means_, normal.means_, atol=1e-4)
    assert found.log_likelihood_ == pytest.approx(normal.log_likelihood_, abs=0.5)
    widths = 1 / np.sqrt(found.concentrations_)
    np.testing.assert_allclose(widths[:, 0], np.sqrt(normal.covariances_[:, 0, 0]), rtol=0.01)


def test_densities_integrate_to_one_over_a_period():
    family = VonMisesFamily(1, period=24.0)
    points = np.linspace(0, 24, 20_001)[:-1, None]
    for k in (0.0, 1.0, 300.0, 1e5):
        own = Directions(np.array([[23.9]]), np.array([[k]]))
        density = np.exp(family.row_log_density(points, own))
        assert density.sum() * 24 / 20_000 == pytest.approx(1.0, rel=1e-10)


def test_no_component_is_narrower_than_whole_hours():
    rng = np.random.default_rng(3)
    rows = rng.choice([3.0, 9.0, 10.0, 20.0], 400)[:, None]
    with pytest.warns(match="determine a concentration"):
        model = VonMisesMixture(4, period=24, random_state=0).fit(rows)
    assert model.concentrations_.max() < 12 / (2 * np.pi / 24) ** 2 * 1.02


def test_missing_cells_noise_and_files(tmp_path):
    rows = np.hstack([hours(4), hours(5)])
    gappy = np.where(np.random.default_rng(0).random(rows.shape) < 0.1, np.nan, rows)
    model = VonMisesMixture(2, period=24, missing="marginal", random_state=0).fit(gappy)
    model.save(tmp_path / "model.mixtura")
    same = mixtura.load(tmp_path / "model.mixtura")
    assert same.period == 24
    np.testing.assert_array_equal(same.predict_proba(gappy), model.predict_proba(gappy))
    noisy = VonMisesMixture(1, period=24, noise="uniform", random_state=0).fit(hours(6))
    even = noisy.mixture_.family.background.log_density(np.array([[3.0], [19.0]]))
    np.testing.assert_allclose(even, -np.log(24))
    assert "the circle" in str(noisy.summary())


def test_angles_stand_beside_other_columns():
    rng = np.random.default_rng(7)
    turned = hours(7) * np.pi / 12
    rows = np.hstack([turned, rng.normal(size=turned.shape)])
    model = MixedMixture(2, {"von_mises": [0], "gaussian": [1]}, random_state=0).fit(rows)
    assert model.n_parameters_ == 1 + 2 * 2 + 2 * 2


def test_more_rows_are_taken_in():
    rows = hours(8)
    model = VonMisesMixture(2, period=24, random_state=0).fit(rows[:2000])
    model.partial_fit(rows[2000:])
    whole = VonMisesMixture(2, period=24, random_state=0).fit(rows)
    ours, all_at_once = np.sort(model.concentrations_, 0), np.sort(whole.concentrations_, 0)
    np.testing.assert_allclose(ours, all_at_once, rtol=0.05)


@pytest.mark.parametrize("period", [0, -1, np.nan, "day", True, np.inf])
def test_what_is_no_period_is_refused(period):
    with pytest.raises(ParameterError, match="period should be a number above 0"):
        VonMisesMixture(2, period=period).fit(hours())


def test_of_one_value_there_is_no_width():
    with pytest.raises(DataError, match="one value"):
        VonMisesMixture(period=24).fit(np.full((9, 1), 3.0))


def test_rows_that_are_even_have_no_concentration():
    model = VonMisesMixture(period=4).fit(np.arange(400.0)[:, None])
    assert model.concentrations_[0, 0] < 1e-7
    assert model.log_likelihood_ == pytest.approx(-400 * np.log(4))


def test_the_largest_concentration_is_reached_where_rows_are_equal_but_for_it():
    angles = np.array([1.0, 1.0 + 1e-7, 1.0 - 1e-7, 2.0])[:, None]
    family = VonMisesFamily(1)
    features = np.ones((family.width(), 3))
    family.fill(angles[:3], features)
    found = family.estimate(features.sum(axis=1)[None], None)
    assert found.concentrations[0, 0] == pytest.approx(LARGEST_CONCENTRATION)
