"""Groups of any number of rows and columns are fitted as few and as many are."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura import GaussianMixture, fit_by

SIZES = np.arange(40, 80)


def drawn(width, seed):
    """Return rows (N, D) of two clusters in each group, and the group of each row."""
    rng = np.random.default_rng([seed, width])
    by = np.repeat(np.arange(len(SIZES)), rng.permutation(SIZES))
    return rng.normal(size=(len(by), width)) + 4 * rng.integers(2, size=(len(by), 1)), by


@pytest.mark.parametrize("width", [1, 2, 4, 6])
def test_the_likelihood_is_that_of_scipy_whatever_the_numbers_of_rows_and_columns(
    width, fresh_seed
):
    rows, by = drawn(width, fresh_seed)
    found = fit_by(GaussianMixture(2, random_state=0), rows, by)
    fitted = [group for group in found if group in found]
    assert len(fitted) > 0.9 * len(SIZES)
    for group in fitted:
        mixture = found[group]
        covariances = mixture.parameters.covariance.dense()
        logs = [
            np.log(mixture.weights[k])
            + multivariate_normal(mixture.parameters.means[k], covariances[k]).logpdf(
                rows[by == group]
            )
            for k in range(2)
        ]
        told = found.log_likelihood[found.groups.index(group)]
        np.testing.assert_allclose(logsumexp(logs, axis=0).sum(), told, rtol=1e-10)


def test_what_a_group_ends_in_does_not_hang_on_the_order_of_its_rows(fresh_seed):
    rows, by = drawn(2, fresh_seed)
    order = np.random.default_rng(fresh_seed).permutation(len(by))
    one, other = (
        fit_by(GaussianMixture(2, random_state=0), rows[some], by[some])
        for some in (slice(None), order)
    )
    # Ends are reached within a thousandth of a nat.
    np.testing.assert_allclose(one.log_likelihood, other.log_likelihood, atol=5e-3)
