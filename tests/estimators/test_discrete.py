"""The estimators of counts and categories: what they take, refuse, say and find."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from discrete_cases import ESTIMATORS, every_estimator, rows_for
from oracles import dataset, discrete_fits, discrete_values, starting_responsibilities
from sklearn.base import clone

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    MixturaWarning,
    MultinomialMixture,
    NonIdentifiableError,
    ParameterError,
    PoissonMixture,
    load,
)

pytestmark = pytest.mark.drawn(5)

CATEGORICAL = [fit for fit in discrete_fits("categorical") if fit["G"] < 5]


@every_estimator
def test_a_fit_predicts_scores_samples_saves_and_says(kind, tmp_path):
    rows = rows_for(kind)
    mixture = ESTIMATORS[kind](2, random_state=0).fit(rows)
    assert mixture.predict(rows).shape == (120,)
    np.testing.assert_allclose(mixture.predict_proba(rows).sum(axis=1), 1.0)
    assert mixture.score_samples(rows).sum() == pytest.approx(mixture.log_likelihood_)
    assert mixture.score(rows) * 120 == pytest.approx(mixture.log_likelihood_)
    assert mixture.icl(rows) >= mixture.bic(rows)
    drawn, labels = mixture.sample(50)
    assert drawn.shape == (50, rows.shape[1])
    assert mixture.predict_proba(drawn).shape == (50, 2)
    assert len(labels) == 50
    mixture.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").weights_, mixture.weights_)
    assert "2 components" in mixture.summary()
    assert clone(mixture).get_params() == mixture.get_params()


@every_estimator
def test_weights_are_repeats_of_rows(kind):
    rows = rows_for(kind, 60)
    weights = np.arange(60) % 4
    one = ESTIMATORS[kind](2, random_state=0).fit(rows, sample_weight=weights)
    other = ESTIMATORS[kind](2, random_state=0).fit(np.repeat(rows, weights, axis=0))
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-6)
    assert one.bic(rows, weights) == pytest.approx(other.bic(np.repeat(rows, weights, axis=0)))


@every_estimator
def test_the_order_of_rows_is_no_matter(kind):
    rows = rows_for(kind)
    order = np.random.default_rng(1).permutation(len(rows))
    one, other = (ESTIMATORS[kind](2, random_state=0).fit(X) for X in (rows, rows[order]))
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-6)
    np.testing.assert_allclose(one.weights_, other.weights_, rtol=1e-4)


@every_estimator
def test_a_warm_start_goes_on(kind):
    rows = rows_for(kind)
    with pytest.warns(match="did not converge"):
        mixture = ESTIMATORS[kind](2, random_state=0, max_iter=2, warm_start=True).fit(rows)
    before = mixture.history_.objective[-1]
    mixture.set_params(max_iter=200).fit(rows)
    assert mixture.history_.objective[-1] >= before - 1e-9
    with pytest.raises(ParameterError, match="warm_start"):
        mixture.fit(rows[:, :-1] if kind != "poisson" else rows[:, :1])


@every_estimator
def test_settings_are_refused_in_words(kind):
    rows = rows_for(kind)
    for setting in ({"prior": "strong"}, {"prior": -3.0}, {"n_components": 0}, {"tol": -1}):
        with pytest.raises(ParameterError, match=next(iter(setting))):
            ESTIMATORS[kind](**setting).fit(rows)


@every_estimator
def test_other_columns_at_prediction_are_refused(kind):
    rows = rows_for(kind)
    names = [f"c{j}" for j in range(rows.shape[1])]
    mixture = ESTIMATORS[kind](2, random_state=0).fit(pd.DataFrame(rows, columns=names))
    with pytest.raises(DataError, match="feature names"):
        mixture.predict(pd.DataFrame(rows, columns=[*names[:-1], "other"]))
    with pytest.raises(DataError, match="features"), pytest.warns(UserWarning, match="names"):
        mixture.predict(rows[:, :1])


# ---- published results -------------------------------------------------------------------------


@pytest.mark.parametrize("found", CATEGORICAL, ids=lambda fit: fit["id"])
def test_the_best_of_some_starts_is_the_best_known(found):
    values = discrete_values(found)
    mixture = CategoricalMixture(found["G"], prior=None, n_init=60, random_state=0).fit(values)
    assert mixture.log_likelihood_ >= found["best_known"]["loglik"] - 0.01
    assert mixture.n_parameters_ == found["n_params"]


@pytest.mark.parametrize("found", CATEGORICAL, ids=lambda fit: fit["id"])
def test_a_start_from_responsibilities_ends_where_others_do(found):
    values = discrete_values(found)
    start = starting_responsibilities(None, found)
    mixture = CategoricalMixture(
        found["G"], prior=None, responsibilities_init=start, max_iter=20000
    ).fit(values)
    # Where EM creeps for thousands of sweeps the rule in nats stops a little early.
    assert mixture.log_likelihood_ >= found["loglik"] - 0.1
    assert mixture.bic(values) <= found["bic"] + 0.2


def test_equal_rows_are_swept_once_and_counted_all():
    values = dataset("carcinoma").values
    mixture = CategoricalMixture(2, random_state=0).fit(values)
    assert mixture.facts_["n_rows"] == len(values)
    assert mixture.facts_["n_patterns"] == len(np.unique(values, axis=0)) < len(values)


# ---- counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multinomial", "poisson"])
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (-1, r"column 1 holds -1 at row 2 .*start at 0"),
        (0.5, r"column 1 holds 0.5 at row 2 .*round"),
        (np.nan, r"column 1 holds NaN at row 2"),
        (np.inf, r"column 1 holds infinity at row 2"),
        ("three", r"column 1 holds 'three' at row 2 .*not a number"),
    ],
)
def test_what_is_no_count_is_named(kind, cell, words):
    rows = rows_for(kind).astype(object)
    rows[2, 1] = cell
    with pytest.raises(DataError, match=words):
        ESTIMATORS[kind](2).fit(rows)


def test_what_is_no_count_is_named_by_its_column():
    frame = pd.DataFrame({"apples": [1, 2, 3], "pears": [1, -2, 3]})
    with pytest.raises(DataError, match=r"column 'pears' holds -2 at row 1"):
        MultinomialMixture(1).fit(frame)


def test_rows_of_zeros_are_kept_and_counted():
    rows = np.vstack([rows_for("multinomial"), np.zeros((3, 3))])
    mixture = MultinomialMixture(2, random_state=0).fit(rows)
    np.testing.assert_allclose(mixture.predict_proba(rows[-1:])[0], mixture.weights_)
    assert "3 row(s) hold zeros only" in mixture.summary()


def test_one_draw_a_row_is_not_identified():
    rows = np.eye(4)[np.random.default_rng(0).integers(0, 4, 50)]
    with pytest.raises(NonIdentifiableError, match=r"one draw.*from_draws.*allow_unidentified"):
        MultinomialMixture(2).fit(rows)
    with pytest.warns(MixturaWarning, match="not identified"):
        mixture = MultinomialMixture(2, allow_unidentified=True, prior=None).fit(rows)
    assert "not identified" in mixture.summary()
    np.testing.assert_allclose(mixture.weights_ @ mixture.probabilities_, rows.mean(axis=0))
    assert MultinomialMixture(1).fit(rows).converged_


def test_short_rows_are_counted_in_a_warning():
    rng = np.random.default_rng(0)
    rows = rng.multinomial(np.repeat([3, 9], [70, 30]), [0.2, 0.5, 0.3])
    with pytest.warns(MixturaWarning, match="70 of 100 rows have fewer than 2K-1 = 5 draws"):
        MultinomialMixture(3, random_state=0).fit(rows)


def test_the_summary_says_whether_coefficients_are_in():
    rows = rows_for("multinomial")
    with_them, without = (
        MultinomialMixture(2, coefficient=c, random_state=0).fit(rows) for c in (True, False)
    )
    assert "includes the multinomial coefficients" in with_them.summary()
    assert "leaves out the multinomial coefficients" in without.summary()
    np.testing.assert_allclose(with_them.probabilities_, without.probabilities_, rtol=1e-6)
    assert with_them.log_likelihood_ > without.log_likelihood_


def test_draws_are_counted_by_group():
    draws = MultinomialMixture.from_draws(["tea", "milk", "tea", 1, "1"], [7, 7, 7, 9, 9])
    assert draws.items == (1, "1", "milk", "tea")
    assert draws.groups == (7, 9)
    np.testing.assert_array_equal(draws.counts.toarray(), [[0, 0, 1, 2], [1, 1, 0, 0]])
    for wrap in (pd.Series, pl.Series, pa.array, np.array):
        again = MultinomialMixture.from_draws(wrap(["b", "a", "b"]), wrap([0, 0, 1]))
        assert again.items == ("a", "b")
        assert again.counts.toarray().tolist() == [[1, 1], [0, 1]]
    with pytest.raises(DataError, match="3 items and 2 groups"):
        MultinomialMixture.from_draws([1, 2, 3], [0, 0])
    with pytest.raises(DataError, match="items has no value at row 1"):
        MultinomialMixture.from_draws(["a", None], [0, 0])


def test_poisson_rates_are_for_an_exposure_of_one():
    rng = np.random.default_rng(0)
    exposure = rng.uniform(0.5, 20, 3000)
    rate = np.where(rng.random(3000) < 0.4, 1.0, 6.0)
    frame = pd.DataFrame({"visits": rng.poisson(rate * exposure), "years": exposure})
    mixture = PoissonMixture(2, exposure="years", random_state=0).fit(frame)
    np.testing.assert_allclose(np.sort(mixture.rates_.ravel()), [1.0, 6.0], rtol=0.03)
    by_number = PoissonMixture(2, exposure=1, random_state=0).fit(frame.to_numpy())
    np.testing.assert_allclose(by_number.rates_, mixture.rates_)
    for wrong, words in ((0.0, "above 0"), (np.nan, "above 0"), (-1.0, "above 0")):
        broken = frame.copy()
        broken.loc[4, "years"] = wrong
        with pytest.raises(DataError, match=f"'years'.*row 4.*{words}"):
            PoissonMixture(2, exposure="years").fit(broken)
    for exposure in ("months", 5, True, 1.5):
        with pytest.raises(ParameterError, match="exposure"):
            PoissonMixture(2, exposure=exposure).fit(frame)


# ---- zeros and ones ----------------------------------------------------------------------------


def test_what_is_neither_zero_nor_one_is_named():
    rows = rows_for("bernoulli")
    rows[5, 2] = 2
    with pytest.raises(DataError, match=r"column 2 holds 2 at row 5 .*CategoricalMixture"):
        BernoulliMixture(2).fit(rows)


def test_truth_values_and_gaps_are_taken():
    rows = rows_for("bernoulli")
    gappy = pd.DataFrame(rows.astype(bool)).astype("boolean")
    gappy.iloc[0, 1] = pd.NA
    gappy.iloc[1] = pd.NA
    gappy.columns = list("abcd")
    mixture = BernoulliMixture(2, random_state=0).fit(gappy)
    same = rows.astype(float)
    same[0, 1] = np.nan
    same[1] = np.nan
    other = BernoulliMixture(2, random_state=0).fit(same)
    assert mixture.log_likelihood_ == other.log_likelihood_
    assert "1 of 476 cells are missing" in mixture.summary()
    assert "1 row(s) have no cell" in mixture.summary()
    np.testing.assert_allclose(mixture.predict_proba(gappy)[1], mixture.weights_)
    same[:, 3] = np.nan
    with pytest.raises(DataError, match="column 3 is missing in every row"):
        BernoulliMixture(2).fit(same)
    # What a fit did not see it reads all the same.
    whole = BernoulliMixture(2, random_state=0).fit(rows)
    assert (whole.predict(same)[2:] == whole.predict(rows)[2:]).mean() > 0.9


# ---- categories --------------------------------------------------------------------------------

ANSWERS = [["yes", 1], ["no", 2], ["yes", None], ["no", 1], ["yes", 2], ["maybe", 1]] * 5
COLUMNS = ["answer", "grade"]


def as_pandas_categories():
    frame = pd.DataFrame(ANSWERS, columns=COLUMNS)
    levels = pd.CategoricalDtype(["unused", "no", "yes", "maybe"])
    return frame.assign(answer=frame["answer"].astype(levels), grade=frame["grade"].astype("Int64"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ANSWERS,
        lambda: np.array(ANSWERS, dtype=object),
        lambda: pd.DataFrame(ANSWERS, columns=COLUMNS),
        as_pandas_categories,
        lambda: pl.DataFrame(ANSWERS, schema=COLUMNS, orient="row"),
        lambda: pl.DataFrame(ANSWERS, schema=COLUMNS, orient="row").with_columns(
            pl.col("answer").cast(pl.Categorical)
        ),
        lambda: pa.table(
            {
                "answer": pa.array([row[0] for row in ANSWERS]).dictionary_encode(),
                "grade": pa.array([row[1] for row in ANSWERS]),
            }
        ),
    ],
)
def test_categories_of_every_library_are_their_values(make):
    mixture = CategoricalMixture(2, random_state=0).fit(make())
    assert mixture.categories_ == [("maybe", "no", "yes"), (1, 2)]
    expected = CategoricalMixture(2, random_state=0).fit(ANSWERS)
    assert mixture.log_likelihood_ == expected.log_likelihood_
    assert "5 of 60 cells are missing, in 5 of 30 rows and 2 patterns" in mixture.summary()


def test_codes_that_change_between_fit_and_prediction_are_no_matter():
    fitted = pd.DataFrame({"a": pd.Categorical(["x", "y", "x", "y"] * 5)})
    frame = fitted.assign(b=fitted["a"])
    mixture = CategoricalMixture(2, random_state=0).fit(frame)
    other = pd.DataFrame({"a": pd.Categorical(["x", "y"], categories=["y", "w", "x"])})
    again = mixture.predict_proba(other.assign(b=other["a"]))
    np.testing.assert_array_equal(again, mixture.predict_proba(frame)[:2])


def test_values_that_look_alike_are_kept_apart():
    column = [1, "1", True, 1.5, "a", "a\0", "a\0b", "\u00e9", "e\u0301"]
    rows = [[value, "x" if j % 2 else "y"] for j, value in enumerate(column)] * 3
    mixture = CategoricalMixture(2, random_state=0).fit(rows)
    assert len(mixture.categories_[0]) == len(column)
    assert mixture.n_parameters_ == 2 * (len(column) - 1 + 1) + 1
    with pytest.raises(DataError, match="b'a'"):
        CategoricalMixture(2).fit([[b"a"], ["a"]])
    same = CategoricalMixture(1).fit([[1], [1.0], [np.int8(1)], [2]])
    assert same.categories_ == [(1, 2)]


def test_an_unknown_category_is_named_or_left_out():
    mixture = CategoricalMixture(2, random_state=0).fit(pd.DataFrame(ANSWERS, columns=COLUMNS))
    strange = pd.DataFrame([["yes", 1], ["never", 1]], columns=COLUMNS)
    with pytest.raises(DataError, match=r"column 'answer' holds 'never' at row 1 .*'maybe'"):
        mixture.predict(strange)
    ignoring = mixture.set_params(unknown="ignore")
    missing = pd.DataFrame([["yes", 1], [None, 1]], columns=COLUMNS)
    np.testing.assert_array_equal(ignoring.predict_proba(strange), ignoring.predict_proba(missing))
    with pytest.raises(ParameterError, match="unknown"):
        CategoricalMixture(2, unknown="drop").fit(strange)


def test_columns_that_say_nothing_are_told():
    with pytest.warns(MixturaWarning, match="column 1 holds 'a' only"):
        CategoricalMixture(1).fit([["x", "a"], ["y", "a"]])
    with pytest.raises(DataError, match="column 1 is missing in every row"):
        CategoricalMixture(1).fit([["x", None], ["y", float("nan")]])
    with pytest.raises(DataError, match=r"row 1 .*no category"):
        CategoricalMixture(1).fit([["x"], [["a", "b"]]])


def test_an_unanswered_row_has_the_class_shares():
    rows = [*ANSWERS, [None, None]]
    mixture = CategoricalMixture(2, random_state=0).fit(rows)
    np.testing.assert_allclose(mixture.predict_proba([[None, None]])[0], mixture.weights_)
    assert "1 row(s) have no cell at all" in mixture.summary()


def test_a_hundred_thousand_levels_are_warned_of_and_fitted():
    rng = np.random.default_rng(0)
    rows = np.column_stack([np.arange(100_000), rng.integers(0, 3, 100_000)])
    with pytest.warns(MixturaWarning, match="column 0 has 100,000 levels"):
        mixture = CategoricalMixture(1).fit(rows)
    assert mixture.n_parameters_ == 99_999 + 2


def test_more_parameters_than_patterns_are_told():
    mixture = CategoricalMixture(3, random_state=0).fit(ANSWERS)
    assert "not identified" in mixture.summary()


def test_samples_are_categories():
    mixture = CategoricalMixture(2, random_state=0).fit(ANSWERS)
    rows, _ = mixture.sample(20)
    assert set(rows[:, 0]) <= {"yes", "no", "maybe"}
    assert set(rows[:, 1]) <= {1, 2}


def test_a_prior_keeps_rare_answers_possible():
    rows = [["a", "x"]] * 30 + [["b", "y"]] * 30
    for prior in ("weak", "conjugate"):
        mixture = CategoricalMixture(2, prior=prior, random_state=0).fit(rows)
        assert min(table.min() for table in mixture.probabilities_) > 0
    plain = CategoricalMixture(2, prior=None, random_state=0).fit(rows)
    assert np.isfinite(plain.score_samples([["a", "y"]])).all()
