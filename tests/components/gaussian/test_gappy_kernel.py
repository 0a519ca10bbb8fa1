"""Compiled runs of rows with missing cells are those of the general loop."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from mixtura import GaussianMixture
from mixtura.arrays import order_by_pattern
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.masks import MaskedRows
from mixtura.em.compiled import terms_of
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import mixture_of, model_from_responsibilities
from mixtura.em.starts import NeverMet
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]

K, N, SWEEPS = 3, 120, 25


def gappy(seed: int, n_columns: int = 4, share: float = 0.2) -> Float:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 3, (K, n_columns))
    rows = centres[rng.integers(0, K, N)] + rng.normal(size=(N, n_columns)) * [1, 2, 0.5, 1]
    rows[rng.random(rows.shape) < share] = np.nan
    rows = rows[~np.isnan(rows).all(axis=1)]
    return rows[order_by_pattern(rows)]


def sweep_over(code: str, rows: Float, weights: Any = None, excluded: Any = None) -> Sweep:
    source: Any = ArrayRows(rows, weights)
    family = IncompleteGaussianFamily.of(structure(code), *column_moments(source))
    if excluded is not None:
        source = MaskedRows(
            source, excluded.astype(np.intp), np.array([[False] * K, [False, True, True]])
        )
    return Sweep(family, source, Serial())


def run_of(sweep: Sweep, *, compiled: bool, accelerate: bool = False, sweeps: int = SWEEPS) -> Any:
    prior = sweep.family.prior("weak", sweep.shared, K)
    options = FitOptions(NeverMet(), max_iter=sweeps, prior=prior, accelerate=accelerate)
    shares = np.random.default_rng(1).dirichlet(np.full(K, 0.5), sweep.source.n_rows)
    start = model_from_responsibilities(sweep, shares, options)
    if not compiled:
        sweep.__dict__["kernel"] = None
    return fit(sweep, [start], options)[0]


def assert_alike(found: Any, expected: Any, digits: float = 1e-8) -> None:
    assert_allclose(found.history.objective, expected.history.objective, rtol=digits)
    assert_allclose(found.model.log_weights, expected.model.log_weights, atol=digits)
    for name in ("effective_rows", "means", "scatter", "entropy"):
        one, other = (getattr(run.statistics.moments, name) for run in (found, expected))
        assert_allclose(one, other, rtol=1e-6, atol=digits * np.abs(other).max())


@pytest.mark.parametrize("kind", ["plain", "weights", "labels", "float32"])
@pytest.mark.parametrize("code", CODES)
def test_a_run_is_that_of_the_general_loop(code: str, kind: str) -> None:
    rows, rng = gappy(7), np.random.default_rng(2)
    weights = rng.uniform(0.5, 2.0, len(rows)) if kind == "weights" else None
    excluded = None
    if kind == "labels":
        excluded = np.arange(len(rows)) < 20
    if kind == "float32":
        rows = rows.astype(np.float32)
    runs = [
        run_of(sweep_over(code, rows, weights, excluded), compiled=compiled)
        for compiled in (True, False)
    ]
    assert_alike(*runs)


@pytest.mark.parametrize("code", ["EII", "VII", "EEI", "VVI", "EEE", "VVV", "EEV"])
def test_components_far_from_the_origin_run_about_their_means(code: str) -> None:
    rows = gappy(3)
    rows[::2] += 2e4
    rows = rows[order_by_pattern(rows)]
    sweep = sweep_over(code, rows)
    kernel: Any = sweep.kernel
    prior = sweep.family.prior("weak", sweep.shared, K)
    options = FitOptions(NeverMet(), max_iter=SWEEPS, prior=prior)
    labels = np.nan_to_num(np.nanmax(rows, axis=1) > 1e4).astype(int)
    shares = np.eye(K)[np.where(labels == 1, 1, np.arange(len(rows)) % 2 * 2)]
    start = model_from_responsibilities(sweep, shares, options)
    found = fit(sweep, [start], options)[0]
    general = sweep_over(code, rows)
    general.__dict__["kernel"] = None
    assert kernel is not None
    assert_alike(found, fit(general, [start], options)[0], 1e-7)


def test_a_run_is_a_plain_loop_over_rows() -> None:
    rows = gappy(11)
    found = GaussianMixture(
        K,
        missing="marginal",
        algorithm="em",
        prior=None,
        tol=0.0,
        max_iter=12,
        responsibilities_init=np.random.default_rng(4).dirichlet(np.ones(K), len(rows)),
    )
    with pytest.warns(Warning, match="converge"):
        found.fit(rows)
    earlier = replace(found.mixture_)
    weights, means, covariances = earlier.weights, found.means_, found.covariances_
    total = sum(
        np.log(
            sum(
                weight * multivariate_normal(mean[seen], spread[np.ix_(seen, seen)]).pdf(row[seen])
                for weight, mean, spread in zip(weights, means, covariances, strict=True)
            )
        )
        for row, seen in zip(rows, ~np.isnan(rows), strict=True)
    )
    assert found.log_likelihood_ <= total + 1e-9
    assert found.score(rows) * len(rows) == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize("code", CODES)
def test_a_start_has_missing_cells_of_their_columns_width(code: str) -> None:
    sweep = sweep_over(code, gappy(5) * [1, 300, 1, 0.1])
    shares = np.random.default_rng(1).dirichlet(np.full(K, 0.5), sweep.source.n_rows)
    prior = sweep.family.prior("weak", sweep.shared, K)
    options = FitOptions(NeverMet(), max_iter=1, prior=prior)
    kernel: Any = sweep.kernel
    log_weights, parameters = kernel.start(shares, terms_of(options))
    moments = sweep.from_responsibilities(shares)
    expected = sweep.family.maximise(moments, None, prior)
    assert_allclose(log_weights, options.log_weights(moments.effective_rows), atol=1e-12)
    assert_allclose(parameters.means, expected.means, rtol=1e-9, atol=1e-9)
    found, other = parameters.covariance.dense(), expected.covariance.dense()
    assert_allclose(found, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI"])
def test_responsibilities_of_a_model_and_its_parameters_give_its_moments(code: str) -> None:
    rows = gappy(6) * [1, 300, 1, 0.1] + [0, 0, 1e7, 0]
    sweep = sweep_over(code, rows)
    shares = np.random.default_rng(1).dirichlet(np.full(K, 0.5), sweep.source.n_rows)
    options = FitOptions(NeverMet(), max_iter=1, prior=sweep.family.prior("weak", sweep.shared, K))
    model = model_from_responsibilities(sweep, shares, options)
    expected = sweep([model])[0].moments
    posterior = mixture_of(sweep, model).responsibilities(
        sweep.source.block(0, sweep.source.n_rows).rows
    )
    found = sweep.from_responsibilities(posterior, model.parameters)
    assert_allclose(found.effective_rows, expected.effective_rows, rtol=1e-8)
    assert_allclose(found.means, expected.means, rtol=1e-6, atol=1e-8)
    assert_allclose(found.scatter, expected.scatter, rtol=1e-6, atol=1e-8)


def test_densities_keep_the_digits_of_rows_far_from_zero() -> None:
    mixture = GaussianMixture.from_parameters(
        [1.0], [[1.7e9, 0.0]], [np.diag([1e-6, 1.0])]
    ).mixture_
    rows = np.array([[1.7e9 + step, np.nan] for step in (0.0, 0.003, -0.01)])
    alone = mixture.marginal([0]).log_density(rows[:, :1])
    assert_allclose(
        mixture.read_by(replace(mixture.reading, missing="marginal")).log_density(rows),
        alone,
        rtol=1e-13,
    )


@pytest.mark.parametrize("seed", range(2))
def test_a_component_on_too_few_rows_is_no_trap(seed: int) -> None:
    rows = gappy(20 + seed, share=0.4)
    rows[0] = [3e4, -3e4, 3e4, 3e4]
    found = GaussianMixture(K, missing="marginal", random_state=0)
    found.fit(rows)
    assert np.isfinite(found.log_likelihood_)
    history = np.array(found.history_.objective)
    assert (np.diff(history) > -1e-6 * np.abs(history[1:])).all()
