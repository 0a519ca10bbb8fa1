"""Formulas of regressions are the columns that they stand for, and stay so in files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.interpolate import BSpline

import mixtura
from mixtura import DataError, MixtureRegressor, ModelFileError, ParameterError
from mixtura.archive import read_archive, write_archive

pytest.importorskip("formulaic")

TEXT = "spent ~ months * age + C(shop)"
LABELS = ("months", "age", "C(shop)[T.b]", "C(shop)[T.c]", "months:age")


def drawn(seed: int, n_rows: int = 300) -> pd.DataFrame:
    """Return rows of two lines on numbers and a category."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "months": rng.uniform(0, 4, n_rows),
            "age": rng.normal(0, 1, n_rows),
            "shop": rng.choice(list("abc"), n_rows),
            "spare": rng.normal(size=n_rows),
        }
    )
    line = rng.integers(2, size=n_rows)
    first = 5 + 2 * frame.months + frame.age * frame.months
    other = -5 - frame.months + 3 * (frame["shop"] == "b")
    return frame.assign(spent=np.where(line == 0, first, other) + rng.normal(0, 0.5, n_rows))


def by_hand(frame: pd.DataFrame) -> np.ndarray:
    """Return the columns of TEXT."""
    shops = [(frame["shop"] == name).to_numpy(float) for name in "bc"]
    return np.column_stack([frame.months, frame.age, *shops, frame.months * frame.age])


def test_terms_are_columns_made_by_hand(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    model = MixtureRegressor(2, formula=TEXT, random_state=0).fit(frame)
    hand = MixtureRegressor(2, random_state=0).fit(by_hand(frame), frame.spent)
    assert model.terms_ == LABELS
    assert model.feature_names_in_.tolist() == ["months", "age", "shop"]
    assert_array_equal(model.coef_, hand.coef_)
    assert_array_equal(model.predict(frame), hand.predict(by_hand(frame)))
    shares = hand.predict_proba(by_hand(frame), frame.spent)
    assert_array_equal(model.predict_proba(frame), shares)
    ours = model.errors(frame)
    theirs = hand.errors(by_hand(frame), frame.spent)
    assert ours.terms == ("intercept", *LABELS)
    assert_array_equal(ours.standard_errors, theirs.standard_errors)
    assert "C(shop)[T.b] (1)" in ours.summary()
    assert "C(shop)[T.b]" in model.summary()


def test_a_term_is_tested_with_all_of_its_columns(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    errors = MixtureRegressor(2, formula=TEXT, random_state=0).fit(frame).errors(frame)
    places = [3, 4, 9, 10]
    block = errors.covariance[np.ix_(places, places)]
    values = errors.coefficients.ravel()[places]
    test = errors.test("C(shop)")
    assert test.df == 4
    assert_allclose(test.statistic, values @ np.linalg.solve(block, values), rtol=1e-8)
    change = np.array([[-1.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]])
    apart = change @ values
    same = errors.test("C(shop)", equal=True)
    theirs = apart @ np.linalg.solve(change @ block @ change.T, apart)
    assert (same.df, errors.test("C(shop)[T.b]").df) == (2, 2)
    assert_allclose(same.statistic, theirs, rtol=1e-8)
    with pytest.raises(ParameterError, match=r"no term 'shop'; they are .*C\(shop\)\[T.b\]"):
        errors.test("shop")


def test_terms_are_held_and_equal_by_their_names(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    model = MixtureRegressor(
        2,
        formula=TEXT,
        equal={"coef": ["C(shop)"]},
        fix={"coef": {"months:age": [None, 0.0]}},
        random_state=0,
    ).fit(frame)
    assert_allclose(model.coef_[0, 2:4], model.coef_[1, 2:4], rtol=1e-10)
    assert model.coef_[1, 4] == 0.0
    assert model.n_parameters_ == 2 * 7 + 1 - 3
    with pytest.raises(ParameterError, match="no column 'shop'"):
        MixtureRegressor(2, formula=TEXT, equal={"coef": ["shop"]}).fit(frame)


def test_levels_and_knots_are_those_of_the_fit(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    text = "spent ~ bs(months, df=4) + C(shop)"
    model = MixtureRegressor(1, formula=text).fit(frame)
    months = frame.months.to_numpy()
    knots = np.r_[[months.min()] * 4, np.median(months), [months.max()] * 4]
    spline = BSpline.design_matrix(months, knots, 3).toarray()[:, 1:]
    X = np.column_stack([np.ones(len(frame)), spline, by_hand(frame)[:, 2:4]])
    fitted = X @ np.linalg.lstsq(X, frame.spent, rcond=None)[0]
    few = frame[["shop", "months"]].iloc[[5, 0, 9]]
    assert_allclose(model.predict(few), fitted[[5, 0, 9]], rtol=1e-8)
    assert_allclose(model.predict(few.iloc[:1]), fitted[5], rtol=1e-8)
    with pytest.raises(DataError, match="'shop' holds 'd' at row 0"):
        model.predict(few.assign(shop="d"))
    with pytest.raises(DataError, match="no covariate 'shop'"):
        model.predict(few[["months"]])
    with pytest.raises(DataError, match="'months' is missing at row 1"):
        model.predict(few.assign(months=[1.0, np.nan, 2.0]))


def test_rows_without_weight_do_not_say_what_levels_are(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    weights = np.r_[np.zeros(20), np.ones(len(frame) - 20)]
    wild = frame.copy()
    wild.loc[:19, "shop"] = "z"
    wild.loc[:19, "months"] = np.nan
    settings: dict[str, Any] = {"formula": TEXT, "random_state": 0}
    model = MixtureRegressor(2, **settings).fit(wild, sample_weight=weights)
    fewer = MixtureRegressor(2, **settings).fit(frame[20:])
    assert model.terms_ == LABELS
    assert_allclose(model.log_likelihood_, fewer.log_likelihood_, rtol=1e-9)


def test_responses_are_columns_numbers_made_of_some_and_counts_of_both(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    frame = frame.assign(amount=np.exp(0.2 * frame.spent), bought=frame.spent > 0)
    logs = MixtureRegressor(1, formula="log(amount) ~ months").fit(frame)
    plain = MixtureRegressor(1, formula="months").fit(frame, np.log(frame.amount))
    assert_allclose(logs.coef_, plain.coef_, rtol=1e-12)
    truth = MixtureRegressor(1, "binomial", formula="bought ~ age").fit(frame)
    number = MixtureRegressor(1, "binomial").fit(frame[["age"]], frame.bought.to_numpy(float))
    assert_array_equal(truth.coef_, number.coef_)
    rng = np.random.default_rng(fresh_seed)
    tried = rng.integers(3, 9, len(frame))
    frame = frame.assign(hits=rng.binomial(tried, 0.4), tried=tried)
    both = MixtureRegressor(1, "binomial", formula="cbind(hits, tried - hits) ~ age").fit(frame)
    pairs = np.column_stack([frame.hits, frame.tried - frame.hits])
    hand = MixtureRegressor(1, "binomial").fit(frame[["age"]], pairs)
    assert_array_equal(both.coef_, hand.coef_)
    assert_array_equal(both.log_density(frame), hand.log_density(frame[["age"]], pairs))


def test_a_formula_says_whether_there_is_an_intercept(fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    means = frame.groupby("shop").spent.mean()
    model = MixtureRegressor(1, formula="spent ~ 0 + shop").fit(frame)
    assert model.terms_ == ("shop[a]", "shop[b]", "shop[c]")
    assert model.intercept_ == 0.0
    assert_allclose(model.coef_[0], means, rtol=1e-8)
    alone = MixtureRegressor(1, formula="spent ~ 1").fit(frame)
    assert_allclose(alone.intercept_, frame.spent.mean(), rtol=1e-8)
    assert alone.coef_.shape == (1, 0)
    with pytest.raises(ParameterError, match=r"write '0 \+' into the formula"):
        MixtureRegressor(1, formula="spent ~ months", fit_intercept=False).fit(frame)


def test_a_dot_is_all_other_columns(fresh_seed: int) -> None:
    frame = drawn(fresh_seed).rename(columns={"spare": "to spare"})
    model = MixtureRegressor(1, formula="spent ~ .").fit(frame)
    assert model.terms_ == ("months", "age", "shop[T.b]", "shop[T.c]", "to spare")


@pytest.mark.parametrize("n_components", [1, 2])
def test_a_model_file_keeps_formula_levels_and_knots(
    n_components: int, tmp_path: Path, fresh_seed: int
) -> None:
    frame = drawn(fresh_seed).rename(columns={"age": "age in years"})
    text = "spent ~ bs(months, df=3) + C(shop) : center(`age in years`)"
    model = MixtureRegressor(n_components, formula=text, random_state=0).fit(frame)
    model.save(tmp_path / "model")
    other = mixtura.load(tmp_path / "model")
    few = frame.iloc[[7, 2]]
    assert_array_equal(other.predict(few), model.predict(few))
    assert_array_equal(other.predict_proba(frame), model.predict_proba(frame))
    assert_array_equal(other.errors(frame).covariance, model.errors(frame).covariance)
    assert other.terms_ == model.terms_
    assert other.get_params()["formula"] == text
    assert other.feature_names_in_.tolist() == model.feature_names_in_.tolist()
    with pytest.raises(DataError, match="'shop' holds 'd' at row 0"):
        other.predict(few.assign(shop="d"))
    without = few.drop(columns="spent")
    assert_array_equal(other.predict_proba(without), np.tile(other.weights_, (2, 1)))


def test_a_forged_file_has_no_code_evaluated(tmp_path: Path, fresh_seed: int) -> None:
    frame = drawn(fresh_seed)
    path = tmp_path / "model"
    MixtureRegressor(1, formula="spent ~ log(months + 1)").fit(frame).save(path)
    arrays, document = read_archive(path)
    told = json.dumps(document)
    for code, why in (
        ("__import__('os').getcwd()", "is not evaluated"),
        ("months.map(print)", "is not evaluated"),
        ("months ** 9 ** 9 ** 9 ** 9", "is not evaluated"),
    ):
        forged = json.loads(told.replace("log(months + 1)", code))
        write_archive(path, arrays, forged)
        with pytest.raises(ModelFileError, match=why):
            mixtura.load(path)
    for code, why in (("exec(spent)", "is not evaluated"), ("-" * 9000 + "spent", "no Python")):
        forged = json.loads(told.replace('"response": "spent"', f'"response": "{code}"'))
        write_archive(path, arrays, forged)
        with pytest.raises(ModelFileError, match=why):
            mixtura.load(path)
    forged = json.loads(told.replace('[["log(months + 1)", ["log', '[["log(months + 1)", ["exp'))
    write_archive(path, arrays, forged)
    with pytest.raises(ModelFileError, match="terms are not its columns"):
        mixtura.load(path)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("spent ~ nope", DataError, "names 'nope', which is no column of data"),
        ("nope ~ months", DataError, "names 'nope', which is no column of data"),
        ("spent ~ months | age", ParameterError, "two sides or parts"),
        ("months ~ age ~ spent", ParameterError, "two sides or parts"),
        ("spent ~ 0", ParameterError, "has no term"),
        ("spent ~ months +", ParameterError, "is no formula"),
        ("spent ~ age + offset(log(months))", ParameterError, "has an offset"),
        ("months + age", ParameterError, "has no left side, and y was not given"),
        ("shop ~ months", DataError, "response 'shop' holds categories such as 'a'"),
        ("cbind(spent) ~ months", ParameterError, r"'cbind\(spent\)' is no response"),
        ("spent ~ log(months - 10)", DataError, "is no finite number where months = "),
        ("spent ~ months + I(2 * months)", DataError, "follows from the terms before it"),
        (5, ParameterError, "formula should be a text"),
    ],
)
def test_what_a_formula_lacks_is_said(text: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        MixtureRegressor(1, formula=text).fit(drawn(0))


def test_formula_and_frame_go_together() -> None:
    frame = drawn(0)
    with pytest.raises(DataError, match="give a data frame"):
        MixtureRegressor(1, formula="spent ~ months").fit(np.ones((5, 2)))
    with pytest.raises(ParameterError, match="leave one out"):
        MixtureRegressor(1, formula="spent ~ months").fit(frame, frame.spent)
    with pytest.raises(DataError, match=r"column 'age' is missing at row 4 \(counted from 0\)"):
        MixtureRegressor(1, formula="spent ~ age").fit(
            frame.assign(age=frame.age.mask(frame.index == 4))
        )


def test_sizes_are_compared_by_formula(fresh_seed: int) -> None:
    model = MixtureRegressor(formula=TEXT, random_state=0)
    model.select(drawn(fresh_seed, 500), n_components=[1, 2])
    assert len(model.weights_) == 2
