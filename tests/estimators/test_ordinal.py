"""Ordinal items, against the likelihood written out, finite differences and laws."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from ordinal_cases import (
    cumulative_log_likelihood,
    cumulative_point_of,
    drawn,
    log_likelihood,
    point_of,
)
from scipy.optimize import minimize

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    MixedMixture,
    ParameterError,
    load,
)
from mixtura.components.constrained import OrdinalItem
from mixtura.inference import (
    gradient,
    information,
    likelihood_ratio_test,
    parameter_names,
    score_vector,
)

pytestmark = pytest.mark.drawn(4, among="file")

SCORES = np.arange(1.0, 6.0)
WORDS = {1: "never", 2: "rarely", 3: "sometimes", 4: "often", 5: "always"}


def ordinal(n_components, rows, **settings):
    """Return a fit of pure maximum likelihood that runs to its very end."""
    told = {"ordinal": True, "prior": None, "tol": 1e-12, "max_iter": 5000, "random_state": 0}
    return CategoricalMixture(n_components, **(told | settings)).fit(rows)


@pytest.fixture(scope="module")
def rows():
    return drawn()


@pytest.fixture(scope="module")
def model(rows):
    return ordinal(3, rows, n_init=5)


def finite_hessian(function, point, step=1e-4):
    """Return second derivatives (M, M) by central differences."""
    moves = step * np.eye(len(point))
    values = np.array(
        [
            [
                sum(
                    first * second * function(point + first * a + second * b)
                    for first in (1, -1)
                    for second in (1, -1)
                )
                for b in moves
            ]
            for a in moves
        ]
    )
    return values / (4.0 * step**2)


def test_a_fit_ends_where_scipy_ends(rows, model):
    codes = rows - 1

    def cost(point):
        return -log_likelihood(point, codes, 3, SCORES)

    start = point_of(model.weights_, np.array(model.probabilities_), SCORES)
    assert_allclose(-cost(start), model.log_likelihood_, atol=1e-7)
    assert model.n_parameters_ == len(start) == 2 + 5 * (4 + 2)
    nearby = start + 0.3 * np.random.default_rng(0).normal(size=len(start))
    best = minimize(cost, nearby, method="BFGS", options={"maxiter": 2000})
    assert_allclose(-best.fun, model.log_likelihood_, atol=1e-4)


def test_ordinal_items_are_a_special_case_of_categories(rows, model):
    free = CategoricalMixture(3, prior=None, n_init=5, random_state=0).fit(rows)
    some = ordinal(3, rows, ordinal=[0, 3], n_init=5)
    assert free.n_parameters_ == 2 + 5 * 3 * 4
    assert some.n_parameters_ == free.n_parameters_ - 2 * 2 * 3
    assert model.log_likelihood_ < some.log_likelihood_ < free.log_likelihood_


def test_one_class_has_the_shares_of_answers(rows):
    one, free = ordinal(1, rows), CategoricalMixture(1, prior=None).fit(rows)
    assert_allclose(one.log_likelihood_, free.log_likelihood_, atol=1e-9)
    assert one.n_parameters_ == free.n_parameters_


def test_items_of_two_answers_are_categories(rows):
    halves = (rows > 3).astype(int)
    model = ordinal(2, halves)
    free = CategoricalMixture(2, prior=None, tol=1e-12, max_iter=5000, random_state=0).fit(halves)
    assert model.mixture_.constraints is None
    assert model.log_likelihood_ == free.log_likelihood_


def test_the_order_is_that_of_numbers_words_types_or_what_is_said(rows, model):
    frame = pd.DataFrame(rows, columns=list("abcde"))
    words = frame.replace(WORDS)
    order = list(WORDS.values())
    typed = words.apply(lambda column: pd.Categorical(column, categories=order, ordered=True))
    said = words.replace({"never": "q"})
    orders = {name: ["q", *order[1:]] for name in said}
    for data, told in ((words, True), (typed, list("abcde")), (said, orders)):
        other = ordinal(3, data, ordinal=told)
        assert_allclose(other.log_likelihood_, model.log_likelihood_, atol=1e-6)
    backwards = dict.fromkeys("abcde", order[::-1])
    other = ordinal(3, words, ordinal=backwards)
    assert_allclose(other.log_likelihood_, model.log_likelihood_, atol=1e-6)
    shuffled = {name: ["often", "never", "always", "rarely", "sometimes"] for name in "abcde"}
    other = ordinal(3, words, ordinal=shuffled, tol=None)
    assert other.log_likelihood_ < model.log_likelihood_ - 5.0


def test_answers_that_nobody_gave_have_a_place_in_the_order(rows):
    gone = rows.copy()
    gone[:, 0][gone[:, 0] == 3] = 4
    numbers = ordinal(2, gone, ordinal=[0])
    assert numbers.mixture_.constraints.ordinal == (OrdinalItem(0, (1.0, 2.0, 4.0, 5.0)),)
    frame = pd.DataFrame(gone, columns=list("abcde")).replace({"a": WORDS})
    said = ordinal(2, frame, ordinal={"a": list(WORDS.values())})
    assert_allclose(said.log_likelihood_, numbers.log_likelihood_, atol=1e-6)


def test_weights_are_rows_and_bits_do_not_depend_on_threads(rows):
    weights = np.random.default_rng(1).integers(0, 3, len(rows))
    weighted = CategoricalMixture(2, ordinal=True, prior=None, tol=1e-12, random_state=0)
    weighted.fit(rows, sample_weight=weights)
    repeated = ordinal(2, np.repeat(rows, weights, axis=0))
    assert_allclose(weighted.log_likelihood_, repeated.log_likelihood_, atol=1e-6)
    serial = ordinal(2, rows, engine="serial")
    threads = ordinal(2, rows, n_jobs=3)
    assert serial.log_likelihood_ == threads.log_likelihood_
    assert_array_equal(serial.weights_, threads.weights_)


def test_missing_answers_are_left_out(rows):
    gappy = rows.astype(float)
    gappy[np.random.default_rng(2).random(rows.shape) < 0.1] = np.nan
    model = ordinal(2, gappy)
    codes = np.where(np.isnan(gappy), 6, gappy).astype(int) - 1

    def cost(point):
        return -log_likelihood(point, codes, 2, SCORES)

    start = point_of(model.weights_, np.array(model.probabilities_), SCORES)
    assert_allclose(-cost(start), model.log_likelihood_, atol=1e-7)
    best = minimize(cost, start, method="BFGS")
    assert -best.fun - model.log_likelihood_ < 1e-5


def test_the_information_is_that_of_finite_differences(rows):
    model = ordinal(2, rows)
    start = point_of(model.weights_, np.array(model.probabilities_), SCORES)
    found = information(model.mixture_, rows)
    assert len(found.names) == len(start) == model.n_parameters_
    assert found.names == parameter_names(model.mixture_)
    own = finite_hessian(lambda point: log_likelihood(point, rows - 1, 2, SCORES), start)
    errors = np.sqrt(np.diagonal(np.linalg.inv(-own)))
    # The weight is a logit there, and thresholds and effects come in the same order.
    weight = model.weights_[1] * model.weights_[0]
    assert_allclose(found.standard_errors()["weights"][1], weight * errors[0], rtol=1e-4)
    free = np.sqrt(np.diagonal(found.covariance()))[1:]
    assert_allclose(free, errors[1:], rtol=1e-4)
    assert gradient(model.mixture_, rows).norm < 1e-2
    assert_allclose(score_vector(model.mixture_, rows).sum(axis=0), 0.0, atol=1e-2)


def test_an_answer_that_ends_a_class_is_taken_as_known(rows):
    ends = rows.copy()
    high = rows[:, 1] > 3
    ends[high, 0] = 5
    ends[~high, 0] = np.minimum(rows[~high, 0], 4)
    ends[:, 2:] = np.where(high[:, None], 5, np.minimum(rows[:, 2:], 4))
    model = ordinal(2, ends, ordinal=[0, 2, 3, 4])
    found = information(model.mixture_, ends, boundary="hold")
    errors = found.standard_errors()["probabilities"]
    assert np.isnan(errors).any()
    assert np.isfinite(errors).any()


def test_mixed_columns_and_noise_have_ordinal_items_too(rows):
    frame = pd.DataFrame(rows, columns=list("abcde"))
    frame["y"] = np.random.default_rng(3).normal(size=len(rows)) + frame["a"]
    blocks = {"gaussian": ["y"], "categorical": list("abcde")}
    settings = {"prior": None, "random_state": 0}
    mixed = MixedMixture(2, blocks, ordinal=["b", "d"], **settings).fit(frame)
    free = MixedMixture(2, blocks, **settings).fit(frame)
    assert free.n_parameters_ - mixed.n_parameters_ == 2 * 3
    by_number = MixedMixture(
        2, {"gaussian": [5], "categorical": range(5)}, ordinal=[1, 3], **settings
    )
    assert by_number.fit(frame.to_numpy()).log_likelihood_ == mixed.log_likelihood_
    assert len(parameter_names(mixed.mixture_)) == mixed.n_parameters_
    noisy = ordinal(2, rows, noise="uniform")
    assert noisy.n_parameters_ == ordinal(2, rows).n_parameters_ + 1
    assert noisy.log_likelihood_ >= ordinal(2, rows).log_likelihood_ - 1e-6


def test_files_and_further_rows_keep_the_order(rows, model, tmp_path):
    model.save(tmp_path / "m.mixtura")
    kept = load(tmp_path / "m.mixtura")
    assert kept.mixture_.constraints == model.mixture_.constraints
    assert kept.n_parameters_ == model.n_parameters_
    assert_array_equal(kept.predict(rows), model.predict(rows))
    assert "those of 5 item(s) ordinal" in kept.summary()
    more = ordinal(2, rows[:400]).partial_fit(rows[400:])
    logs = np.log(np.array(more.probabilities_))
    assert_allclose(np.diff(logs[:, 1] - logs[:, 0], n=2), 0.0, atol=1e-6)


def test_one_class_more_is_tested_with_the_same_order(rows):
    test = likelihood_ratio_test(
        ordinal(1, rows).mixture_, rows, n_replicates=9, n_init=1, random_state=0
    )
    assert test.p_value == 0.1
    assert len(test.alternative.constraints.ordinal) == 5
    assert_allclose(
        test.statistic,
        2 * (ordinal(2, rows).log_likelihood_ - ordinal(1, rows).log_likelihood_),
        atol=0.1,
    )


def test_every_start_that_is_asked_for_is_carried_on(rows):
    found = CategoricalMixture(ordinal=True, n_init=4, random_state=0).select(rows, [2, 3])
    assert found.result.n_starts == 4


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("a", "should be True for all items"),
        (["z"], "there is no column 'z'"),
        ({"a": "low"}, "should say of column 'a'"),
        ({"a": ["never"]}, "does not say where 'always' of column 'a' stands"),
        ({"a": [*WORDS.values(), "never"]}, "names a level of column 'a' twice"),
        (["f"], "column 'f' holds 'x', 'y', 'z', in no order that is known"),
        (True, "ordinal={'f': [...]}"),
    ],
)
def test_what_cannot_be_ordinal_is_refused(rows, told, words):
    frame = pd.DataFrame(rows, columns=list("abcde")).replace(WORDS)
    frame["f"] = np.array(["x", "y", "z"])[np.arange(len(frame)) % 3]
    with pytest.raises(ParameterError) as refused:
        CategoricalMixture(2, ordinal=told).fit(frame)
    assert words in str(refused.value)


def test_what_is_held_or_of_another_kind_is_not_ordinal(rows):
    with pytest.raises(ParameterError, match="both speak of column 1; leave it out"):
        CategoricalMixture(2, ordinal=True, equal={"probabilities": [1]}).fit(rows)
    blocks = {"bernoulli": [0], "categorical": [1, 2]}
    with pytest.raises(ParameterError, match="names column 0, which is no column of categories"):
        MixedMixture(2, blocks, ordinal=[0]).fit(np.column_stack([rows[:, 0] > 2, rows[:, 1:3]]))
    with pytest.raises(ParameterError, match="column 4, which is in no block"):
        MixedMixture(2, blocks, ordinal=[4]).fit(np.column_stack([rows[:, 0] > 2, rows[:, 1:]]))
    assert "ordinal" not in BernoulliMixture().get_params()


def test_proportional_odds_end_where_scipy_ends_with_its_errors(rows, tmp_path):
    model = ordinal(2, rows, ordinal_link="cumulative")
    start = cumulative_point_of(model.weights_, np.array(model.probabilities_))

    def value(point):
        return cumulative_log_likelihood(point, rows - 1, 2, 5)

    assert_allclose(value(start), model.log_likelihood_, atol=1e-6)
    assert model.n_parameters_ == len(start) == 1 + 5 * (4 + 1)
    nearby = start + 0.02 * np.random.default_rng(0).normal(size=len(start))

    def cost(point):
        found = value(point)
        return -found if np.isfinite(found) else 1e10

    best = minimize(cost, nearby, method="BFGS")
    assert -best.fun - model.log_likelihood_ < 1e-4
    own = np.sqrt(np.diagonal(np.linalg.inv(-finite_hessian(value, start))))
    found = information(model.mixture_, rows)
    assert_allclose(np.sqrt(np.diagonal(found.covariance()))[1:], own[1:], rtol=1e-4)
    model.save(tmp_path / "m.mixtura")
    kept = load(tmp_path / "m.mixtura")
    assert kept.mixture_.constraints == model.mixture_.constraints
    assert {item.link for item in kept.mixture_.constraints.ordinal} == {"cumulative"}


def test_proportional_odds_go_by_the_order_alone(rows):
    model = ordinal(2, rows, ordinal_link="cumulative")
    far = np.array([0, 1, 2, 40, 50, 1000])[rows]
    other = ordinal(2, far, ordinal_link="cumulative")
    assert_allclose(other.log_likelihood_, model.log_likelihood_, atol=1e-6)
    frame = pd.DataFrame(rows, columns=list("abcde")).replace(WORDS)
    backwards = dict.fromkeys(frame, list(WORDS.values())[::-1])
    other = ordinal(2, frame, ordinal=backwards, ordinal_link="cumulative")
    assert_allclose(other.log_likelihood_, model.log_likelihood_, atol=1e-6)
    assert len(information(other.mixture_, frame).names) == other.n_parameters_
    free = CategoricalMixture(2, prior=None, n_init=3, random_state=0).fit(rows)
    assert model.log_likelihood_ < free.log_likelihood_
    with pytest.raises(ParameterError, match="ordinal_link should be"):
        CategoricalMixture(2, ordinal=True, ordinal_link="probit").fit(rows)


@pytest.mark.parametrize("link", ["cumulative", "nope"])
def test_a_link_without_ordinal_items_is_refused(link):
    rows = np.random.default_rng(0).integers(0, 3, (40, 3))
    with pytest.raises(ParameterError, match="ordinal_link says nothing without ordinal"):
        CategoricalMixture(2, ordinal_link=link).fit(rows)
