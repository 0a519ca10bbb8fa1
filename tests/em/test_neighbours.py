"""Starts from a fit with one component more, or one less."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.neighbours import bettered, merged, on_sample, split_once
from mixtura.em.responsibilities import mixture_of, model_from_labels
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Float = NDArray[np.float64]

CENTRES = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0]])
STARTS = StartOptions(0)


@pytest.fixture(scope="module")
def rows() -> Float:
    rng = np.random.default_rng(0)
    return np.repeat(CENTRES, 200, axis=0) + rng.normal(size=(600, 2))


@pytest.fixture(scope="module")
def labels() -> NDArray[np.intp]:
    return np.repeat(np.arange(3), 200)


def sweep_over(rows: Float, name: str = "VVV") -> Sweep:
    source = ArrayRows(rows)
    return Sweep(GaussianFamily.of(structure(name), *column_moments(source)), source, Serial())


def options_for(sweep: Sweep, n_components: int) -> FitOptions:
    weak = sweep.family.prior("weak", sweep.shared, n_components)
    return FitOptions(GainLeft(), max_iter=500, prior=weak, fallback=weak, accelerate=True)


def centres_of(sweep: Sweep, model) -> Float:
    """Return the means in the order of `CENTRES`."""
    means = mixture_of(sweep, model).parameters.means
    return means[np.argsort(means @ [1.0, 2.0])]


@pytest.mark.parametrize("name", ["VVV", "EEE", "VII", "EVI"])
def test_the_halves_of_a_cluster_are_merged_first(name, rows, labels):
    sweep = sweep_over(rows, name)
    halved = labels.copy()
    halved[(labels == 0) & (rows[:, 0] > 0)] = 3
    model = model_from_labels(sweep, halved, 4, options_for(sweep, 4))
    first, *_ = merged(sweep, model, options_for(sweep, 3), STARTS)
    assert first.n_components == 3
    assert_allclose(centres_of(sweep, first), CENTRES, atol=0.5)


@pytest.mark.parametrize("name", ["VVV", "EEE", "VII", "EVI"])
def test_a_component_over_two_clusters_is_parted_first(name, rows, labels):
    sweep = sweep_over(rows, name)
    model = model_from_labels(sweep, np.minimum(labels, 1), 2, options_for(sweep, 2))
    first, *_ = split_once(sweep, model, options_for(sweep, 3), STARTS)
    assert first.n_components == 3
    led_to = fit(sweep, [first], options_for(sweep, 3))[0].model
    assert_allclose(centres_of(sweep, led_to), CENTRES, atol=0.5)


def test_merging_keeps_the_rows_of_all_components(rows, labels):
    sweep = sweep_over(rows)
    model = model_from_labels(sweep, labels, 3, options_for(sweep, 3))
    for smaller in merged(sweep, model, options_for(sweep, 2), STARTS):
        assert_allclose(np.exp(smaller.log_weights).sum(), 1.0, rtol=1e-12)
        # The mean of all rows is the same however they are shared out.
        mixture = mixture_of(sweep, smaller)
        assert_allclose(mixture.weights @ mixture.parameters.means, rows.mean(axis=0), atol=1e-6)


def test_a_poor_model_is_bettered_and_a_good_one_is_not(rows, labels):
    sweep = sweep_over(rows)
    options = options_for(sweep, 3)
    wrong = np.choose(labels, [0, 1, 1])
    wrong[(labels == 0) & (rows[:, 1] > 0)] = 2
    poor = fit(sweep, [model_from_labels(sweep, wrong, 3, options)], options)[0]
    good = fit(sweep, [model_from_labels(sweep, labels, 3, options)], options)[0]
    assert good.objective > poor.objective + 100
    better = bettered(sweep, poor, [good.model], options)
    assert better is not None
    assert fit(sweep, [better], options)[0].objective == pytest.approx(good.objective, abs=0.01)
    assert bettered(sweep, good, [poor.model], options) is None
    assert bettered(sweep, good, [], options) is None


def test_a_model_leads_to_its_optimum_on_a_sample_and_one_that_collapses_nowhere(rows, labels):
    sweep = sweep_over(rows)
    options = options_for(sweep, 3)
    start = model_from_labels(sweep, labels, 3, options)
    led_to = on_sample(sweep, start, options)
    ended = fit(sweep, [start], options)[0].objective
    assert led_to.objective == pytest.approx(ended, abs=0.5)
    lone = np.repeat(rows[:1], 3, axis=0)
    spoilt = sweep_over(np.vstack([rows, lone + 90]))
    alone = replace(options, prior=spoilt.family.prior(None, spoilt.shared, 2), fallback=None)
    few = np.r_[np.zeros(600, dtype=int), [1, 1, 1]]
    weak = options_for(spoilt, 2)
    assert on_sample(spoilt, model_from_labels(spoilt, few, 2, weak), alone) is None
