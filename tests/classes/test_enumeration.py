"""The table over numbers of classes agrees with published values, or with definitions."""

from math import exp, log

import numpy as np
import pytest
from oracles import dataset

from mixtura import (
    CategoricalMixture,
    GaussianMixture,
    ParameterError,
    PoissonMixture,
    enumerate_classes,
)
from mixtura.inference import likelihood_ratio_test


@pytest.fixture(scope="module")
def carcinoma():
    values = dataset("carcinoma").values
    model = CategoricalMixture(prior=None, n_init=30)
    return values, enumerate_classes(values, range(1, 5), model, blrt=19, random_state=0)


def test_likelihoods_and_criteria_are_those_that_are_printed_elsewhere(carcinoma):
    # R's poLCA: log-likelihood, parameters, AIC and BIC of two, three and four classes.
    rows = {row["n_classes"]: row for row in carcinoma[1].table()}
    printed = {
        2: (-317.2568, 15, 664.5137),
        3: (-293.7050, 23, 633.4100),
        4: (-289.2858, 31, 640.5717),
    }
    for size, (log_likelihood, df, aic) in printed.items():
        assert rows[size]["log_likelihood"] == pytest.approx(log_likelihood, abs=2e-3)
        assert rows[size]["df"] == df
        assert rows[size]["aic"] == pytest.approx(aic, abs=4e-3)
    assert rows[3]["bic"] == pytest.approx(697.1357, abs=4e-3)


def test_other_criteria_are_their_formulas(carcinoma):
    values, found = carcinoma
    n = len(values)
    for row in found.table():
        deviance, d = -2 * row["log_likelihood"], row["df"]
        assert row["caic"] == pytest.approx(deviance + d * (log(n) + 1))
        assert row["sabic"] == pytest.approx(deviance + d * log((n + 2) / 24))
        assert row["awe"] == pytest.approx(deviance + 2 * d * (log(n) + 1.5))


def test_bayes_factors_and_model_probabilities_follow_from_bic(carcinoma):
    sound = [row for row in carcinoma[1].table() if row["sound"]]
    weights = np.array([exp(-0.5 * (row["bic"] - sound[0]["bic"])) for row in sound])
    chances = [row["correct_model_probability"] for row in sound]
    np.testing.assert_allclose(chances, weights / weights.sum(), rtol=1e-9)
    for row, after, first, second in zip(sound, sound[1:], weights, weights[1:], strict=False):
        assert row["bayes_factor"] == pytest.approx(first / second)
        assert after["n_classes"] > row["n_classes"]
    assert sound[-1]["bayes_factor"] is None


def test_the_smallest_class_and_entropies_are_those_of_posteriors(carcinoma):
    values, found = carcinoma
    for row in found.table()[1:]:
        posterior = found.mixture(row["n_classes"]).responsibilities(values)
        assert row["smallest_rows"] == pytest.approx(posterior.sum(axis=0).min(), abs=0.05)
        assert row["smallest_share"] == pytest.approx(row["smallest_rows"] / len(values))
        doubt = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum()
        expected = 1 - doubt / (len(values) * log(row["n_classes"]))
        assert row["relative_entropy"] == pytest.approx(expected, abs=2e-3)


def test_all_starts_are_carried_and_tests_stand_with_the_larger_number(carcinoma):
    values, found = carcinoma
    rows = found.table()
    assert [row["n_starts"] for row in rows[1:]] == [30] * 3
    for row in rows[1:]:
        ends = [float(end) for end in row["start_ends"].split()]
        assert len(ends) == 30
        assert ends == sorted(ends, reverse=True)
        assert ends[0] == pytest.approx(row["log_likelihood"], abs=2e-2)
        assert sum(ends[0] - end < 0.05 for end in ends) == row["starts_agreeing"]
    assert rows[0]["blrt_p"] is None
    for row in rows[1:]:
        assert row["blrt_replicates"] == 19
        gain = row["log_likelihood"] - rows[row["n_classes"] - 2]["log_likelihood"]
        assert row["blrt"] == pytest.approx(2 * gain, abs=0.1)
        assert 1 / 20 <= row["blrt_p"] <= 1
    test = likelihood_ratio_test(
        found.mixture(2), values, prior=None, n_replicates=19, exceedances=None, random_state=0
    )
    assert rows[2]["blrt_p"] == test.p_value


def test_what_each_criterion_prefers_is_told(carcinoma):
    found = carcinoma[1]
    assert found.preferred["bic"] == 3
    assert found.preferred["awe"] <= found.preferred["bic"] <= found.preferred["aic"]
    text = found.summary()
    assert "preferred by" in text
    assert "BLRT" in text
    assert "-293.70" in text
    assert "%" in text
    with pytest.raises(ParameterError, match="7 classes were not fitted; there are fits of 1, 2"):
        found.mixture(7)


def test_profiles_and_counts_are_enumerated_alike():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 400)
    profiles = 5.0 * labels[:, None] + rng.normal(size=(400, 3))
    found = enumerate_classes(profiles, [1, 2, 3, 4], GaussianMixture(covariance_type="diag"))
    assert found.preferred["bic"] == 3
    assert found.table()[2]["df"] == 2 + 18
    flat = np.column_stack([profiles, np.ones(400)])
    with pytest.warns(match="one value"):
        same = enumerate_classes(
            flat, [3], GaussianMixture(covariance_type="diag", constant="drop")
        )
    assert same.table()[0]["df"] == found.table()[2]["df"]
    counts = rng.poisson(np.array([[1.0, 9.0], [9.0, 1.0], [20.0, 20.0]])[labels])
    found = enumerate_classes(counts, [2, 3, 4], PoissonMixture(n_init=3), random_state=1)
    assert found.preferred["bic"] == 3


def test_weights_are_rows_given_more_than_once():
    values = dataset("carcinoma").values
    weights = 1.0 + np.arange(len(values)) % 2
    model = CategoricalMixture(prior=None, n_init=5, random_state=0)
    weighted = enumerate_classes(values, [1, 2], model, sample_weight=weights).table()
    repeated = enumerate_classes(values.repeat(weights.astype(int), axis=0), [1, 2], model).table()
    for one, other in zip(weighted, repeated, strict=True):
        for name in ("log_likelihood", "caic", "sabic", "awe", "smallest_rows", "n"):
            assert one[name] == pytest.approx(other[name], abs=0.02)


def test_progress_is_told_to_its_end():
    told = []
    values = dataset("carcinoma").values
    model = CategoricalMixture(n_init=2)
    enumerate_classes(
        values, [1, 2, 3], model, blrt=2, random_state=0, progress=lambda *two: told.append(two)
    )
    assert told[-1] == (5, 5)
    assert [done for done, _ in told] == [1, 2, 3, 4, 5]


def test_what_is_no_estimator_is_named():
    with pytest.raises(ParameterError, match="model should be an estimator"):
        enumerate_classes([[1], [2]], [1], "categorical")
    with pytest.raises(ParameterError, match="blrt"):
        enumerate_classes([[1], [2]], [1], blrt=-1)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("tol", 1e-3), ("max_iter", 5), ("means_init", np.zeros((2, 2))), ("reg_covar", 1e-6)],
)
def test_a_setting_that_the_search_does_not_take_is_named(setting, value):
    rows = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(ParameterError, match=setting):
        enumerate_classes(rows, [1, 2], GaussianMixture(**{setting: value}))


def test_a_column_of_the_bootstrap_stands_where_it_was_asked_for(carcinoma):
    values, tested = carcinoma
    plain = enumerate_classes(values, [1, 2], CategoricalMixture(n_init=2, random_state=0))
    assert "BLRT" not in str(plain.summary())
    assert "BLRT p\n" in str(tested.summary())
    assert "BLRT p: of one class less." in str(tested.summary())
