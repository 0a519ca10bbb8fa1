"""Noise takes the rows that no Gaussian component explains."""

import numpy as np
import pytest

from mixtura import GaussianMixture, ParameterError, load
from mixtura.components.background import one_pass
from mixtura.components.gaussian.box import Box, smallest_box

pytestmark = pytest.mark.drawn(4)

RNG = np.random.default_rng(5)
CLUSTERS = np.concatenate([RNG.standard_normal((200, 2)), RNG.normal([9, 2], 1, (200, 2))])
SCATTERED = RNG.uniform(-40, 40, (60, 2))
ROWS = np.concatenate([CLUSTERS, SCATTERED])


@pytest.fixture(scope="module")
def noisy():
    return GaussianMixture(2, noise="uniform", random_state=0).fit(ROWS)


def test_scattered_rows_are_called_minus_one(noisy):
    labels = noisy.predict(ROWS)
    far = np.abs(SCATTERED).max(axis=1) > 15
    assert (labels[400:][far] == -1).all()
    assert (labels[:400] == -1).mean() < 0.05
    assert noisy.weights_[-1] == pytest.approx(60 / 460, abs=0.03)
    assert len(noisy.weights_) == 3
    assert noisy.means_.shape == (2, 2)


def test_the_log_density_is_that_of_components_and_a_constant(noisy):
    volume = np.exp(smallest_box(one_pass(ROWS)).log_volume)
    gaussians = [
        weight
        * np.exp(-0.5 * np.einsum("nd,de,ne->n", ROWS - mean, np.linalg.inv(cov), ROWS - mean))
        / np.sqrt(np.linalg.det(2 * np.pi * cov))
        for weight, mean, cov in zip(noisy.weights_, noisy.means_, noisy.covariances_, strict=False)
    ]
    expected = np.log(sum(gaussians) + noisy.weights_[-1] / volume)
    np.testing.assert_allclose(noisy.score_samples(ROWS), expected, rtol=1e-10)


@pytest.mark.parametrize("covariance_type", ["spherical", "tied", "diag", "EII", "EEI", "VVE"])
def test_the_likelihood_rises_and_the_bound_stays_below_it(covariance_type):
    model = GaussianMixture(
        2, covariance_type=covariance_type, noise="uniform", random_state=0
    ).fit(ROWS)
    objective = np.array(model.history_.objective)
    assert (np.diff(objective) >= -1e-8).all()
    assert min(model.history_.gap) >= -1e-8
    total = model.score_samples(ROWS).sum()
    assert model.log_likelihood_ == pytest.approx(total, rel=1e-10)


def test_a_given_volume_replaces_the_box():
    model = GaussianMixture(2, noise="uniform", noise_volume=1e9, random_state=0).fit(ROWS)
    assert model.mixture_.family.background.log_constant == pytest.approx(-np.log(1e9))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"noise": "normal"}, "uniform"),
        ({"noise": "uniform", "noise_volume": 0}, "above 0"),
        ({"noise_volume": 5.0}, "without noise"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting, said):
    with pytest.raises(ParameterError, match=said):
        GaussianMixture(2, **setting).fit(ROWS)


def test_a_model_file_keeps_the_noise(noisy, tmp_path):
    noisy.save(tmp_path / "noisy")
    mixture = load(tmp_path / "noisy").mixture_
    np.testing.assert_array_equal(mixture.log_density(ROWS), noisy.score_samples(ROWS))
    assert mixture.labels.tolist() == [0, 1, -1]


def test_drawn_noise_fills_the_box_evenly(noisy):
    rows, components = noisy.sample(20000)
    drawn = rows[components == -1]
    assert len(drawn) / 20000 == pytest.approx(noisy.weights_[-1], abs=0.02)
    box = noisy.mixture_.family.background.box
    inside = (drawn - box.corner) @ np.linalg.inv(box.edges)
    assert inside.min() >= 0
    assert inside.max() <= 1
    np.testing.assert_allclose(inside.mean(axis=0), 0.5, atol=0.03)


def test_the_box_follows_the_axes_of_slanted_rows():
    turn = np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
    square = np.array([[x, y] for x in np.linspace(0, 10, 21) for y in np.linspace(0, 1, 11)])
    box = smallest_box(one_pass(square @ turn.T))
    assert np.exp(box.log_volume) == pytest.approx(10.0, rel=1e-9)
    assert Box(np.zeros(2), np.eye(2)).log_volume == 0.0


def test_row_weights_are_repeated_rows_with_noise_too():
    counts = 1 + np.arange(len(ROWS)) % 2
    weighted = GaussianMixture(2, noise="uniform", random_state=1).fit(ROWS, sample_weight=counts)
    repeated = GaussianMixture(2, noise="uniform", random_state=1).fit(np.repeat(ROWS, counts, 0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-6)


@pytest.mark.parametrize("columns", [[0], [2], [1, 0], [0, 2]])
def test_margins_of_a_slanted_box_are_those_of_rows_drawn_in_it(columns):
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    scales = np.array([1.0, 1e-4, 1e3])
    box = Box(np.array([3.0, 0.1, -50.0]), np.diag([4.0, 2.0, 0.7]) @ turn * scales)
    drawn = box.sample(200_000, np.random.default_rng(3))[:, columns]
    counts, edges = np.histogramdd(drawn, 6)
    cell = np.prod([e[1] - e[0] for e in edges])
    fine = [np.linspace(e[0], e[-1], 121)[:-1] + (e[-1] - e[0]) / 240 for e in edges]
    points = np.stack(np.meshgrid(*fine, indexing="ij"), axis=-1).reshape(-1, len(columns))
    found = box.marginal_density(points, columns).reshape([6, 20] * len(columns))
    found = found.mean(axis=tuple(range(1, 2 * len(columns), 2)))
    expected = counts / len(drawn) / cell
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.01 * expected.max())
    assert found.sum() * cell == pytest.approx(1.0, abs=2e-3)
    assert not box.marginal_density(drawn[:1] + 20 * np.ptp(drawn, axis=0), columns).any()


def test_the_margin_of_all_columns_is_one_over_the_volume_inside_and_nothing_outside():
    box = Box(np.array([1.0, 2.0]), np.array([[3.0, 3.0], [-1.0, 1.0]]))
    points = (
        box.corner + np.array([[0.5, 0.5], [0.999, 0.001], [1.01, 0.5], [0.5, -0.01]]) @ box.edges
    )
    np.testing.assert_allclose(box.marginal_density(points, [0, 1]), [1 / 6, 1 / 6, 0, 0])
    across = box.marginal_density(np.array([[2.5], [0.5], [3.9]]), [0])
    np.testing.assert_allclose(across, [1 / 3, 1 / 6, 0.1 / 3], rtol=0.01)
