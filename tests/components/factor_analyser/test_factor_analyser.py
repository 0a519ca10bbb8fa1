"""The family against dense evaluation, a plain EM of whole scatters, and laws of its sums."""

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from mixtura.components.factor_analyser.beginnings import directions
from mixtura.components.factor_analyser.chart import FactorChart
from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.factor_analyser.parameters import FactorParameters
from mixtura.components.factor_analyser.partition import factor_conditional, factor_marginal
from mixtura.components.factor_analyser.posterior import Factored
from mixtura.components.factor_analyser.prior import FactorPrior
from mixtura.components.factor_analyser.rotation import rotated
from mixtura.components.factor_analyser.structures import CODES, factor_structure
from mixtura.errors import ParameterError

K, D, Q, N = 3, 7, 2, 60


def drawn(
    seed: int = 0, code: str = "UUU", narrow: float = 1.0
) -> tuple[FactorAnalyserFamily, FactorParameters, np.ndarray]:
    rng = np.random.default_rng(seed)
    form = factor_structure(code, Q)
    loadings, noise = rng.normal(size=(K, D, Q)), narrow * rng.uniform(0.2, 2.0, (K, D))
    if form.shares_loadings:
        loadings[:] = loadings[0]
    if form.shares_noise:
        noise[:] = noise[0]
    if form.isotropic:
        noise[:] = noise[:, :1]
    means = 3.0 * rng.normal(size=(K, D))
    rows = means[rng.integers(0, K, N)] + 2.0 * rng.normal(size=(N, D))
    family = FactorAnalyserFamily.of(form, rows.mean(axis=0), rows.std(axis=0))
    return family, family.in_frame(FactorParameters(means, loadings, noise)), rows


def dense_log_density(parameters: FactorParameters, rows: np.ndarray) -> np.ndarray:
    covariances = parameters.loadings @ parameters.loadings.transpose(0, 2, 1)
    covariances = covariances + np.array([np.diag(own) for own in parameters.noise])
    pairs = zip(parameters.means, covariances, strict=True)
    return np.array([stats.multivariate_normal(*pair).logpdf(rows) for pair in pairs]).T


def swept(
    family: FactorAnalyserFamily, parameters: FactorParameters, rows: np.ndarray, *cuts: int
) -> tuple[np.ndarray, object]:
    """Return log densities (K, N) and the moments of responsibilities by them."""
    evaluator = family.bind(np.full(K, -np.log(K)), parameters)
    joint, parts = [], []
    for block in np.split(rows, list(cuts)):
        tile = family.prepare(block, family.workspace(len(block)))
        out = np.empty((K, len(block)))
        evaluator.log_density(tile, out)
        joint.append(out)
        totals = evaluator.zeros()
        evaluator.accumulate(tile, np.exp(out - logsumexp(out, axis=0)), totals)
        parts.append(evaluator.sums(totals))
    return np.hstack(joint), family.moments(reduce(add, parts), parameters, None)


@pytest.mark.parametrize("narrow", [1.0, 1e-7])
@pytest.mark.parametrize("code", CODES)
def test_densities_are_those_of_dense_covariances(code: str, narrow: float) -> None:
    family, parameters, rows = drawn(1, code, narrow)
    own, told = family.in_user_units(parameters)
    expected = dense_log_density(told, rows)
    np.testing.assert_allclose(own.row_log_density(rows, told), expected, rtol=1e-7, atol=1e-8)
    joint, _ = swept(family, parameters, rows)
    constant = family.frame.log_jacobian - 0.5 * D * np.log(2 * np.pi)
    np.testing.assert_allclose(joint.T + np.log(K) + constant, expected, rtol=1e-7, atol=1e-8)


def test_products_and_sums_of_squares_are_one_density() -> None:
    family, parameters, rows = drawn(2)
    quick, _ = swept(family, parameters, rows)
    careful = family.row_log_density(rows - family.frame.origin, parameters)
    careful += 0.5 * D * np.log(2 * np.pi) - np.log(K)
    np.testing.assert_allclose(quick.T, careful, rtol=1e-12, atol=1e-10)


def test_woodburys_parts_are_those_of_the_inverse() -> None:
    _, parameters, _ = drawn(3)
    inverse = np.linalg.inv(parameters.dense())
    found = Factored.of(parameters)
    np.testing.assert_allclose(found.dense(), inverse, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.precisions(), np.diagonal(inverse, axis1=1, axis2=2))
    np.testing.assert_allclose(
        found.log_determinant(), -0.5 * np.linalg.slogdet(parameters.dense())[1]
    )
    back = parameters.loadings.transpose(0, 2, 1) @ inverse
    np.testing.assert_allclose(found.projection(), back, atol=1e-12)
    rest = np.eye(Q) - back @ parameters.loadings
    np.testing.assert_allclose(found.posterior(), rest, atol=1e-12)


def test_moments_are_those_of_whole_scatters_however_rows_are_cut() -> None:
    family, parameters, rows = drawn(4)
    joint, moments = swept(family, parameters, rows, 11, 40)
    shares = np.exp(joint - logsumexp(joint, axis=0))
    within = (rows - family.frame.origin) / family.frame.scale
    back = Factored.of(parameters).projection()
    for k, own in enumerate(shares):
        mean = own @ within / own.sum()
        scatter = ((within - mean).T * own) @ (within - mean)
        np.testing.assert_allclose(moments.effective_rows[k], own.sum(), rtol=1e-12)
        np.testing.assert_allclose(moments.means[k], mean, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(moments.scatter[k], np.diag(scatter), rtol=1e-9)
        np.testing.assert_allclose(moments.crossed[k], scatter @ back[k].T, atol=1e-9)


def test_sums_about_other_centres_say_the_same() -> None:
    family, parameters, rows = drawn(5)
    evaluator = family.bind(np.zeros(K), parameters)
    elsewhere = replace(parameters, means=parameters.means + 100.0)
    evaluator.centre_on(elsewhere)
    tile, out = family.prepare(rows, family.workspace(N)), np.empty((K, N))
    evaluator.log_density(tile, out)
    plain = family.bind(np.zeros(K), parameters)
    own = np.empty((K, N))
    plain.log_density(family.prepare(rows, family.workspace(N)), own)
    np.testing.assert_allclose(out, own, rtol=1e-10)
    shares = np.exp(own - logsumexp(own, axis=0))
    found = []
    for one, about in ((evaluator, elsewhere), (plain, parameters)):
        totals = one.zeros()
        one.accumulate(family.prepare(rows, family.workspace(N)), shares, totals)
        found.append(family.moments(one.sums(totals), about, None))
    np.testing.assert_allclose(found[0].means, found[1].means, atol=1e-10)
    np.testing.assert_allclose(found[0].scatter, found[1].scatter, rtol=1e-7)
    np.testing.assert_allclose(found[0].crossed, found[1].crossed, atol=1e-6)


def plain_step(
    code: str, parameters: FactorParameters, weights: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the loadings and noise of McNicholas and Murphy's updates, by whole matrices."""
    joint = dense_log_density(parameters, rows) + np.log(weights)
    shares = np.exp(joint - logsumexp(joint, axis=1)[:, None])
    counts = shares.sum(axis=0)
    scatters, backs, inners = [], [], []
    for k in range(K):
        mean = shares[:, k] @ rows / counts[k]
        scatter = ((rows - mean).T * shares[:, k]) @ (rows - mean) / counts[k]
        lam, psi = parameters.loadings[k], np.diag(parameters.noise[k])
        back = lam.T @ np.linalg.inv(lam @ lam.T + psi)
        scatters.append(scatter)
        backs.append(back)
        inners.append(np.eye(Q) - back @ lam + back @ scatter @ back.T)
    each = range(K)
    if code[0] == "U":
        loadings = [scatters[k] @ backs[k].T @ np.linalg.inv(inners[k]) for k in each]
    else:
        one = np.empty((D, Q))
        for j in range(D):
            scale = [counts[k] / parameters.noise[k, j] for k in each]
            left = sum(scale[k] * inners[k] for k in each)
            right = sum(scale[k] * (scatters[k] @ backs[k].T)[j] for k in each)
            one[j] = np.linalg.solve(left, right)
        loadings = [one] * K
    noise = []
    for k in each:
        lam = loadings[k]
        cross = lam @ backs[k] @ scatters[k]
        noise.append(np.diag(scatters[k] - 2.0 * cross + lam @ inners[k] @ lam.T))
    found = np.array(noise)
    if code[1] == "C":
        found[:] = counts @ found / counts.sum()
    if code[2] == "C":
        found[:] = found.mean(axis=1, keepdims=True)
    return np.array(loadings), found


@pytest.mark.parametrize("code", CODES)
def test_noise_is_updated_as_in_the_paper_and_loadings_span_the_same(code: str) -> None:
    family, parameters, rows = drawn(6, code)
    _, moments = swept(family, parameters, rows)
    found = family.maximise(moments, parameters, FactorPrior(np.zeros(D)))
    _, told = family.in_user_units(parameters)
    loadings, noise = plain_step(code, told, np.full(K, 1 / K), rows)
    _, found = family.in_user_units(found)
    np.testing.assert_allclose(found.noise, noise, rtol=1e-7)
    for k in range(K):
        # Factors of free covariance: the same columns, turned and stretched.
        span = np.linalg.lstsq(loadings[k], found.loadings[k], rcond=None)[0]
        np.testing.assert_allclose(loadings[k] @ span, found.loadings[k], atol=1e-8)


@pytest.mark.parametrize("code", CODES)
def test_a_step_raises_the_likelihood_and_promises_no_more(code: str) -> None:
    for seed in range(4):
        family, parameters, rows = drawn(10 + seed, code)
        joint, moments = swept(family, parameters, rows)
        found = family.maximise(moments, parameters, FactorPrior(np.zeros(D)))
        promised = family.expected_log_density(found, moments)
        promised -= family.expected_log_density(parameters, moments)
        after, _ = swept(family, found, rows)
        gained = logsumexp(after, axis=0).sum() - logsumexp(joint, axis=0).sum()
        assert gained >= promised - 1e-9
        assert promised >= -1e-9


def test_the_expected_log_density_is_exact_at_the_parameters_of_the_sweep() -> None:
    family, parameters, rows = drawn(7)
    joint, moments = swept(family, parameters, rows)
    shares = np.exp(joint - logsumexp(joint, axis=0))
    _, told = family.in_user_units(parameters)
    expected = (shares.T * dense_log_density(told, rows)).sum()
    assert family.expected_log_density(parameters, moments) == pytest.approx(expected, abs=1e-8)


def test_moments_of_halves_add_to_those_of_all() -> None:
    family, parameters, rows = drawn(8)
    halves = [swept(family, parameters, half)[1] for half in np.split(rows, [25])]
    total, (_, whole) = halves[0] + halves[1], swept(family, parameters, rows)
    for name in ("effective_rows", "means", "scatter", "crossed"):
        np.testing.assert_allclose(getattr(total, name), getattr(whole, name), rtol=1e-9, atol=1e-9)
    other = replace(parameters, noise=2.0 * parameters.noise)
    with pytest.raises(ParameterError, match="add only under the same parameters"):
        halves[0] + swept(family, other, rows)[1]


def test_turning_loadings_leaves_covariances_and_fixes_an_order() -> None:
    _, parameters, _ = drawn(9)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(K, Q, Q)))[0]
    form = factor_structure("UUU", Q)
    one = rotated(form, parameters)
    other = rotated(form, replace(parameters, loadings=parameters.loadings @ turn))
    np.testing.assert_allclose(one.loadings, other.loadings, atol=1e-10)
    np.testing.assert_allclose(one.dense(), parameters.dense(), atol=1e-12)
    inner = one.loadings.transpose(0, 2, 1) @ (one.loadings / one.noise[:, :, None])
    for matrix in inner:
        np.testing.assert_allclose(matrix, np.diag(np.diag(matrix)), atol=1e-10)
        assert (np.diff(np.diag(matrix)) < 0).all()


def test_margins_and_conditionals_are_those_of_dense_covariances() -> None:
    family, parameters, rows = drawn(11)
    own, told = family.in_user_units(parameters)
    chosen = [4, 0, 2]
    _, part = factor_marginal(own, told, chosen)
    dense = told.dense()
    np.testing.assert_allclose(part.dense(), dense[:, chosen][:, :, chosen], atol=1e-12)
    given, rest, values = [1, 5], [0, 2, 3, 4, 6], rows[0, [1, 5]]
    _, left = factor_conditional(own, told, given, rest, values)
    for k in range(K):
        back = dense[k][np.ix_(rest, given)] @ np.linalg.inv(dense[k][np.ix_(given, given)])
        mean = told.means[k, rest] + back @ (values - told.means[k, given])
        np.testing.assert_allclose(left.means[k], mean, atol=1e-10)
        remaining = dense[k][np.ix_(rest, rest)] - back @ dense[k][np.ix_(given, rest)]
        np.testing.assert_allclose(left.dense()[k], remaining, atol=1e-10)


def test_a_margin_of_one_column_is_gaussian() -> None:
    family, parameters, _ = drawn(11)
    own, told = family.in_user_units(parameters)
    plain, part = factor_marginal(own, told, [3])
    assert plain.name == "gaussian"
    np.testing.assert_allclose(part.covariance.covariances().ravel(), told.dense()[:, 3, 3])


def test_merging_losses_are_those_of_dense_covariances() -> None:
    family, parameters, rows = drawn(12)
    counts = np.array([10.0, 20.0, 30.0])
    _, moments = swept(family, parameters, rows)
    first, other = np.nonzero(~np.eye(K, dtype=bool))
    moments = replace(moments, effective_rows=counts)
    found = family.merging_losses(parameters, moments, (first, other))
    dense = parameters.dense()
    volumes = np.linalg.slogdet(dense)[1]
    for i, j, own in zip(first, other, found, strict=True):
        share = counts[j] / (counts[i] + counts[j])
        gap = parameters.means[i] - parameters.means[j]
        joint = (1 - share) * dense[i] + share * dense[j]
        joint += share * (1 - share) * np.outer(gap, gap)
        loss = (counts[i] + counts[j]) * np.linalg.slogdet(joint)[1]
        loss = 0.5 * (loss - counts[i] * volumes[i] - counts[j] * volumes[j])
        assert own == pytest.approx(loss, rel=1e-9)


def test_a_start_finds_the_axes_of_a_scatter_by_a_sketch() -> None:
    rng = np.random.default_rng(13)
    n_columns = 200
    loadings = 3.0 * rng.normal(size=(n_columns, Q))
    rows = rng.normal(size=(300, Q)) @ loadings.T + rng.normal(size=(300, n_columns))
    form = factor_structure("UUU", Q)
    family = FactorAnalyserFamily.of(form, rows.mean(axis=0), rows.std(axis=0))
    assert directions(n_columns, Q).shape[0] < n_columns
    evaluator = family.unbound(1)
    totals = evaluator.zeros()
    tile = family.prepare(rows, family.workspace(len(rows)))
    evaluator.accumulate(tile, np.ones((1, len(rows))), totals)
    moments = family.moments(evaluator.sums(totals), None, None)
    found = family.maximise(moments, None, FactorPrior(family.floor))
    _, axes = np.linalg.eigh(np.cov((rows / rows.std(axis=0)).T))
    scaled = found.loadings[0] / rows.std(axis=0)[:, None]
    kept = np.linalg.norm(axes[:, -Q:].T @ np.linalg.qr(scaled)[0], ord=2) ** 2
    assert kept > 0.99


def test_components_without_rows_keep_what_they_are() -> None:
    family, parameters, rows = drawn(14)
    _, moments = swept(family, parameters, rows)
    rows_left = moments.effective_rows * np.array([1.0, 0.0, 1.0])
    empty = replace(
        moments,
        effective_rows=rows_left,
        scatter=moments.scatter * np.array([1.0, 0.0, 1.0])[:, None],
        crossed=moments.crossed * np.array([1.0, 0.0, 1.0])[:, None, None],
    )
    found = family.maximise(empty, parameters, FactorPrior(family.floor))
    for name in ("means", "noise"):
        np.testing.assert_array_equal(getattr(found, name)[1], getattr(parameters, name)[1])
    assert np.isfinite(found.loadings).all()


def test_a_noise_variance_that_reaches_zero_is_an_error_without_a_floor() -> None:
    family, parameters, rows = drawn(15)
    rows[:, 2] = rows[:, 0]
    parameters = replace(parameters, noise=np.full((K, D), 1e-13))
    with pytest.raises(ParameterError, match=r"noise variance of column \d reaches zero"):
        for _ in range(200):
            _, moments = swept(family, parameters, rows)
            parameters = family.maximise(moments, parameters, FactorPrior(np.zeros(D)))


@pytest.mark.parametrize("code", CODES)
def test_a_chart_goes_there_and_back_and_has_the_gradient_of_differences(code: str) -> None:
    family, parameters, rows = drawn(16, code)
    floor, log_weights = np.zeros(D), np.log([0.2, 0.5, 0.3])
    chart = FactorChart.about(
        family.structure, np.full(K, -np.log(K)), parameters, np.array([10.0, 20.0, 30.0]), floor
    )
    point = 0.3 * np.random.default_rng(1).normal(
        size=len(chart.coordinates(log_weights, parameters))
    )
    there = chart.at(point)
    assert there is not None
    back = chart.at(chart.coordinates(*there))
    assert back is not None
    np.testing.assert_allclose(back[0], there[0], atol=1e-12)
    for name in ("means", "loadings", "noise"):
        np.testing.assert_allclose(
            getattr(back[1], name), getattr(there[1], name), rtol=1e-9, atol=1e-12
        )

    def likelihood(at: np.ndarray) -> tuple[float, tuple[np.ndarray, FactorParameters], object]:
        weights, own = chart.at(at)
        evaluator = family.bind(weights, own)
        tile, out = family.prepare(rows, family.workspace(N)), np.empty((K, N))
        evaluator.log_density(tile, out)
        totals = evaluator.zeros()
        shares = np.exp(out - logsumexp(out, axis=0))
        evaluator.accumulate(tile, shares, totals)
        moments = family.moments(evaluator.sums(totals), own, None)
        return float(logsumexp(out, axis=0).sum()), (weights, own), moments

    _, (weights, own), moments = likelihood(point)
    target = np.log(moments.effective_rows / N)
    found = chart.gradient(weights, target, float(N), own, moments, moments)
    step = 1e-5
    for place in range(len(point)):
        move = step * (np.arange(len(point)) == place)
        slope = (likelihood(point + move)[0] - likelihood(point - move)[0]) / (2 * step)
        assert found[place] == pytest.approx(slope, abs=2e-5)
