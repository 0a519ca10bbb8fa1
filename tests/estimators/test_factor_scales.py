"""`FactorAnalyserMixture` in columns of any scale whose variances are numbers, and of no other."""

import numpy as np
import pytest

from mixtura import DataError, FactorAnalyserMixture, select


def rows_of(seed: int) -> np.ndarray:
    """Return two groups of rows in four columns that one factor moves."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(300, 1)) * [1.0, 0.8, 0.6, 0.9] + 0.7 * rng.normal(size=(300, 4))
    rows[:150] += 4.0
    return rows


@pytest.mark.parametrize("power", [-478, 495])
def test_the_scale_of_columns_moves_the_likelihood_by_its_jacobian(
    power: int, fresh_seed: int
) -> None:
    rows = rows_of(fresh_seed)
    plain, scaled = (
        FactorAnalyserMixture(2, n_factors=1, random_state=0).fit(np.ldexp(rows, by))
        for by in (0, power)
    )
    likelihood = plain.log_likelihood_ - rows.size * power * np.log(2)
    # What each may leave to gain by the default rule.
    left = 2 * (1e-3 + 1e-9 * abs(scaled.log_likelihood_))
    assert scaled.log_likelihood_ == pytest.approx(likelihood, abs=left)
    told = scaled.score_samples(np.ldexp(rows, power)).sum()
    assert told == pytest.approx(scaled.log_likelihood_, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-160, 1e160])
def test_columns_whose_variances_are_beyond_numbers_are_refused(
    scale: float, fresh_seed: int
) -> None:
    rows = rows_of(fresh_seed)
    rows[:, 1] *= scale
    with pytest.raises(DataError, match=r"column 1: .* variances are beyond numbers"):
        FactorAnalyserMixture(2, n_factors=1).fit(rows)
    with pytest.raises(DataError, match=r"column 1: .* variances are beyond numbers"):
        select(rows, [2], ["UUU"], family="factor_analyser", n_factors=1)
