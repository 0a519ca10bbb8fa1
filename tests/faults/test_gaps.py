"""Rows with missing cells where a column, or a component of it, says next to nothing."""

import warnings
from typing import Any

import mpmath
import numpy as np
import pytest

from mixtura import DataError, GaussianMixture, ParameterError, select

pytestmark = pytest.mark.drawn(4)


def rows_where_only_those_without_weight_have(column: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(30, 3)), np.ones(30)
    rows[:20, column], weights[20:] = np.nan, 0.0
    return rows, weights


@pytest.mark.parametrize("constant", ["error", "drop"])
@pytest.mark.parametrize("code", ["full", "diag", "spherical", "VEV"])
def test_row_5_a_column_that_no_row_of_weight_has_is_named(code: str, constant: str) -> None:
    rows, weights = rows_where_only_those_without_weight_have(1)
    model = GaussianMixture(2, covariance_type=code, missing="marginal", constant=constant)
    if constant == "error":
        with pytest.raises(DataError, match="column 1 is missing in every row"):
            model.fit(rows, sample_weight=weights)
        return
    with pytest.warns(match="column 1: all rows hold one value, or none"):
        model.fit(rows, sample_weight=weights)
    rows[:, 0] = 1.0
    with pytest.raises(DataError, match="column 1"), warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(n_components=1).fit(rows[:, :2], sample_weight=weights)


def test_a_search_names_a_column_that_no_row_of_weight_has() -> None:
    rows, weights = rows_where_only_those_without_weight_have(2)
    with pytest.raises(DataError, match="column 2 is missing in every row"):
        select(rows, [1, 2], ["full", "VEV"], missing="marginal", sample_weight=weights)


@pytest.mark.parametrize("scale", [1e-300, 1e-250, 1e-100, 1e100, 1e250])
@pytest.mark.parametrize("code", ["VII", "EII"])
@pytest.mark.parametrize("gaps", [False, True])
def test_a_constant_column_takes_no_scale_from_the_others(
    code: str, gaps: bool, scale: float
) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 3)) + 6.0 * (np.arange(60)[:, None] % 2)
    rows[:, 2] = 0.5
    if gaps:
        rows[rng.random(rows.shape) < 0.2] = np.nan

    def fitted(own: Any) -> Any:
        model = GaussianMixture(2, covariance_type=code, missing="marginal", random_state=0)
        return model.fit(own)

    plain, scaled = fitted(rows), fitted(rows * scale)
    np.testing.assert_allclose(
        plain.predict_proba(rows), scaled.predict_proba(rows * scale), atol=1e-6
    )


@pytest.mark.parametrize("n_columns", [1, 2])
@pytest.mark.parametrize("code", ["VVI", "VII", "VVV"])
def test_row_29_a_component_that_shrinks_to_one_point_for_ever_is_refused(
    code: str, n_columns: int
) -> None:
    # Half of its rows lack each cell, so a sweep halves its variance, and never makes it 0.
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, n_columns))
    rows[:40] = 50.0
    rows[rng.random(rows.shape) < 0.5] = np.nan
    start = np.array([[50.0] * n_columns, [0.0] * n_columns])
    model = GaussianMixture(
        2, covariance_type=code, missing="marginal", prior=None, max_iter=9999, means_init=start
    )
    with pytest.raises(ParameterError, match="ill-defined empirical covariance"):
        model.fit(rows)


def normal_log_density(rows: Any, mean: Any, covariance: Any) -> float:
    """Return Σ log N(x_o | μ_o, Σ_oo) by 60 digits, from cells and parameters as they are."""
    total = mpmath.mpf(0)
    with mpmath.workdps(60):
        for row in rows:
            seen = np.flatnonzero(~np.isnan(row)).tolist()
            if not seen:
                continue
            own = mpmath.matrix([[covariance[i, j] for j in seen] for i in seen])
            apart = mpmath.matrix([mpmath.mpf(row[j]) - mpmath.mpf(mean[j]) for j in seen])
            form = (apart.T * mpmath.lu_solve(own, apart))[0]
            total -= form + mpmath.log(mpmath.det(own)) + len(seen) * mpmath.log(2 * mpmath.pi)
    return float(total / 2)


@pytest.mark.parametrize("code", ["full", "EVV"])
@pytest.mark.parametrize("width", [1e-2, 1e-3, 1e-4, 1e-5])
def test_the_likelihood_of_a_thin_fit_has_its_digits(code: str, width: float) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(80, 4))
    rows[:, 3] = rows[:, :3].sum(axis=1) + width * rng.normal(size=80)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    model = GaussianMixture(1, covariance_type=code, missing="marginal", prior=None, tol=1e-9)
    model.fit(rows)
    assert model.log_likelihood_ == pytest.approx(model.score_samples(rows).sum(), rel=1e-9)
    lower = np.linalg.inv(model.precisions_cholesky_[0]).T
    with mpmath.workdps(60):
        exact = mpmath.matrix(lower.tolist())
        covariance = np.array((exact * exact.T).tolist(), dtype=object)
    expected = normal_log_density(rows, model.means_[0], covariance)
    assert model.log_likelihood_ == pytest.approx(expected, rel=1e-9)
