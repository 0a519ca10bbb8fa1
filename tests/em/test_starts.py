"""Starts are a function of the distinct rows, their weights and the seed, and none is empty."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nightly import first
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from mixtura import GaussianMixture
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions
from mixtura.em.kmeans import seeded_labels
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_labels, model_from_responsibilities
from mixtura.em.starts import StartOptions, short_runs
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]

STRUCTURES = ("full", "tied", "diag", "spherical")


def clusters(n_rows: int, seed: int = 0) -> Float:
    rng = np.random.default_rng(seed)
    centres = 3.0 * rng.normal(size=(4, 3))
    return centres[rng.integers(4, size=n_rows)] + rng.normal(size=(n_rows, 3))


def family_for(rows: Float, name: str = "full") -> GaussianFamily:
    return GaussianFamily.of(structure(name), *column_moments(ArrayRows(rows)))


def sweep_of(family: GaussianFamily, rows: Float, weights: Float | None = None) -> Sweep:
    return Sweep(family, ArrayRows(rows, weights), Serial())


PRIORS = "weak", "rescue"


def options_for(sweep: Sweep, n_components: int) -> FitOptions:
    weak, rescue = (sweep.family.prior(name, sweep.shared, n_components) for name in PRIORS)
    return FitOptions(GainLeft(), max_iter=100, prior=weak, fallback=rescue)


def starts_of(
    family: GaussianFamily,
    rows: Float,
    weights: Float | None = None,
    *,
    n_components: int = 4,
    seed: int = 0,
    finish: int = 3,
) -> list[Model]:
    sweep = sweep_of(family, rows, weights)
    # The prior of the whole data would differ in its last bits.
    options = options_for(sweep_of(family, clusters(50)), n_components)
    return short_runs(sweep, n_components, options, StartOptions(seed, finish=finish))[0]


def assert_same_bits(found: list[Model], expected: list[Model]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one.log_weights, other.log_weights)
        assert_array_equal(one.parameters.means, other.parameters.means)
        assert_array_equal(one.parameters.covariance.factors, other.parameters.covariance.factors)


def differ(found: list[Model], expected: list[Model]) -> bool:
    return not np.array_equal(found[0].parameters.means, expected[0].parameters.means)


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("n_rows", [200, 6000])
def test_the_order_of_rows_does_not_matter(n_rows: int, name: str) -> None:
    rows = clusters(n_rows)
    weights = np.random.default_rng(1).integers(1, 4, size=n_rows).astype(float)
    order = np.random.default_rng(2).permutation(n_rows)
    family = family_for(rows, name)
    assert_same_bits(
        starts_of(family, rows, weights), starts_of(family, rows[order], weights[order])
    )


@pytest.mark.parametrize("n_rows", [200, 6000])
def test_a_row_of_weight_two_and_the_row_twice_give_one_start(n_rows: int) -> None:
    rows = clusters(n_rows)
    times = np.random.default_rng(1).integers(1, 4, size=n_rows)
    family = family_for(rows)
    weighted = starts_of(family, rows, times.astype(float))
    repeated = starts_of(family, np.repeat(rows, times, axis=0))
    assert_same_bits(weighted, repeated)


def test_rows_of_weight_zero_do_not_matter() -> None:
    rows = clusters(6000)
    weights = np.where(np.arange(6000) % 3 == 0, 0.0, 2.0)
    family = family_for(rows)
    assert_same_bits(
        starts_of(family, rows, weights),
        starts_of(family, rows[weights > 0], weights[weights > 0]),
    )


def test_another_seed_gives_other_starts_and_the_same_seed_the_same() -> None:
    rows = clusters(6000)
    family = family_for(rows)
    first = starts_of(family, rows, seed=1)
    assert_same_bits(starts_of(family, rows, seed=1), first)
    assert differ(starts_of(family, rows, seed=2), first)


def test_weights_matter() -> None:
    rows = clusters(6000)
    family = family_for(rows)
    weights = np.where(rows[:, 0] > np.median(rows[:, 0]), 20.0, 1.0)
    assert differ(starts_of(family, rows, weights), starts_of(family, rows))


@pytest.mark.parametrize("name", STRUCTURES)
def test_fits_do_not_depend_on_the_order_or_the_repetition_of_rows(name: str) -> None:
    rows = clusters(3000)
    times = np.random.default_rng(1).integers(1, 4, size=3000)
    order = np.random.default_rng(2).permutation(3000)
    # Extrapolations magnify the last digits, within what the stopping rule leaves open.
    mixture = GaussianMixture(4, covariance_type=name, random_state=5, algorithm="em")
    weighted = mixture.fit(rows, sample_weight=times).mixture_.log_density(rows)
    shuffled = mixture.fit(rows[order], sample_weight=times[order]).mixture_.log_density(rows)
    repeated = mixture.fit(np.repeat(rows, times, axis=0)).mixture_.log_density(rows)
    assert_allclose(shuffled, weighted, rtol=1e-7)
    assert_allclose(repeated, weighted, rtol=1e-7)
    mixture.set_params(algorithm="squarem")
    extrapolating = mixture.fit(rows, sample_weight=times)
    objective = extrapolating.history_.objective[-1]
    again = mixture.fit(np.repeat(rows, times, axis=0)).history_.objective[-1]
    assert again == pytest.approx(objective, abs=2e-3)


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("n_components", [1, 4, 9, 30])
def test_no_component_of_a_start_is_empty(n_components: int, name: str) -> None:
    rows = clusters(300)
    family = family_for(rows, name)
    for model in starts_of(family, rows, n_components=n_components, finish=1):
        assert model.n_components == n_components
        assert np.exp(model.log_weights).sum() == pytest.approx(1.0)
        assert np.exp(model.log_weights).min() * 300 > 0.05
        assert np.isfinite(model.parameters.means).all()
        supported = np.exp(model.log_weights) * 300 > 5
        assert (model.parameters.covariance.log_determinant()[supported] < 50).all()


@given(
    n_points=st.integers(1, 60),
    n_components=st.integers(1, 60),
    n_columns=st.integers(1, 4),
    seed=st.integers(0, 2**32),
)
def test_every_seed_has_points_while_there_are_as_many_distinct_points(
    n_points: int, n_components: int, n_columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    grid = np.arange(7.0**n_columns)
    places = rng.choice(grid, size=min(n_points, len(grid)), replace=False)
    points = np.column_stack([places // 7**j % 7 for j in range(n_columns)])
    weights = rng.uniform(0.1, 5.0, size=len(points))
    labels = seeded_labels(points, weights, n_components, rng)
    sizes = np.bincount(labels, minlength=n_components)
    assert (sizes > 0).sum() == min(n_components, len(points))


@pytest.mark.parametrize("seed", range(20))
def test_clusters_far_apart_get_a_seed_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = rng.integers(6, size=400)
    points = 1e4 * np.eye(6)[true] + rng.normal(size=(400, 6))
    labels = seeded_labels(points, None, 6, rng)
    assert len({*zip(true.tolist(), labels.tolist(), strict=True)}) == 6


def test_points_of_no_weight_are_no_seeds() -> None:
    points = np.array([[0.0], [1.0], [1e6]])
    for seed in range(50):
        rng = np.random.default_rng(seed)
        labels = seeded_labels(points, np.array([1.0, 1.0, 0.0]), 2, rng)
        assert labels[0] != labels[1]


def test_labels_that_leave_a_component_out_give_it_a_share_of_every_row() -> None:
    rows = clusters(100)
    sweep = sweep_of(family_for(rows), rows)
    labels = np.where(rows[:, 0] > 0, 2, 0)
    model = model_from_labels(sweep, labels, 4, options_for(sweep, 4))
    weights = np.exp(model.log_weights)
    assert_allclose(weights[[1, 3]], 0.001 / 1.004, rtol=1e-9)
    assert_allclose(
        sweep.family.frame.leave(model.parameters.means)[1], rows.mean(axis=0), atol=1e-12
    )


def test_starts_come_best_first_and_as_many_as_asked_for() -> None:
    rows = clusters(1000)
    sweep = sweep_of(family_for(rows), rows)
    options = options_for(sweep, 6)
    models, sample = short_runs(sweep, 6, options, StartOptions(3, short=8, finish=5))
    likelihoods = [statistics.log_likelihood for statistics in sample(models)]
    assert len(models) == 5
    assert np.ptp(likelihoods) > 0.1
    # A short run ends one M-step after its last measurement, so neighbours may change places.
    assert likelihoods[0] > likelihoods[-1]


def test_short_runs_look_at_a_subsample_whatever_the_number_of_rows() -> None:
    rows = clusters(9000)
    sweep = sweep_of(family_for(rows), rows)
    options = options_for(sweep, 4)
    _, sample = short_runs(sweep, 4, options, StartOptions(0, rows_per_component=600))
    assert sample.source.n_rows == 2400
    assert sample.total_weight == pytest.approx(9000)


def test_more_starts_never_end_lower() -> None:
    rows = clusters(200, seed=9)
    found = [
        GaussianMixture(5, n_init=n_init, random_state=2).fit(rows).history_[-1].objective
        for n_init in (1, 8)
    ]
    assert found[1] >= found[0] - 2e-3


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("offset", [0.0, 2.0**13, 2.0**22, 2.0**27, 2.0**35])
def test_a_start_from_responsibilities_is_exact_far_from_the_origin(
    offset: float, name: str
) -> None:
    rng = np.random.default_rng(4)
    widths = np.round(256 * rng.normal(size=(200, 2))) / 256
    rows = widths + offset * np.repeat([[1.0], [-1.0]], 100, axis=0)
    hard = np.repeat(np.eye(2), 100, axis=0)
    sweep = sweep_of(family_for(rows, name), rows)
    options = FitOptions(GainLeft(), 100, prior=sweep.family.prior(None, sweep.shared, 2))
    model = model_from_responsibilities(sweep, hard, options)
    covariances = model.parameters.covariance.scaled(sweep.family.frame.scale).dense()
    expected = np.array([np.cov(part.T, bias=True) for part in (widths[:100], widths[100:])])
    if name == "tied":
        expected[:] = expected.mean(axis=0)
    if name in ("diag", "spherical"):
        expected *= np.eye(2)
    # Deviations from a mean are right to half a unit in its last place.
    rounding = 1e-10 + 2.0**-52 * offset
    if name == "spherical":
        expected = np.trace(expected, axis1=1, axis2=2)[:, None, None] / 2 * np.eye(2)
    assert_allclose(covariances, expected, rtol=1e-8, atol=rounding)
    means = sweep.family.frame.leave(model.parameters.means)
    assert_allclose(means, [rows[:100].mean(axis=0), rows[100:].mean(axis=0)], rtol=1e-14)


@pytest.mark.parametrize("settings", [{"prior": None}, {"reg_covar": 1e-6}])
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("exponent", first(1, [30, 25, 27]))
def test_clusters_are_found_however_many_widths_apart(
    exponent: int, code: str, settings: dict[str, Any]
) -> None:
    rng = np.random.default_rng(0)
    near = np.round(256 * rng.normal(size=(200, 2))) / 256
    sides = np.repeat([[1.0], [-1.0]], 100, axis=0)
    mixture = GaussianMixture(2, covariance_type=code, random_state=0, **settings)
    expected = mixture.fit(near + 2.0**10 * sides).log_likelihood_
    far = near + 2.0**exponent * sides
    assert mixture.fit(far).log_likelihood_ == pytest.approx(expected, abs=1e-3)
    assert mixture.predict(far).tolist() in ([0] * 100 + [1] * 100, [1] * 100 + [0] * 100)


@pytest.mark.parametrize("name", STRUCTURES)
def test_starts_of_many_columns_are_found(name: str) -> None:
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(500, 110)) + np.repeat([[0.0], [3.0]], 250, axis=0)
    labels = GaussianMixture(2, covariance_type=name, random_state=0).fit_predict(rows)
    assert len(set(labels[:250])) == len(set(labels[250:])) == 1
    assert labels[0] != labels[-1]


@pytest.mark.parametrize("name", STRUCTURES)
def test_equal_rows_beyond_the_number_of_components_are_no_trouble(name: str) -> None:
    rows = np.repeat(clusters(5), [30, 1, 20, 7, 2], axis=0)
    found = GaussianMixture(5, covariance_type=name, random_state=0).fit(rows)
    assert np.isfinite(found.log_likelihood_)
    assert np.isfinite(found.means_).all()
    if name != "spherical":
        # One width for all columns is no finer than the coarsest of them.
        assert_allclose(np.sort(found.weights_), np.array([1, 2, 7, 20, 30]) / 60, rtol=1e-6)
