"""Estimators whose sizes are fitted one by one find the number of components by BIC."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mixtura import (
    DeconvolvedGaussianMixture,
    IntervalGaussianMixture,
    MixtureRegressor,
    ParameterError,
    load,
)
from mixtura.estimators.tried import grown


def case(name: str, seed: Any = None) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Return an estimator, and what its `fit` is given of two components."""
    rng = np.random.default_rng(seed)
    first = rng.random(500) < 0.4
    values = np.where(first, rng.normal(0, 1, 500), rng.normal(9, 1.5, 500))[:, None]
    if name == "intervals":
        low = np.floor(values)
        return IntervalGaussianMixture("auto", random_state=0), (low,), {"upper": low + 1}
    if name == "errors":
        measured = values + rng.normal(0, 0.5, values.shape)
        told = {"covariance": np.full(values.shape, 0.25)}
        return DeconvolvedGaussianMixture("auto", random_state=0), (measured,), told
    x = rng.uniform(0, 10, 500)
    y = np.where(first, 3 * x, 40 - 2 * x) + rng.normal(0, 2, 500)
    return MixtureRegressor("auto", random_state=0), (x[:, None], y), {}


CASES = ("intervals", "errors", "regressions")


@pytest.mark.parametrize("name", CASES)
def test_the_number_is_that_of_the_lowest_bic(name: str, tmp_path: Any) -> None:
    estimator, given, told = case(name)
    model = estimator.fit(*given, **told)
    tried = model.selection_
    sizes = [one.n_components for one in tried]
    assert sizes == list(range(1, len(sizes) + 1))
    chosen = min((one for one in tried if not one.failure), key=lambda one: one.bic)
    assert chosen.n_components == len(model.weights_) == 2
    # Three sizes in a row that are no better end it.
    assert len(tried) == 5
    alone = clone(estimator).set_params(n_components=2).fit(*given, **told)
    assert model.bic_ == alone.bic_ == chosen.bic
    np.testing.assert_array_equal(model.weights_, alone.weights_)
    assert model.n_components == "auto"
    model.save(tmp_path / "model.mixtura")
    again = load(tmp_path / "model.mixtura")
    assert again.n_components == "auto"
    np.testing.assert_array_equal(again.predict(given[0]), model.predict(given[0]))
    # A number that is given is no choice any more.
    assert not hasattr(model.set_params(n_components=2).fit(*given, **told), "selection_")


def test_a_start_that_is_given_numbers_the_components() -> None:
    estimator, given, told = case("intervals")
    estimator.set_params(responsibilities_init=np.full((500, 2), 0.5))
    with pytest.raises(ParameterError, match="give n_components as a number"):
        estimator.fit(*given, **told)


def test_it_goes_through_a_pipeline() -> None:
    estimator, (x, y), _ = case("regressions")
    whole = make_pipeline(StandardScaler(), estimator).fit(x, y)
    assert len(whole[-1].weights_) == 2


class Fake:
    """A fit of a size whose BIC is told."""

    log_likelihood_, n_parameters_, aic_, icl_ = -1.0, 1, 0.0, 0.0

    def __init__(self, size: int, bic: float) -> None:
        self.weights_, self.bic_ = np.ones(size), bic


def test_sizes_that_fail_are_told_and_warnings_of_the_best_are_passed_on() -> None:
    bics = {1: 9.0, 2: 9.5, 4: 3.0, 5: 4.0, 6: 5.0, 7: 6.0, 8: 0.0}

    def fit(size: int) -> Fake:
        warnings.warn(f"of {size}", UserWarning, stacklevel=1)
        if size == 3:
            raise np.linalg.LinAlgError("singular")
        return Fake(size, bics[size])

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        best, tried = grown(fit)
    assert len(best.weights_) == 4
    assert [one.n_components for one in tried] == [1, 2, 3, 4, 5, 6, 7]
    assert tried[2].failure == "singular"
    assert [str(one.message) for one in heard] == ["of 4"]

    def never(size: int) -> Fake:
        raise np.linalg.LinAlgError(f"no {size}")

    with pytest.raises(np.linalg.LinAlgError, match="no 1"):
        grown(never)
