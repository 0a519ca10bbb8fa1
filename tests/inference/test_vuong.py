"""The test of Vuong, Lo, Mendell and Rubin is its formula, and of its size where that holds."""

import numpy as np
import pandas as pd
import pytest
from class_cases import fitted
from oracles import dataset
from scipy import stats

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    InformationError,
    ParameterError,
    enumerate_classes,
)
from mixtura.inference import information, score_vector, vuong_test
from mixtura.inference.chi_squares import weighted_chi_squares_tail


@pytest.mark.parametrize("df", [1, 2, 3, 7, 40])
def test_equal_weights_are_one_chi_squared(df):
    for x in (0.0, 1e-3, 0.5, df, 3.0 * df + 10.0, 900.0):
        found = weighted_chi_squares_tail(2.5 * x, np.full(df, 2.5))
        assert found == pytest.approx(stats.chi2.sf(x, df), rel=1e-12)


@pytest.mark.parametrize("x", [0.0, 0.01, 1.0, 5.0, 50.0, 500.0])
def test_pairs_of_equal_weights_are_sums_of_exponentials(x):
    # λ (χ²_1 + χ²_1) is exponential with mean 2 λ.
    means = 2.0 * np.array([3.0, 1.0, 0.2, 0.01])
    parts = [np.prod([a / (a - b) for b in means if b != a]) * np.exp(-x / a) for a in means]
    found = weighted_chi_squares_tail(x, np.repeat(means / 2.0, 2))
    assert found == pytest.approx(sum(parts), rel=1e-11)
    # So is the difference of two, on either side of zero.
    found = weighted_chi_squares_tail(x, [3.0, 3.0, -0.5, -0.5])
    assert found == pytest.approx(3.0 / 3.5 * np.exp(-x / 6.0), rel=1e-12)


def test_weights_of_any_signs_have_the_tail_that_is_drawn():
    weights = np.array([4.0, 2.0, 1.0, 0.3, -0.5, -1.0, 1e-3, 0.0])
    drawn = np.random.default_rng(0).chisquare(1, (400_000, len(weights))) @ weights
    for x in (0.0, 5.0, 12.0, 30.0):
        share = (drawn > x).mean()
        error = np.sqrt(share * (1.0 - share) / len(drawn))
        assert weighted_chi_squares_tail(x, weights) == pytest.approx(share, abs=4.0 * error)
    assert weighted_chi_squares_tail(1.0, [-1.0, -2.0]) == 0.0
    assert weighted_chi_squares_tail(0.0, []) == 0.0


@pytest.fixture(scope="module")
def classes():
    model, answers, _, _ = fitted()
    return CategoricalMixture(2, prior=None, random_state=0).fit(answers), model, answers


def test_weights_and_statistics_are_their_formulas(classes):
    smaller, larger, answers = classes
    weights = 1.0 + np.arange(len(answers)) % 3
    for given in (None, weights):
        if given is not None:
            smaller, larger = (
                CategoricalMixture(k, prior=None, random_state=0).fit(answers, sample_weight=given)
                for k in (2, 3)
            )
        found = vuong_test(smaller.mixture_, larger.mixture_, answers, given)
        n = len(answers) if given is None else given.sum()
        gain = larger.log_likelihood_ - smaller.log_likelihood_
        assert found.statistic == pytest.approx(2.0 * gain, rel=1e-6)
        assert found.df == 7
        assert found.adjusted == pytest.approx(found.statistic / (1 + 1 / (7 * np.log(n))))
        assert found.p_value < 1e-6
        # Vuong's matrix W as he has it, which is not symmetric.
        scores = [score_vector(each.mixture_, answers) for each in (larger, smaller)]
        w = np.ones(len(answers)) if given is None else given
        S = np.block([[(f * w[:, None]).T @ g for g in scores] for f in scores])
        A = [
            np.linalg.inv(information(each.mixture_, answers, given).observed)
            for each in (larger, smaller)
        ]
        D = np.block(
            [
                [A[0], np.zeros((len(A[0]), len(A[1])))],
                [np.zeros((len(A[1]), len(A[0]))), -A[1]],
            ]
        )
        expected = np.sort(np.linalg.eigvals(D @ S).real)
        np.testing.assert_allclose(found.weights, expected, atol=1e-6)


def spheres_and_ellipses(rows):
    return [
        GaussianMixture(1, covariance_type=kind, prior=None).fit(rows).mixture_
        for kind in ("spherical", "diag")
    ]


def test_weights_have_the_kurtosis_in_them_where_that_is_known():
    # Variances of columns that are alike: the likelihood ratio is (κ - 1) / 2 χ², κ = 9/5 of even
    # columns; all other weights are 0.
    rows = np.random.default_rng(1).random((200_000, 4))
    found = vuong_test(*spheres_and_ellipses(rows), rows)
    assert found.df == 3
    np.testing.assert_allclose(found.weights[-3:], 0.4, rtol=0.02)
    np.testing.assert_allclose(found.weights[:-3], 0.0, atol=0.02)


@pytest.mark.nightly
def test_the_size_is_right_where_the_theorem_holds():
    rng, p_values = np.random.default_rng(2), []
    for _ in range(300):
        rows = rng.random((300, 4))
        p_values.append(vuong_test(*spheres_and_ellipses(rows), rows).p_value)
    # By χ² with 3 degrees of freedom one in 5 000 would be below 0.05.
    for level in (0.05, 0.2, 0.5):
        share, error = np.mean(np.array(p_values) < level), np.sqrt(level * (1 - level) / 300)
        assert abs(share - level) < 3.5 * error


def test_gaps_of_gaussian_rows_are_taken_as_the_fit_takes_them():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(400, 3)) + 4.0 * rng.integers(0, 2, 400)[:, None]
    rows[rng.random(rows.shape) < 0.1] = np.nan
    frame = pd.DataFrame(rows, columns=list("abc"))
    both = [
        GaussianMixture(k, covariance_type="diag", missing="marginal", random_state=0).fit(frame)
        for k in (1, 2)
    ]
    found = vuong_test(both[0].mixture_, both[1].mixture_, frame, missing="marginal")
    gain = both[1].log_likelihood_ - both[0].log_likelihood_
    assert found.statistic == pytest.approx(2.0 * gain, rel=1e-8)
    assert found.p_value < 1e-6


def test_the_tests_stand_with_the_larger_number(classes):
    answers = classes[2]
    found = enumerate_classes(
        answers, range(2, 5), CategoricalMixture(n_init=5), vlmr=True, random_state=0
    )
    rows = found.table()
    assert [row["vlmr_p"] is None for row in rows] == [True, 3 in found.untold, 4 in found.untold]
    one = vuong_test(found.mixture(2), found.mixture(3), answers)
    assert rows[1]["vlmr_p"] == one.p_value
    assert (rows[1]["lmr"], rows[1]["lmr_p"]) == (one.adjusted, one.adjusted_p_value)
    assert f"{one.statistic:.3f}" in found.summary()
    plain = enumerate_classes(answers, [2, 3], CategoricalMixture(n_init=2), random_state=0)
    assert "VLMR" not in plain.summary()
    assert "lmr" not in plain.preferred
    coins = np.random.default_rng(5).integers(0, 2, (500, 6))
    alone = enumerate_classes(
        coins, [1, 2], CategoricalMixture(n_init=5), vlmr=True, random_state=0
    )
    assert alone.table()[1]["lmr_p"] > 0.05
    assert alone.preferred["lmr"] == 1


def test_what_cannot_be_tested_is_said(classes):
    smaller, larger, answers = classes
    with pytest.raises(ParameterError, match="fewer components first"):
        vuong_test(larger.mixture_, smaller.mixture_, answers)
    with pytest.raises((DataError, InformationError)):
        vuong_test(smaller.mixture_, larger.mixture_, answers[:1])
    carcinoma = dataset("carcinoma").values
    found = enumerate_classes(
        carcinoma, [1, 2], CategoricalMixture(n_init=5), vlmr=True, random_state=0
    )
    assert found.untold.keys() | found.vlmr.keys() == {2}
    for why in found.untold.values():
        assert f"2: no VLMR test, as {why}" in found.summary()
