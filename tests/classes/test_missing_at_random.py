"""Little's test: by direct maximisation, and where cells go with what others say."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import minimize

from mixtura import DataError, little_test


def gappy(seed, n_rows=80, share=0.2):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, 3)) @ [[1.0, 0.5, 0.2], [0.0, 1.0, -0.4], [0.0, 0.0, 2.0]] + 3
    return np.where(rng.random(rows.shape) < share, np.nan, rows)


def patterns(rows):
    known = ~np.isnan(rows)
    for mask in np.unique(known, axis=0):
        if mask.any():
            yield mask, rows[(known == mask).all(axis=1)][:, mask]


def likeliest(rows):
    """Return mean and covariance by SciPy, over a Cholesky factor."""
    n = rows.shape[1]
    lower = np.tril_indices(n)

    def parted(point):
        factor = np.zeros((n, n))
        factor[lower] = point[n:]
        return point[:n], factor @ factor.T

    def loss(point):
        mean, covariance = parted(point)
        return -sum(
            stats.multivariate_normal(mean[mask], covariance[np.ix_(mask, mask)]).logpdf(own).sum()
            for mask, own in patterns(rows)
        )

    start = np.r_[np.nanmean(rows, axis=0), np.diag(np.nanstd(rows, axis=0))[lower]]
    return parted(minimize(loss, start, method="BFGS", options={"gtol": 1e-6}).x)


def test_the_statistic_is_littles_by_direct_maximisation():
    rows = gappy(0)
    mean, covariance = likeliest(rows)
    expected = df = 0
    for mask, own in patterns(rows):
        off = own.mean(axis=0) - mean[mask]
        expected += len(own) * off @ np.linalg.inv(covariance[np.ix_(mask, mask)]) @ off
        df += mask.sum()
    found = little_test(pd.DataFrame(rows, columns=["a", "b", "c"]))
    assert found.statistic == pytest.approx(expected, rel=1e-5)
    assert found.df == df - 3
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, df - 3), rel=1e-4)
    assert found.n == (~np.isnan(rows)).any(axis=1).sum()
    assert "Little's d²" in str(found)


def test_weights_are_rows_given_more_than_once():
    rows = gappy(1)
    weights = np.random.default_rng(2).integers(0, 4, len(rows))
    twice = little_test(np.repeat(rows, weights, axis=0))
    found = little_test(rows, weights)
    assert found.statistic == pytest.approx(twice.statistic, rel=1e-6)
    assert (found.df, found.n_patterns, found.n) == (twice.df, twice.n_patterns, twice.n)


def test_at_random_p_values_are_even_and_else_they_are_small():
    even = [little_test(gappy(seed, 300)).p_value for seed in range(40)]
    assert 0.3 < np.mean(even) < 0.7
    rows = gappy(3, 300, 0.0)
    rows[rows[:, 0] > 3.5, 1] = np.nan
    assert little_test(rows).p_value < 1e-6


def test_rows_that_have_the_same_cells_are_refused():
    with pytest.raises(DataError, match="all rows have the same cells"):
        little_test(gappy(4, share=0.0))


@pytest.mark.parametrize("size", [1e-200, 1e-9, 1e150, 1e200])
def test_units_change_nothing(size):
    rows = gappy(5)
    plain, found = little_test(rows), little_test(rows * [size, 1.0, 1 / size])
    assert found.statistic == pytest.approx(plain.statistic, rel=1e-5)
    assert found.df == plain.df


def test_columns_that_are_never_known_together_tell_nothing():
    rows = np.random.default_rng(6).normal(size=(90, 3))
    with pytest.raises(DataError, match="known in rows of two patterns"):
        little_test(np.where(np.arange(90)[:, None] % 3 == np.arange(3), rows, np.nan))


@pytest.mark.parametrize("rows", [gappy(7)[:, [0, 1, 2, 0]], gappy(8)[:4]])
def test_columns_that_follow_from_others_are_refused_by_what_to_do(rows):
    with pytest.raises(DataError, match="leave out columns that follow from others"):
        little_test(rows)
