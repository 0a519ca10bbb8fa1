"""How many lines there are, by BIC over K."""

import numpy as np
import pytest
from regression_problems import FAMILIES, drawn, log_likelihoods

from mixtura import MixtureRegressor, ParameterError
from mixtura.estimators.tried import best_of, size_table


@pytest.mark.parametrize("family", FAMILIES)
def test_two_lines_are_chosen_where_there_are_two(family: str) -> None:
    # Of fresh draws BIC takes a line more now and then.
    found = drawn(11, family, 600)
    model = MixtureRegressor(7, family, random_state=0).select(found.X, found.y, range(1, 4))
    assert len(model.weights_) == model.n_components == 2
    assert [one.n_components for one in model.selection_] == [1, 2, 3]
    free = 2 * (3 + hasattr(model, "sigma_") + hasattr(model, "shape_")) + 1
    theirs = -2 * log_likelihoods(model, found.X, found.y).sum() + free * np.log(600)
    assert model.selection_[1].bic == pytest.approx(theirs, rel=1e-9)
    assert model.bic_ == model.selection_[1].bic == min(one.bic for one in model.selection_)
    assert model.selection_table().count("\n") == 3


def test_a_size_that_cannot_be_fitted_is_passed_over_and_said() -> None:
    found = drawn(1, "gaussian", 200)
    fitted = MixtureRegressor(1, random_state=0).fit(found.X, found.y)

    def fails() -> MixtureRegressor:
        raise ParameterError("a component has no residuals")

    best, tried = best_of([(1, lambda: fitted), (2, fails)], "bic")
    assert best is fitted
    *table, said = size_table(tried).splitlines()
    assert said == "2 could not be fitted: a component has no residuals"
    assert "nan" not in "".join(table)


def test_a_fit_alone_has_no_selection_of_before() -> None:
    found = drawn(1, "gaussian", 200)
    model = MixtureRegressor(2, random_state=0).select(found.X, found.y, [1, 2])
    assert not hasattr(model.fit(found.X, found.y), "selection_")


def test_choices_that_cannot_be_are_refused() -> None:
    found = drawn(0, "gaussian", 50)
    with pytest.raises(ParameterError, match="criterion should be one of"):
        MixtureRegressor().select(found.X, found.y, criterion="wbic")
    with pytest.raises(ParameterError, match="no number of components"):
        MixtureRegressor().select(found.X, found.y, [])
    with pytest.raises(ParameterError, match="n_components"):
        MixtureRegressor().select(found.X, found.y, [0, 1])
    with pytest.raises(ParameterError, match="n_components should be a whole number"):
        MixtureRegressor("many").fit(found.X, found.y)


def test_sizes_without_end_are_refused_before_they_unfold() -> None:
    found = drawn(0, "gaussian", 50)
    with pytest.raises(ParameterError, match="n_components has more than"):
        MixtureRegressor().select(found.X, found.y, range(1, 10**12))
