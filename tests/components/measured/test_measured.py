"""Sweeps of rows measured with errors, against Gaussian algebra row by row in SciPy."""

from dataclasses import replace

import numpy as np
import pytest
from measured_problems import SERIAL, family_of, problem, started
from scipy.stats import multivariate_normal

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.measured.layout import Layout, lower_triangle, symmetric
from mixtura.data import ArrayRows
from mixtura.data.masks import MaskedRows
from mixtura.em.model import Model
from mixtura.em.sweep import Sweep
from mixtura.engines import engine_named

CASES = [
    (1, "VVV", True, 0.0),
    (2, "VVV", True, 0.2),
    (3, "VVV", True, 0.0),
    (3, "EVE", False, 0.2),
    (4, "EEE", False, 0.0),
    (4, "VVI", True, 0.2),
    (5, "VVV", True, 0.2),
    (9, "VVV", True, 0.1),
    (1, "VII", False, 0.2),
    (3, "VVI", False, 0.2),
    (4, "EII", False, 0.0),
    (7, "VVI", False, 0.1),
]


def expected(mean, covariance, cells, error):
    """Return log density, mean and covariance of one underlying value, of what was measured."""
    seen = np.isfinite(np.diag(error))
    if not seen.any():
        return 0.0, mean, covariance
    both = (covariance + np.where(np.isfinite(error), error, 0.0))[np.ix_(seen, seen)]
    log_density = multivariate_normal.logpdf(cells[seen], mean[seen], both)
    gain = np.linalg.solve(both, covariance[seen]).T
    rest = covariance - gain @ covariance[seen]
    return log_density, mean + gain @ (cells[seen] - mean[seen]), rest


def by_rows(mixture, cells, errors):
    """Return log densities (n, K), means (n, K, D) and covariances (n, K, D, D)."""
    means, covariances = mixture
    found = [
        [expected(mean, cov, x, error) for mean, cov in zip(means, covariances, strict=True)]
        for x, error in zip(cells, errors, strict=True)
    ]
    return tuple(np.array([[one[part] for one in row] for row in found]) for part in range(3))


@pytest.mark.parametrize(("n_columns", "code", "has_covariances", "missing"), CASES)
def test_a_sweep_finds_what_gaussian_algebra_says_of_every_row(
    n_columns, code, has_covariances, missing
):
    cells, errors, weights = problem(n_columns, has_covariances, missing)
    family = family_of(code, cells, errors)
    sweep, model = started(family, cells, errors, weights)
    own, parameters = family.in_user_units(model.parameters)
    matrices = own.layout.covariances(own.layout.joined(cells, errors))
    dense = parameters.covariance.dense()
    log_density, means, rests = by_rows((parameters.means, dense), cells, matrices)
    rows = own.layout.joined(cells, errors)
    np.testing.assert_allclose(own.row_log_density(rows, parameters), log_density, rtol=1e-10)

    joint = log_density + model.log_weights
    totals = np.logaddexp.reduce(joint, axis=1)
    shares = np.exp(joint - totals[:, None]) * weights[:, None]
    found = sweep([model])[0]
    assert found.log_likelihood == pytest.approx(weights @ totals, rel=1e-12)
    np.testing.assert_allclose(found.moments.effective_rows, shares.sum(axis=0), rtol=1e-10)
    centres = np.einsum("nk,nkd->kd", shares, means) / shares.sum(axis=0)[:, None]
    np.testing.assert_allclose(family.frame.leave(found.moments.means), centres, rtol=1e-11)
    apart = means - centres
    scatter = np.einsum("nk,nki,nkj->kij", shares, apart, apart)
    scatter += np.einsum("nk,nkij->kij", shares, rests)
    if found.moments.scatter.ndim == 2:
        scatter = np.diagonal(scatter, axis1=1, axis2=2)
    size = np.abs(scatter).max()
    np.testing.assert_allclose(found.moments.scatter, scatter, rtol=1e-9, atol=1e-11 * size)
    told = family.expected_log_density(model.parameters, found.moments)
    assert told == pytest.approx((shares * log_density).sum(), rel=1e-11)


@pytest.mark.parametrize(("n_columns", "code", "has_covariances", "missing"), CASES)
def test_given_responsibilities_and_those_of_a_sweep_leave_the_same_sums(
    n_columns, code, has_covariances, missing
):
    cells, errors, _ = problem(n_columns, has_covariances, missing)
    family = family_of(code, cells, errors)
    sweep, model = started(family, cells, errors, None)
    shares = sweep.responsibilities(model, 0.0)
    given = sweep.from_responsibilities(shares.toarray(), model.parameters)
    found = sweep([model])[0].moments
    np.testing.assert_allclose(given.effective_rows, found.effective_rows, rtol=1e-12)
    np.testing.assert_allclose(given.means, found.means, rtol=1e-10, atol=1e-12)
    size = np.abs(found.scatter).max()
    np.testing.assert_allclose(given.scatter, found.scatter, rtol=1e-10, atol=1e-12 * size)
    assert given.entropy == pytest.approx(found.entropy, rel=1e-10)


@pytest.mark.parametrize("code", ["VVV", "VVI"])
def test_rows_without_errors_are_swept_as_gaussian_rows(code):
    cells, errors, weights = problem(3, False, 0.0)
    family = family_of(code, cells, errors)
    sweep, model = started(family, cells, np.zeros_like(errors), weights)
    plain = Sweep(GaussianFamily(family.structure, family.frame), ArrayRows(cells, weights), SERIAL)
    found, same = sweep([model])[0], plain([model])[0]
    assert found.log_likelihood == pytest.approx(same.log_likelihood, rel=1e-13)
    np.testing.assert_allclose(found.moments.means, same.moments.means, atol=1e-12)
    np.testing.assert_allclose(found.moments.scatter, same.moments.scatter, rtol=1e-10, atol=1e-9)
    assert found.moments.entropy == pytest.approx(0.0, abs=1e-9)


def test_a_thin_component_keeps_its_digits_under_large_errors_and_small_ones():
    """Digits of a thin direction do not depend on how wide the others are."""
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    widths = np.array([1.0, 1e-2, 1e-4])
    cells = (rng.normal(size=(500, 3)) * widths) @ turn.T
    family = family_of("VVV", cells, np.empty((0, 3)))
    variances = np.full(cells.shape, 1e-10)
    sweep = Sweep(family, ArrayRows(family.layout.joined(cells, variances)), SERIAL)
    moments = sweep.from_responsibilities(np.ones((500, 1)))
    parameters = family.maximise(moments, None, sweep.prior("weak", 1))
    found = sweep([Model(np.zeros(1), parameters)])[0]
    own = turn.T @ found.moments.scatter[0] @ turn / 500
    covariance = np.cov(cells.T, bias=True) + 0.0
    gain = covariance @ np.linalg.inv(covariance + 1e-10 * np.eye(3))
    exact = turn.T @ (gain @ covariance @ gain.T + covariance - gain @ covariance) @ turn
    np.testing.assert_allclose(np.diag(own), np.diag(exact), rtol=1e-6)


def test_rows_are_excluded_from_components_and_several_mixtures_are_swept_at_once():
    cells, errors, weights = problem(3, True, 0.1)
    family = family_of("VVV", cells, errors)
    sweep, model = started(family, cells, errors, weights)
    rows = family.layout.joined(cells, errors)
    excluded = np.zeros((len(rows), 3), dtype=bool)
    excluded[::3, 1] = True
    codes = excluded[:, 1].astype(np.intp)
    masks = np.array([[False, False, False], [False, True, False]])
    masked = Sweep(family, MaskedRows(ArrayRows(rows, weights), codes, masks), SERIAL)
    own, parameters = family.in_user_units(model.parameters)
    joint = own.row_log_density(rows, parameters) + model.log_weights
    joint[excluded] = -np.inf
    found = masked([model])[0]
    totals = np.logaddexp.reduce(joint, axis=1)
    assert found.log_likelihood == pytest.approx(weights @ totals, rel=1e-12)
    shares = np.exp(joint - totals[:, None])
    np.testing.assert_allclose(found.moments.effective_rows, weights @ shares, rtol=1e-10)
    other = replace(model, log_weights=np.log([0.6, 0.3, 0.1]))
    together = sweep([model, other])
    for one, alone in zip(together, [sweep([model])[0], sweep([other])[0]], strict=True):
        assert one.log_likelihood == alone.log_likelihood
        np.testing.assert_array_equal(one.moments.scatter, alone.moments.scatter)


def test_any_engine_finds_the_same_bits():
    cells, errors, _ = problem(2, True, 0.1, n=9001)
    family = family_of("VVV", cells, errors)
    sweep, model = started(family, cells, errors, None)
    found = sweep([model])[0]
    for name, n_jobs in (("threads", 2), ("threads", 3), ("processes", 2)):
        engine = engine_named(name, n_jobs)
        with engine.session():
            other = Sweep(family, sweep.source, engine)([model])[0]
        assert other.log_likelihood == found.log_likelihood
        np.testing.assert_array_equal(other.moments.scatter, found.moments.scatter)


def test_a_row_is_cut_into_what_it_was_joined_from():
    cells, errors, _ = problem(4, True, 0.2)
    layout = Layout(4, True)
    rows = layout.joined(cells, errors)
    assert rows.shape == (131, layout.width) == (131, 14)
    np.testing.assert_array_equal(layout.cells(rows), cells)
    np.testing.assert_array_equal(layout.covariances(rows), errors)
    np.testing.assert_array_equal(layout.variances(rows), np.diagonal(errors, axis1=1, axis2=2))
    np.testing.assert_array_equal(symmetric(lower_triangle(errors), 4), errors)
    plain = Layout(4, False)
    variances = layout.variances(rows)
    both = plain.joined(cells, variances)
    np.testing.assert_array_equal(plain.variances(both), variances)
    np.testing.assert_array_equal(plain.covariances(both)[:, 2, 2], variances[:, 2])
