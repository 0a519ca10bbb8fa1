"""Coordinates of rows measured with errors, against finite differences of log-likelihoods."""

import numpy as np
import pytest
from measured_problems import family_of, problem, started

from mixtura.components.gaussian.prior import NoPrior
from mixtura.em.model import Model

CODES = ["VVV", "VVI", "VII", "EEE", "EEI", "EII"]


@pytest.mark.parametrize("code", CODES)
def test_a_point_and_its_mixture_are_the_same(code):
    cells, errors, weights = problem(3, True, 0.1)
    family = family_of(code, cells, errors)
    _, model = started(family, cells, errors, weights)
    chart = family.chart(model.log_weights, model.parameters, np.full(3, 40.0), NoPrior())
    point = chart.coordinates(model.log_weights, model.parameters)
    moved = point + np.random.default_rng(0).normal(size=len(point)) * 0.1
    found = chart.at(moved)
    np.testing.assert_allclose(chart.coordinates(*found), moved - drift(found, moved), atol=1e-10)
    log_weights, parameters = chart.at(point)
    np.testing.assert_allclose(log_weights, model.log_weights, rtol=1e-12)
    np.testing.assert_allclose(parameters.means, model.parameters.means, rtol=1e-12)
    dense = model.parameters.covariance.dense()
    np.testing.assert_allclose(parameters.covariance.dense(), dense, rtol=1e-10, atol=1e-12)


def drift(found, point):
    """Return what logits lose where their weights are made to sum to one."""
    lost = np.zeros(len(point))
    logits = point[:3] / np.sqrt(40.0) + np.log([0.2, 0.3, 0.5])
    lost[:3] = np.sqrt(40.0) * np.logaddexp.reduce(logits)
    return lost


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("width", [1.0, 1e-2])
def test_the_gradient_is_that_of_the_log_likelihood(code, width):
    cells, errors, weights = problem(3, True, 0.1)
    family = family_of(code, cells, errors)
    sweep, model = started(family, cells, errors, weights)
    rows = np.array([50.0, 30.0, 60.0])
    chart = family.chart(model.log_weights, model.parameters, rows, NoPrior())
    point = chart.coordinates(model.log_weights, model.parameters)
    # Widths near nothing are points like others.
    n_means = 3 + 9
    point[n_means:] *= width

    def objective(where):
        return sweep([Model(*chart.at(where))])[0].log_likelihood

    here = Model(*chart.at(point))
    statistics = sweep([here])[0]
    moments = statistics.moments
    total = moments.effective_rows.sum()
    found = chart.gradient(
        here.log_weights,
        np.log(moments.effective_rows / total),
        total,
        here.parameters,
        moments,
        moments,
    )
    step = 1e-6
    numeric = [
        (objective(point + step * unit) - objective(point - step * unit)) / (2 * step)
        for unit in np.eye(len(point))
    ]
    scale = np.abs(numeric).max()
    np.testing.assert_allclose(found, numeric, rtol=2e-5, atol=2e-6 * scale)
