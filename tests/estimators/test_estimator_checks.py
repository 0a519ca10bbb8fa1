"""scikit-learn's checks of estimators hold, the equivalence of weights and repeats among them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.utils.estimator_checks import parametrize_with_checks

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    ContaminatedMixture,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    StudentTMixture,
    VonMisesMixture,
)

pytestmark = pytest.mark.drawn(8)


@parametrize_with_checks([GaussianMixture(n_components) for n_components in (1, 3, 5)])
def test_estimators_keep_the_conventions_of_scikit_learn(
    estimator: GaussianMixture, check: Callable[[Any], None]
) -> None:
    check(estimator)


def made(data: Any, change: Callable[[Any], Any]) -> Any:
    """Return the rows of a check, which are any numbers, as an estimator of others takes them."""
    if issparse(data):
        own = data.tocsr(copy=True)
        own.data = change(own.data)
        return own
    try:
        cells = np.asarray(data)
        numbers = cells.astype(np.float64) if cells.dtype.kind in "iufO" else cells
    except (TypeError, ValueError):
        return data
    return change(numbers) if numbers.dtype.kind == "f" and cells.ndim == 2 and cells.size else data


def counts(cells: Any) -> Any:
    return np.round(cells * 10)


def answers(cells: Any) -> Any:
    return np.where(np.isfinite(cells) & (cells >= 0), cells > 1.5, cells)


def amounts(cells: Any) -> Any:
    return cells + 0.01 * (cells.min() >= 0)


class OfDraws(MultinomialMixture):  # type: ignore[misc]
    def _cells(self, data: Any, least_rows: int = 1) -> Any:
        return super()._cells(made(data, counts), least_rows)


class OfCounts(PoissonMixture):  # type: ignore[misc]
    def _cells(self, data: Any, least_rows: int = 1) -> Any:
        return super()._cells(made(data, counts), least_rows)


class OfSpreadCounts(NegativeBinomialMixture):  # type: ignore[misc]
    def _cells(self, data: Any, least_rows: int = 1) -> Any:
        return super()._cells(made(data, counts), least_rows)


class OfTrials(GeometricMixture):  # type: ignore[misc]
    def _cells(self, data: Any, least_rows: int = 1) -> Any:
        return super()._cells(made(data, counts), least_rows)


class OfAnswers(BernoulliMixture):  # type: ignore[misc]
    def _cells(self, data: Any, least_rows: int = 1) -> Any:
        return super()._cells(made(data, answers), least_rows)


class OfAmounts(GammaMixture):  # type: ignore[misc]
    def _cells(self, data: Any, least_rows: int = 1) -> Any:
        return super()._cells(made(data, amounts), least_rows)


UNLIKE = {
    "check_positive_only_tag_during_fit": "negative cells are named by column and row",
    "check_dtype_object": "cells of objects are checked by their kind",
    "check_estimator_sparse_array": "it takes whoever has predict_proba for a classifier",
    "check_estimator_sparse_matrix": "it takes whoever has predict_proba for a classifier",
}


@parametrize_with_checks(
    [OfDraws(1), OfCounts(1), OfSpreadCounts(1), OfTrials(1), OfAnswers(1), OfAmounts(1)],
    expected_failed_checks=lambda estimator: UNLIKE,
)
def test_estimators_of_counts_and_amounts_keep_them_where_rows_are_such(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


@parametrize_with_checks([VonMisesMixture(1), StudentTMixture(1), ContaminatedMixture(1)])
def test_other_estimators_of_numbers_keep_them(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)


def test_tags_say_which_rows_are_taken() -> None:
    expected = {
        "sparse": {"OfDraws", "OfCounts", "OfSpreadCounts", "OfTrials", "OfAnswers"},
        "positive_only": {
            *("OfDraws", "OfCounts", "OfSpreadCounts", "OfTrials", "OfAnswers", "OfAmounts")
        },
        "string": {"CategoricalMixture", "MixedMixture"},
        "categorical": {"CategoricalMixture", "MixedMixture"},
        "allow_nan": {"CategoricalMixture", "MixedMixture", "OfAnswers"},
    }
    found: dict[str, set[str]] = {tag: set() for tag in expected}
    for base in (
        *(OfDraws, OfCounts, OfSpreadCounts, OfTrials, OfAnswers, OfAmounts, VonMisesMixture),
        *(GaussianMixture, StudentTMixture, CategoricalMixture, MixedMixture),
    ):
        tags = base().__sklearn_tags__().input_tags
        for tag, names in found.items():
            if getattr(tags, tag):
                names.add(base.__name__)
    assert found == expected
    assert PoissonMixture(missing="marginal").__sklearn_tags__().input_tags.allow_nan
    assert not PoissonMixture(exposure=0).__sklearn_tags__().input_tags.sparse
