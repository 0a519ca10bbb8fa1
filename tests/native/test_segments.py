"""Compiled M-steps of gamma densities and negative binomials, against plain SciPy and the laws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, logsumexp, psi, softmax

from mixtura import GammaMixture, MixedMixture, NegativeBinomialMixture
from mixtura.components.compiled import PLAIN
from mixtura.components.count_tables import Overdispersed
from mixtura.components.gamma import GammaFamily
from mixtura.components.negative_binomial import NegativeBinomialFamily
from mixtura.data import ArrayRows
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial


def amounts(seed, n_rows=200):
    rng = np.random.default_rng(seed)
    return rng.gamma([0.3, 4.0, 90.0], [2.0, 1e3, 1e-4], (n_rows, 3))


def counts(seed, n_rows=200):
    """Return counts that vary much, as a Poisson's, less, and next to none."""
    rng = np.random.default_rng(seed)
    much = rng.poisson(rng.gamma(0.7, 20.0, n_rows))
    return np.stack(
        [much, rng.poisson(3.0, n_rows), rng.binomial(4, 0.9, n_rows), rng.random(n_rows) < 0.1],
        axis=1,
    ).astype(float)


def wide_counts(seed, n_rows=400):
    """Return counts up to many thousands, nearly all distinct, some of them 0."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma([0.05, 0.7, 3.0, 200.0], [4e5, 2e3, 5e2, 50.0], (n_rows, 4))
    return rng.poisson(rates).astype(float)


def shares(seed, n_rows=200):
    return np.random.default_rng(seed).dirichlet([1.0, 0.5, 2.0], n_rows)


def started(family, rows, responsibilities):
    """Return the compiled M-step from responsibilities."""
    sweep = Sweep(family.reading(rows), ArrayRows(rows, None), Serial())
    return sweep.kernel.start(responsibilities, PLAIN)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gaps", [False, True])
def test_gamma_shapes_solve_their_equation(seed, gaps):
    rows, r = amounts(seed), shares(seed)
    if gaps:
        rows[np.random.default_rng(seed).random(rows.shape) < 0.2] = np.nan
    _, found = started(GammaFamily(3), rows, r)
    known = r[:, :, None] * ~np.isnan(rows)[:, None]
    total = known.sum(axis=0)
    means = np.nansum(known * rows[:, None], axis=0) / total
    logs = np.nansum(known * np.log(rows)[:, None], axis=0) / total
    assert_allclose(np.log(found.shapes) - psi(found.shapes), np.log(means) - logs, rtol=1e-8)
    assert_allclose(found.shapes / found.rates, means, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("drawn", [counts, wide_counts])
def test_negative_binomial_sizes_are_where_a_search_puts_them(seed, drawn):
    rows = drawn(seed)
    r = shares(seed, len(rows))
    _, found = started(NegativeBinomialFamily(4), rows, r)
    means = r.T @ rows / r.sum(axis=0)[:, None]
    assert_allclose(found.means, means, rtol=1e-12)
    spread = r.T @ rows**2 / r.sum(axis=0)[:, None] - means**2
    assert (np.isinf(found.sizes) == (spread <= means)).all()
    for k, j in np.argwhere(np.isfinite(found.sizes) & (found.sizes < 1e4)):

        def cost(log_size, k=k, j=j):
            size = np.exp(log_size)
            logs = stats.nbinom(size, size / (size + means[k, j])).logpmf(rows[:, j])
            return -float(r[:, k] @ logs)

        there = np.log(found.sizes[k, j])
        best = minimize_scalar(cost, bounds=(there - 3.0, there + 3.0), method="bounded")
        assert cost(there) <= best.fun + 1e-9 * abs(best.fun)


def nbinom_logs(rows, parameters):
    """Return log f_k(x_j) (K, n, D) by SciPy, 0 where a cell is missing."""
    sizes = np.minimum(parameters.sizes, 1e9)[:, None]
    means = parameters.means[:, None]
    return np.nan_to_num(stats.nbinom(sizes, sizes / (sizes + means)).logpmf(rows), nan=0.0)


@pytest.mark.parametrize("drawn", [counts, wide_counts])
@pytest.mark.parametrize("gaps", [False, True])
def test_a_sweep_looks_up_what_plain_numpy_computes(drawn, gaps):
    rows = drawn(7)
    rng = np.random.default_rng(7)
    if gaps:
        rows[rng.random(rows.shape) < 0.2] = np.nan
        rows = rows[~np.isnan(rows).all(axis=1)]
    excluded = rng.random((3, len(rows))) < 0.1
    excluded[0] = False
    sweep = Sweep(NegativeBinomialFamily(4).reading(rows), ArrayRows(rows, None), Serial())
    log_weights, parameters = sweep.kernel.start(shares(7, len(rows)), PLAIN)
    densities = nbinom_logs(rows, parameters).sum(axis=2) + log_weights[:, None]
    expected = softmax(np.where(excluded, -np.inf, densities), axis=0)
    found = sweep.kernel.excluding(excluded).responsibilities(log_weights, parameters)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
    _, again = sweep.kernel.start(found.T, PLAIN)
    known = ~np.isnan(rows)
    means = (found @ np.nan_to_num(rows)) / (found @ known)
    assert_allclose(again.means, means, rtol=1e-11)


@pytest.mark.parametrize("seed", range(10))
def test_no_search_of_scipy_goes_beyond_the_end_of_a_run(seed, fresh_seed):
    """Of all parameters together, from where the fit ended, for sizes from 0.05 to 1e4."""
    rng = np.random.default_rng(fresh_seed + seed)
    n_components, n_columns, n_rows = 1 + seed % 4, int(rng.integers(1, 7)), 300
    means = np.exp(rng.uniform(0, 8, n_columns) + rng.normal(0, 1, (n_components, n_columns)))
    sizes = np.exp(rng.uniform(np.log(0.05), np.log(1e4), means.shape))
    label = rng.integers(0, n_components, n_rows)
    rows = rng.poisson(rng.gamma(sizes[label], (means / sizes)[label])).astype(float)
    fit = NegativeBinomialMixture(n_components, prior=None, random_state=0).fit(rows)
    objective = np.array(fit.history_.objective)
    assert (np.diff(objective) >= -1e-11 * np.abs(objective[1:])).all()
    free = np.isfinite(fit.sizes_)

    def cost(point):
        log_weights, rest = np.split(point, [n_components])
        log_means, log_sizes = np.split(rest, [means.size])
        own = np.full(means.shape, np.inf)
        own[free] = np.exp(log_sizes)
        found = Overdispersed(np.exp(log_means.reshape(means.shape)), own)
        logs = nbinom_logs(rows, found).sum(axis=2) + log_softmax(log_weights)[:, None]
        return -float(logsumexp(logs, axis=0).sum())

    tiny = 1e-12
    numbers = fit.weights_, np.maximum(fit.means_, tiny).ravel(), fit.sizes_[free]
    point = np.log(np.concatenate(numbers))
    best = minimize(cost, point, method="L-BFGS-B", options={"maxiter": 15})
    # What the rule leaves to gain, and SciPy's masses of sizes without end.
    assert -best.fun <= fit.log_likelihood_ + 0.02


CASES = {
    "gamma": (
        GammaMixture,
        amounts,
        lambda m: stats.gamma(m.shapes_[:, None], scale=1.0 / m.rates_[:, None]).logpdf,
    ),
    "negative_binomial": (
        NegativeBinomialMixture,
        lambda seed: counts(seed)[:, :2],
        lambda m: (
            stats.nbinom(
                np.minimum(m.sizes_, 1e9)[:, None],
                np.minimum(m.sizes_, 1e9)[:, None]
                / (np.minimum(m.sizes_, 1e9) + m.means_)[:, None],
            ).logpmf
        ),
    ),
}
every_case = pytest.mark.parametrize("case", CASES)


@every_case
def test_compiled_runs_end_where_the_densities_of_scipy_say(case):
    make, drawn, logs_of = CASES[case]
    rows = drawn(4)
    model = make(2, prior=None, random_state=0).fit(rows)
    logs = logs_of(model)(rows).sum(axis=2).T + np.log(model.weights_)
    assert_allclose(model.log_likelihood_, logsumexp(logs, axis=1).sum(), rtol=1e-6)
    assert model.history_.certificate.gradient_norm < 0.1


@every_case
def test_the_general_loop_ends_where_compiled_runs_do(case, monkeypatch):
    """Where the ends of searches differ, each goes on from the other's and is no better."""
    make, drawn, _ = CASES[case]
    rows = drawn(5)
    compiled = make(2, tol=1e-7, random_state=0).fit(rows)
    family = type(compiled.mixture_.family)
    monkeypatch.setattr(family, "segments", lambda self: None)
    general = make(2, tol=1e-7, random_state=0)
    general.set_params(responsibilities_init=compiled.predict_proba(rows)).fit(rows)
    assert_allclose(general.log_likelihood_, compiled.log_likelihood_, atol=1e-5)
    assert_allclose(general.weights_, compiled.weights_, atol=1e-3)


@every_case
def test_the_same_bits_for_any_number_of_threads(case):
    make, drawn, _ = CASES[case]
    rows = drawn(6)
    fits = [make(2, n_jobs=jobs, random_state=0).fit(rows) for jobs in (1, 2, 8)]
    assert len({model.log_likelihood_ for model in fits}) == 1


def test_blocks_of_them_beside_gaussian_columns_are_compiled():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 150)
    rows = np.column_stack(
        [
            rng.normal(3.0 * label, 1.0),
            rng.gamma(2.0 + 3.0 * label),
            rng.poisson(rng.gamma(2.0, 1.0 + 3.0 * label)),
        ]
    )
    blocks = {"gaussian": [0], "gamma": [1], "negative_binomial": [2]}
    model = MixedMixture(2, blocks, random_state=0).fit(rows)
    family = model.mixture_.family
    sweep = Sweep(family.reading(rows), ArrayRows(rows, None), Serial())
    assert sweep.kernel is not None
    objective = np.array(model.history_.objective)
    assert (np.diff(objective) >= -1e-9 * np.abs(objective[1:])).all()
    assert_allclose(model.log_likelihood_, model.score_samples(rows).sum(), rtol=1e-9)
