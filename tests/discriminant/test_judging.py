"""How well classes are told, against scikit-learn, plain sums and mclust."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from mixtura import DataError, GaussianMixtureClassifier, ParameterError
from mixtura.discriminant import cross_judged, judge
from mixtura.discriminant.judging import judgement_of


def drawn(seed: int, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(120) % n_classes
    return rng.normal(size=(120, 2)) + 1.5 * y[:, None], np.array(["a", "b", "c"])[y]


def test_the_brier_score_is_that_of_mclust() -> None:
    # BrierScore(matrix(c(.7, .2, .1, .1, .6, .3, .2, .2, .6), 3, byrow = TRUE), c(1, 3, 2)),
    # mclust 6.0.0
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    told = judgement_of(np.array([1, 2, 3]), [1, 3, 2], shares, None)
    assert told.brier == pytest.approx(0.34)
    assert told.error == pytest.approx(2 / 3)
    assert told.confusion.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_two_classes_are_judged_as_scikit_learn_judges_them(fresh_seed: int) -> None:
    X, y = drawn(fresh_seed, 2)
    weights = np.random.default_rng(fresh_seed).integers(1, 4, size=120)
    model = GaussianMixtureClassifier(covariance_type="full").fit(X, y)
    told = judge(model, X, y, weights)
    chance = model.predict_proba(X)[:, 1]
    right = y == "b"
    assert told.auc == pytest.approx(roc_auc_score(right, chance, sample_weight=weights))
    expected = brier_score_loss(right, chance, sample_weight=weights)
    assert told.brier == pytest.approx(expected)
    wrong, found = told.roc()
    assert np.trapezoid(found, wrong) == pytest.approx(told.auc)
    assert told.error == pytest.approx(1 - model.score(X, y, weights))


def test_calibration_is_that_of_what_is_said(fresh_seed: int) -> None:
    X, y = drawn(fresh_seed)
    model = GaussianMixtureClassifier(covariance_type="diag").fit(X, y)
    told = judge(model, X, y)
    shares = model.predict_proba(X)
    right, sure = calibration_curve(model.predict(X) == y, shares.max(axis=1), n_bins=10)
    rows = told.calibration()
    assert [row["right"] for row in rows] == pytest.approx(right.tolist())
    assert [row["probability"] for row in rows] == pytest.approx(sure.tolist())
    assert sum(row["rows"] for row in rows) == 120
    with pytest.raises(ParameterError, match="two classes"):
        told.roc()


def test_each_row_is_judged_by_a_fit_without_it(fresh_seed: int) -> None:
    X, y = drawn(fresh_seed)
    model = GaussianMixtureClassifier(covariance_type="tied")
    told = cross_judged(model, X, y, cv=4, random_state=7)
    codes = np.unique(y, return_inverse=True)[1]
    for fitted, judged in StratifiedKFold(4, shuffle=True, random_state=7).split(X, codes):
        alone = GaussianMixtureClassifier(covariance_type="tied").fit(X[fitted], y[fitted])
        np.testing.assert_allclose(alone.predict_proba(X[judged]), told.shares[judged], atol=1e-9)
    assert np.isfinite(log_loss(y, told.shares))


def test_a_weight_is_so_many_rows(fresh_seed: int) -> None:
    X, y = drawn(fresh_seed)
    weights = np.random.default_rng(fresh_seed).integers(0, 4, size=120)
    model = GaussianMixtureClassifier(covariance_type="full").fit(X, y)
    one = judge(model, X, y, weights)
    two = judge(model, X.repeat(weights, axis=0), y.repeat(weights))
    assert (one.error, one.brier) == pytest.approx((two.error, two.brier))
    np.testing.assert_allclose(one.confusion, two.confusion)
    assert [row["right"] for row in one.calibration()] == pytest.approx(
        [row["right"] for row in two.calibration()]
    )


def test_a_class_that_was_not_fitted_is_named() -> None:
    X, y = drawn(0)
    model = GaussianMixtureClassifier(covariance_type="full").fit(X, y)
    other = y.copy()
    other[5] = "z"
    with pytest.raises(DataError, match="'z' of row 5"):
        judge(model, X, other)
    with pytest.raises(ParameterError, match="fewer than cv=50"):
        cross_judged(model, X, y, cv=50)
