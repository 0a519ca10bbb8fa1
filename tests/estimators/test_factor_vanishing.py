"""Factor analysers of which a component is a row or two: without a prior, noise has no end."""

import numpy as np
import pytest

from mixtura import FactorAnalyserMixture, ParameterError
from mixtura.components.factor_analyser.structures import CODES


@pytest.mark.drawn(3)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.filterwarnings("ignore::mixtura.MixturaWarning")
def test_noise_that_vanishes_is_an_error_in_words_or_a_fit(code: str, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    for _ in range(3):
        n_columns = int(rng.integers(2, 6))
        rows = rng.normal(size=(int(rng.integers(10, 25)), n_columns))
        rows = rows @ rng.normal(size=(n_columns, n_columns)) + rng.normal(size=n_columns)
        rows[: rng.integers(1, 3)] += rng.normal(0, 100, n_columns)
        model = FactorAnalyserMixture(
            int(rng.integers(2, 4)),
            covariance_type=code,
            n_factors=int(rng.integers(1, n_columns)),
            prior=None,
            max_iter=300,
            random_state=fresh_seed,
        )
        try:
            model.fit(rows)
        except ParameterError as error:
            told = str(error)
        else:
            told = ""
            assert np.isfinite(model.log_likelihood_)
            assert (model.noise_variances_ > 0).all()
        assert not told or "reaches zero" in told or "no scatter left" in told


@pytest.mark.parametrize("code", ["UUC", "UUU"])
def test_noise_of_a_component_of_two_rows_is_named(code: str) -> None:
    # A line goes through two rows, and noise about it is what rounding makes it.
    rng = np.random.default_rng(1022)
    rows = rng.normal(size=(27, 2)) @ rng.normal(size=(2, 2)) * 8
    rows[:2] += 100.0
    start = np.eye(2)[(np.arange(27) > 1).astype(int)]
    model = FactorAnalyserMixture(
        2, covariance_type=code, n_factors=1, prior=None, responsibilities_init=start
    )
    with pytest.raises(ParameterError, match="in component 0; use prior='weak'"):
        model.fit(rows)
