"""Sums about the origin are taken again where too few digits of the scatter are left."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from mixtura import GaussianMixture
from mixtura.components.gaussian.covariance import FullCovariance, factors_of
from mixtura.components.gaussian.digits import lost_digits, rounding_of
from mixtura.components.gaussian.parameters import GaussianMoments, GaussianParameters
from mixtura.components.gaussian.structures import CODES, STRUCTURES

OWN_SHAPE = [code for code in CODES if code[1] == "V"]


def moments_about_origin(rows, exact, code):
    """Return moments of K parts (K, n, 2) by sums about the origin, and their exact scatter."""
    form = STRUCTURES[code]
    counts = np.full(len(rows), float(rows.shape[1]))
    means = rows.mean(axis=1)
    second = rows.transpose(0, 2, 1) @ rows
    scatter = second - counts[:, None, None] * means[:, :, None] * means[:, None, :]
    if form.storage != "full":
        scatter, exact = (np.einsum("kdd->kd", each) for each in (scatter, exact))
    if form.features == "linear":
        scatter, exact = scatter.sum(axis=0), exact.sum(axis=0)
    return GaussianMoments(counts, means, scatter, form.features == "linear"), exact


def exact_scatter(part):
    columns = [[Fraction(float(value)) for value in column] for column in part.T]
    centred = [[value - sum(column) / len(column) for value in column] for column in columns]
    return [
        [float(sum(a * b for a, b in zip(one, other, strict=True))) for other in centred]
        for one in centred
    ]


@cache
def parts_at(offset, squeeze, seed):
    """Return two clusters at ± offset, narrow across a slant by `squeeze`, and their scatter."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(2, 2)))[0]
    rows = rng.normal(size=(2, 40, 2)) * [1.0, squeeze] @ turn
    rows += offset * np.array([[[1.0, 0.7]], [[-1.0, -0.7]]])
    return rows, np.array([exact_scatter(part) for part in rows])


@pytest.mark.parametrize("squeeze", [1.0, 1e-3])
@pytest.mark.parametrize("code", CODES)
def test_what_counts_as_kept_is_right_to_six_digits(code, squeeze):
    verdicts = set()
    for exponent in range(28):
        moments, exact = moments_about_origin(*parts_at(2.0**exponent, squeeze, exponent), code)
        lost = lost_digits(moments, STRUCTURES[code], np.ones(2, dtype=bool), 1e8)
        verdicts.add(lost)
        if lost:
            assert 2.0**exponent / squeeze > 1e3
            continue
        error = np.abs(moments.scatter - exact)
        if code in OWN_SHAPE and exact.ndim == 3:
            relative = np.linalg.eigvals(np.linalg.solve(exact, moments.scatter))
            assert np.abs(relative - 1).max() < 1e-6
        elif exact.ndim > 1 and moments.pooled:
            assert np.abs(np.linalg.eigvals(np.linalg.solve(exact, error))).max() < 1e-6
        else:
            assert error.max() < 1e-6 * np.abs(exact).max()
    assert verdicts == {True, False}


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_lost_of_components_at_the_origin_or_centred_already(code):
    rows, exact = parts_at(0.0, 1e-6, 1)
    moments, _ = moments_about_origin(rows - rows.mean(axis=1, keepdims=True), exact, code)
    assert not lost_digits(moments, STRUCTURES[code], np.ones(2, dtype=bool), 1e8)
    if not moments.pooled:
        far, _ = moments_about_origin(*parts_at(2.0**27, 1.0, 1), code)
        far.effective_rows[1] = 0.0
        assert lost_digits(far, STRUCTURES[code], np.array([True, False]), 1e8)
        assert not lost_digits(far, STRUCTURES[code], np.array([False, True]), 1e8)


@pytest.mark.parametrize("code", OWN_SHAPE)
def test_equal_rows_away_from_the_origin_have_lost_everything(code):
    rows = np.full((2, 5, 2), 3.0) * [[[1.0]], [[-1.0]]]
    moments, _ = moments_about_origin(rows, np.zeros((2, 2, 2)), code)
    assert lost_digits(moments, STRUCTURES[code], np.ones(2, dtype=bool), 1e8)


def roughness(covariances, scale=(1.0, 1.0)):
    """Return what rounding costs a hundred rows about the origin, in eps."""
    covariance = FullCovariance(factors_of(covariances)).scaled(np.array(scale))
    parameters = GaussianParameters(np.zeros(covariances.shape[:2]), covariance)
    nothing = np.zeros(covariances.shape[1])
    rows = np.full(len(covariances), 100.0)
    return rounding_of(parameters, rows, nothing) / np.finfo(np.float64).eps


@pytest.mark.parametrize("correlation", [0.0, 0.9, 1 - 1e-6, 1 - 1e-13])
def test_a_factor_is_as_rough_as_columns_explain_each_other(correlation):
    matrix = np.array([[[1.0, correlation], [correlation, 1.0]]])
    inflation = 1 / ((1 - correlation) * (1 + correlation))
    assert roughness(matrix) == pytest.approx(2 * 100 * inflation, rel=1e-2)
    assert roughness(matrix, [1e-9, 1e6]) == pytest.approx(2 * 100 * inflation, rel=1e-2)


@pytest.mark.parametrize("seed", range(20))
def test_rows_on_a_line_but_for_their_last_digits_are_fitted_to_an_end(seed):
    # No step of the loop may be told a fall that is only how such a covariance rounds.
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(60, 2))
    slant = rng.normal(size=2)
    near = rng.normal(size=2) + rng.normal(size=(3, 1)) * slant
    rows[:3] = near + rng.normal(size=(3, 2)) * 10.0 ** rng.uniform(-9, -6)
    memberships = np.zeros((60, 2))
    memberships[:3, 0], memberships[3:, 1] = 1.0, 1.0
    model = GaussianMixture(2, responsibilities_init=memberships).fit(rows)
    assert np.isfinite(model.log_likelihood_)
