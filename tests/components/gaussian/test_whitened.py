"""Coordinates whitened by the information of the complete data, and the gradient in them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.gaussian.whitened import FREE
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions
from mixtura.em.model import Model
from mixtura.em.options import log_weights_of
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Float = NDArray[np.float64]


def prepared(code: str) -> tuple[Sweep, Model, FitOptions]:
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 3)) + 2.0 * rng.integers(
        3, size=(200, 3)
    )
    source = ArrayRows(rows)
    family = GaussianFamily.of(structure(code), *column_moments(source))
    sweep = Sweep(family, source, Serial())
    options = FitOptions(GainLeft(), 100, family.prior("weak", sweep.shared, 4))
    shares = rng.dirichlet(np.full(4, 0.3), 200)
    return sweep, model_from_responsibilities(sweep, shares, options), options


def chart_about(sweep: Sweep, model: Model, options: FitOptions):
    rows = sweep([model])[0].moments.effective_rows
    chart = sweep.family.chart(model.log_weights, model.parameters, rows, options.prior)
    assert chart is not None
    return chart


@pytest.mark.parametrize("code", FREE)
def test_a_point_and_the_mixture_there_are_one(code: str) -> None:
    sweep, model, options = prepared(code)
    chart = chart_about(sweep, model, options)
    origin = chart.coordinates(model.log_weights, model.parameters)
    assert_allclose(origin, 0, atol=1e-10)
    point = np.random.default_rng(0).normal(size=len(origin))
    found = chart.at(point)
    assert found is not None
    assert np.exp(found[0]).sum() == pytest.approx(1)
    again = chart.at(chart.coordinates(*found))
    assert again is not None
    assert_allclose(again[0], found[0], rtol=1e-10)
    assert_allclose(again[1].means, found[1].means, rtol=1e-10)
    assert_allclose(again[1].covariance.factors, found[1].covariance.factors, atol=1e-12)


@pytest.mark.parametrize("code", FREE)
def test_the_gradient_is_that_of_the_penalised_log_likelihood(code: str) -> None:
    sweep, model, options = prepared(code)
    chart = chart_about(sweep, model, options)
    size = len(chart.coordinates(model.log_weights, model.parameters))
    point = 0.5 * np.random.default_rng(1).normal(size=size)

    def objective(where: Float) -> float:
        there = Model(*chart.at(where))
        return sweep([there])[0].log_likelihood + options.prior.log_density(there.parameters)

    here = Model(*chart.at(point))
    moments = sweep([here])[0].moments
    gradient = chart.gradient(
        here.log_weights,
        log_weights_of(moments.effective_rows),
        float(moments.effective_rows.sum()),
        here.parameters,
        moments,
        options.prior.augment(moments),
    )
    step = 1e-5
    slopes = [
        (objective(point + step * one) - objective(point - step * one)) / (2 * step)
        for one in np.eye(size)
    ]
    assert_allclose(gradient, slopes, atol=2e-6)


@pytest.mark.parametrize("code", FREE)
def test_a_short_em_step_is_the_gradient(code: str) -> None:
    sweep, model, options = prepared(code)
    for _ in range(400):
        moments = sweep([model])[0].moments
        before, model = (
            model,
            Model(
                log_weights_of(moments.effective_rows),
                sweep.family.maximise(moments, model.parameters, options.prior),
            ),
        )
    chart = chart_about(sweep, before, options)
    moments = sweep([before])[0].moments
    gradient = chart.gradient(
        before.log_weights,
        model.log_weights,
        float(moments.effective_rows.sum()),
        before.parameters,
        moments,
        options.prior.augment(moments),
    )
    step = chart.coordinates(model.log_weights, model.parameters)
    assert_allclose(step, gradient, atol=0.02 * np.abs(gradient).max() + 1e-9)


def test_a_point_beyond_the_floats_is_no_mixture() -> None:
    sweep, model, options = prepared("VVV")
    chart = chart_about(sweep, model, options)
    size = len(chart.coordinates(model.log_weights, model.parameters))
    assert chart.at(np.full(size, 1e6)) is None


@pytest.mark.parametrize("code", ["VEV", "EEV", "VVE"])
def test_other_structures_have_no_such_coordinates(code: str) -> None:
    sweep, model, options = prepared(code)
    assert (
        sweep.family.chart(model.log_weights, model.parameters, np.ones(4), options.prior) is None
    )
