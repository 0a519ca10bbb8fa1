"""Starts with noise are Gaussian ones with a share for it, or some that have it already."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import dataset

from mixtura import GaussianMixture
from mixtura.components.background import one_pass
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.noise import NoiseFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions
from mixtura.em.model import Model
from mixtura.em.noise_starts import FIRST_SHARE, with_noise
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.starts import StartMaker, StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

RNG = np.random.default_rng(8)
LABELS = np.repeat([0, 1, 2], [150, 100, 50])
ROWS = (
    np.array([[0.0, 0.0], [8.0, 1.0], [4.0, -3.0]])[LABELS]
    + RNG.normal(size=(300, 2)) * np.array([1.0, 0.8, 9.0])[LABELS, None]
)


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    source = ArrayRows(ROWS)
    family = GaussianFamily.of(structure("VVV"), *column_moments(source))
    return Sweep(
        NoiseFamily.around(family, BoxBackground.of(smallest_box(one_pass(ROWS)))), source, Serial()
    )


@pytest.fixture(scope="module")
def options(sweep: Sweep) -> FitOptions:
    weak = sweep.family.prior("weak", sweep.shared, 3)
    return FitOptions(GainLeft(), max_iter=50, prior=weak, fallback=weak)


def maker(labels: Any, n_components: int) -> StartMaker:
    """Return what makes the Gaussian model of some groups."""
    return lambda sweep, options: [model_from_labels(sweep, labels, n_components, options)]


def gaussians(sweep: Sweep, options: FitOptions, labels: Any, n_components: int) -> Model:
    plain = Sweep(sweep.family.inner, sweep.source, sweep.engine)
    return model_from_labels(
        plain,
        labels,
        n_components,
        replace(options, prior=options.prior.inner, fallback=options.fallback.inner),
    )


def test_a_gaussian_start_gives_up_a_share_to_noise(sweep: Sweep, options: FitOptions) -> None:
    (model,) = with_noise(maker(LABELS, 3), 3, StartOptions(0))(sweep, options)
    before = gaussians(sweep, options, LABELS, 3)
    weights = np.exp(model.log_weights)
    assert_allclose(weights, [*(np.exp(before.log_weights) * (1 - FIRST_SHARE)), FIRST_SHARE])
    assert_array_equal(model.parameters.means, before.parameters.means)
    assert model.parameters.noise.tolist() == [False, False, False, True]


def test_without_given_starts_the_widest_of_one_component_more_becomes_noise(
    sweep: Sweep, options: FitOptions
) -> None:
    # Of three clusters the last is nine times as wide.
    models = with_noise(None, 2, StartOptions(0))(sweep, options)
    likely = max(models, key=lambda model: sweep([model])[0].log_likelihood)
    family, parameters = sweep.family.in_user_units(likely.parameters)
    means = parameters.means[parameters.means[:, 0].argsort()]
    assert_allclose(means, [[0.0, 0.0], [8.0, 1.0]], atol=0.5)
    assert family.has_noise


def test_starts_that_have_noise_are_tried_as_they_are(sweep: Sweep, options: FitOptions) -> None:
    (own,) = with_noise(maker(LABELS, 3), 3, StartOptions(0))(sweep, options)
    makes = with_noise(maker(LABELS, 3), 3, StartOptions(0), lambda *_: [own])
    assert makes(sweep, options)[-1] is own


def test_each_start_that_is_asked_for_is_one_model(sweep: Sweep, options: FitOptions) -> None:
    models = with_noise(None, 2, StartOptions(0, finish=3))(sweep, options)
    assert len(models) == 3
    for model in models:
        assert model.parameters.noise.tolist() == [False, False, True]
        assert np.exp(model.log_weights).sum() == pytest.approx(1.0)
    # A further start changes none of those before.
    (first,) = with_noise(None, 2, StartOptions(0))(sweep, options)
    assert_array_equal(first.log_weights, models[0].log_weights)


@pytest.mark.parametrize(("code", "lowest"), [("EEI", -2376.5), ("EEE", -2374.5), ("VVI", -2365)])
def test_a_fit_with_noise_need_not_be_told_which_cluster_is_the_noise(
    code: str, lowest: float
) -> None:
    rows = dataset("diabetes").values
    ends = [
        GaussianMixture(2, covariance_type=code, noise="uniform", random_state=seed)
        .fit(rows)
        .log_likelihood_
        for seed in range(3)
    ]
    assert min(ends) > lowest


@pytest.mark.parametrize("seed", range(3))
def test_among_many_clusters_the_noise_is_found(seed: int) -> None:
    # Of a model's components only the sparsest are turned into noise.
    rng = np.random.default_rng(seed)
    centres = 20.0 * np.stack(np.meshgrid(range(4), range(3)), axis=-1).reshape(12, 2)
    labels = rng.integers(13, size=520)
    rows = np.vstack([centres, [[0.0, 0.0]]])[labels] + rng.normal(size=(520, 2))
    rows[labels == 12] = rng.uniform(-15.0, [75.0, 55.0], ((labels == 12).sum(), 2))
    model = GaussianMixture(12, covariance_type="VVI", noise="uniform", random_state=seed)
    model.fit(rows)
    distances = np.linalg.norm(centres[:, None] - model.means_, axis=2)
    assert sorted(distances.argmin(axis=1)) == list(range(12))
    assert distances.min(axis=1).max() < 1.0
    assert abs(model.weights_[-1] - (labels == 12).mean()) < 0.03
