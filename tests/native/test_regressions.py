"""Compiled runs of regressions: sweeps and M-steps of plain NumPy, and ends of the general loop."""

from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from regression_problems import FAMILIES, drawn, log_densities
from scipy.special import logsumexp, softmax

from mixtura import MixtureRegressor
from mixtura.components.kernel import Limits, Terms
from mixtura.components.regression import lines
from mixtura.components.regression.kernel import RegressionKernel
from mixtura.components.regression.parameters import RegressionParameters
from mixtura.components.regression.responses import RESPONSES
from mixtura.components.weighing import Weighing
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.regressions.cells import Beside, cells_of
from mixtura.regressions.rows import family_of, laid_out

COUNTS = ("rows", "cells", "losses", "gradient", "pairs")


def told(seed: int, family: str, *, grouped: bool) -> tuple[Any, Any, Any, Any]:
    """Return a problem, its family, a sweep over its rows, and what is beside them."""
    rng = np.random.default_rng(seed)
    found = drawn(seed, family, 150)
    # Groups of one to four rows, each of one weight.
    groups = np.sort(rng.integers(60, size=150)) if grouped else np.arange(150)
    weights = rng.integers(0, 3, 150)[groups].astype(float)
    beside = Beside(groups if grouped else None, rng.normal(0, 0.1, 150), None, weights)
    design = np.column_stack([np.ones(150), found.X])
    response = RESPONSES[family]
    cells = cells_of(design, ("intercept", "a", "b"), response, found.y, beside)
    laid = laid_out(cells, response)
    fitted = family_of(response, cells, laid, None)
    return found, fitted, Sweep(fitted, laid.source, Serial()), (groups, beside)


def start_of(family: Any) -> tuple[np.ndarray, RegressionParameters]:
    """Return log weights and lines near the truth, in the family's frame."""
    lines_ = np.array([[0.8, 0.9, -0.4], [1.2, -0.8, 0.5]])
    spreads = np.array([6.0, 4.0]) if family.response.has_precision else np.ones(2)
    return np.log([0.4, 0.6]), family.in_frame(RegressionParameters(lines_, spreads))


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_sweep_and_its_m_step_are_those_of_numpy(
    family: str, grouped: bool, fresh_seed: int
) -> None:
    found, fitted, sweep, (groups, beside) = told(fresh_seed, family, grouped=grouped)
    log_weights, parameters = start_of(fitted)
    prior = fitted.prior("weak", sweep.shared, 2)
    kernel = sweep.kernel
    assert isinstance(kernel, RegressionKernel)
    run = kernel.run(log_weights, parameters, Terms(prior, Weighing()), Limits(1, never=True))
    assert run is not None

    user = fitted.in_user_units(parameters)[1]
    other = MixtureRegressor(2, family)
    other.intercept_, other.coef_ = user.coefficients[:, 0], user.coefficients[:, 1:]
    other.sigma_, other.shape_ = 1 / np.sqrt(user.precisions), user.precisions
    numbers = np.unique(groups, return_inverse=True)[1]
    joint = np.zeros((numbers.max() + 1, 2))
    np.add.at(joint, numbers, log_densities(other, found.X, found.y, beside.offset))
    weights = np.zeros(len(joint))
    weights[numbers] = beside.sample_weight
    joint += log_weights
    theirs = weights @ logsumexp(joint, axis=1)
    assert_allclose(run.steps[0, 0], theirs, rtol=1e-9)
    shares = softmax(joint, axis=1)
    assert_allclose(run.moments.effective_rows, weights @ shares, rtol=1e-9)
    assert_allclose(run.squared, weights @ shares**2, rtol=1e-9)
    assert_allclose(run.log_largest, weights @ np.log(shares.max(axis=1)), rtol=1e-8, atol=1e-9)

    # The sums of the evaluator, by plain NumPy.
    kept = weights > 0
    plain = sweep.from_responsibilities(shares[kept], parameters)
    for ours, same in (
        (run.moments.cells, plain.cells),
        (run.moments.losses, plain.losses),
        (run.moments.information, plain.information),
    ):
        assert_allclose(ours, same, rtol=1e-9)
    scale = np.abs(plain.information).max()
    assert_allclose(run.moments.gradient, plain.gradient, rtol=1e-8, atol=1e-10 * scale)
    step = fitted.maximise(plain, parameters, prior)
    assert_allclose(run.parameters.coefficients, step.coefficients, rtol=1e-7, atol=1e-9)
    assert_allclose(run.parameters.precisions, step.precisions, rtol=1e-8)
    assert_allclose(np.exp(run.log_weights), weights @ shares / weights.sum(), rtol=1e-9)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_runs_end_where_the_general_loop_does(
    family: str, grouped: bool, monkeypatch: pytest.MonkeyPatch, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, family, 200)
    rng = np.random.default_rng(fresh_seed)
    order = np.argsort(found.labels, kind="stable")
    groups = np.empty(200, dtype=int)
    groups[order] = np.arange(200) // 3
    share = np.where(found.labels[:, None] == np.arange(2), 0.8, 0.2)
    asked: dict[str, Any] = {
        "groups": groups if grouped else None,
        "offset": rng.normal(0, 0.1, 200),
    }
    fits = []
    for most in (lines.MOST_CELLS, 0):
        monkeypatch.setattr(lines, "MOST_CELLS", most)
        model = MixtureRegressor(2, family, responsibilities_init=share, tol=1e-8)
        fits.append(model.fit(found.X, found.y, **asked))
    compiled, general = fits
    assert compiled.n_iter_ <= general.n_iter_ + 10
    assert_allclose(compiled.log_likelihood_, general.log_likelihood_, atol=1e-6)
    assert_allclose(compiled.coef_, general.coef_, rtol=1e-4, atol=1e-4)
    history = np.array(compiled.history_.objective)
    assert (np.diff(history) >= -1e-9 * np.abs(history[1:])).all()
    assert compiled.history_.largest_fall == 0.0
    gaps = np.array(compiled.history_.gap)
    assert (gaps >= -1e-8 * np.abs(history)).all()


def test_what_compiled_runs_do_not_know_the_general_loop_does(
    monkeypatch: pytest.MonkeyPatch, fresh_seed: int
) -> None:
    found = drawn(fresh_seed, "poisson")
    for settings in ({"mixing_weights": "equal"}, {"equal": {"coef": [0]}}):
        fits = []
        for most in (lines.MOST_CELLS, 0):
            monkeypatch.setattr(lines, "MOST_CELLS", most)
            start = np.eye(2)[found.labels]
            model = MixtureRegressor(2, "poisson", responsibilities_init=start, **settings)
            fits.append(model.fit(found.X, found.y))
        assert_array_equal(fits[0].coef_, fits[1].coef_)


def test_a_component_that_no_row_tells_of_is_left_to_the_general_loop() -> None:
    _, fitted, sweep, _ = told(0, "gaussian", grouped=False)
    log_weights, parameters = start_of(fitted)
    kernel = sweep.kernel
    assert kernel is not None
    far = np.array([[0.0], [1e9]])
    away = RegressionParameters(parameters.coefficients + far, parameters.precisions)
    prior = fitted.prior("weak", sweep.shared, 2)
    run = kernel.run(log_weights, away, Terms(prior, Weighing()), Limits(5, never=True))
    assert run is None


def test_gamma_responses_that_hardly_vary_keep_their_digits() -> None:
    """Against fifty digits: y / μ is all but 1, and shapes are of a thousand million."""
    rng = np.random.default_rng(5)
    x, shape = rng.normal(size=60), 1e9
    y = np.exp(1 + 0.5 * x) * rng.gamma(shape, 1 / shape, 60)
    response = RESPONSES["gamma"]
    design = np.column_stack([np.ones(60), x])
    laid = laid_out(cells := cells_of(design, ("intercept", "x"), response, y, Beside()), response)
    family = family_of(response, cells, laid, None)
    sweep = Sweep(family, laid.source, Serial())
    user = RegressionParameters(np.array([[1.0, 0.5]]), np.array([shape]))
    terms = Terms(family.prior("weak", sweep.shared, 1), Weighing())
    assert sweep.kernel is not None
    run = sweep.kernel.run(np.zeros(1), family.in_frame(user), terms, Limits(1, never=True))
    assert run is not None
    told = family.in_user_units(family.in_frame(user))[1]
    with mpmath.workdps(50):
        size = mpmath.mpf(float(told.precisions[0]))
        exact = mpmath.mpf(0)
        for one, z in zip(y.tolist(), design.tolist(), strict=True):
            eta = sum(
                mpmath.mpf(a) * b for a, b in zip(z, told.coefficients[0].tolist(), strict=True)
            )
            rate = size / mpmath.exp(eta)
            exact += size * mpmath.log(rate) - mpmath.loggamma(size)
            exact += (size - 1) * mpmath.log(one) - rate * one
    # Digits of 1 in y / μ are shapes' square root times as many nats.
    assert run.steps[0, 0] == pytest.approx(float(exact), abs=60 * 1e-16 * shape**0.5 * 20)
