"""Parameters do not depend on what row weights add up to; likelihoods count them as rows."""

import numpy as np
import pytest

from mixtura import GaussianMixture, select

pytestmark = pytest.mark.drawn(4)

FACTORS = [1e-100, 1e-3, 0.3, 7.0, 1e6, 1e60, 1e200]


def rounded_rows(seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 260)
    rows = np.round(np.array([[0.0, 0.0], [0.5, 0.2], [0.9, 0.9]])[labels] * 2, 1)
    return rows + np.round(0.12 * rng.normal(size=(260, 2)), 1), rng.uniform(0.5, 2, 260)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", ["full", "diag", "VVE", "EVE"])
def test_a_fit_to_rounded_rows_is_the_same(name, factor):
    rows, weights = rounded_rows()
    one, other = (
        GaussianMixture(3, covariance_type=name, random_state=0).fit(rows, sample_weight=each)
        for each in (weights, factor * weights)
    )
    np.testing.assert_allclose(np.sort(other.weights_), np.sort(one.weights_), atol=1e-3)
    np.testing.assert_allclose(other.score_samples(rows), one.score_samples(rows), atol=0.01)
    assert other.log_likelihood_ == pytest.approx(factor * one.log_likelihood_, rel=1e-5)
    assert other.facts_["total_weight"] == pytest.approx(factor * weights.sum())


@pytest.mark.parametrize("factor", [1e-3, 0.5])
def test_a_warm_start_goes_on_as_with_weights_that_count(factor):
    rows = np.random.default_rng(1).normal(size=(300, 2))
    rows[:150] += 1.5
    ends = []
    for each in (1.0, factor):
        model = GaussianMixture(2, warm_start=True, max_iter=5, random_state=0)
        with pytest.warns(UserWarning, match="did not converge"):
            model.fit(rows, sample_weight=np.full(300, each))
        for _ in range(3):
            with np.testing.suppress_warnings() as quiet:
                quiet.filter(UserWarning)
                model.fit(rows, sample_weight=np.full(300, each))
        ends.append(model.log_likelihood_ / each)
    assert ends[1] == pytest.approx(ends[0], abs=1e-6)


@pytest.mark.parametrize("factor", [1e-3, 0.3])
def test_a_search_ranks_polishes_and_tells_in_the_units_of_its_weights(factor):
    rows, weights = rounded_rows(2)
    told = []
    found = select(
        rows,
        range(1, 4),
        ["EII", "VVI", "VVV"],
        sample_weight=factor * weights,
        random_state=0,
        progress=lambda candidate, _: told.append(candidate.result.bic),
    )
    assert found.best.result.ending.converged
    assert min(told) == pytest.approx(found.best.result.bic, abs=0.2)
    size = np.log(factor * weights.sum())
    result = found.result
    plain = -2 * (result.log_likelihood - result.excess) + result.n_parameters * size
    assert result.bic == pytest.approx(plain)
