"""Formulas of covariates say what columns made by hand do, and errors say what they lack."""

import numpy as np
import pandas as pd
import pytest
from class_cases import drawn, fitted
from click.testing import CliRunner
from numpy.testing import assert_allclose
from scipy.interpolate import BSpline

from mixtura import DataError, ParameterError, one_step, three_step
from mixtura.cli.command import command
from mixtura.covariates.formulas import Formula

pytest.importorskip("formulaic")


def by_hand(frame):
    """Return x, sex, their product, and region as indicators, as numbers."""
    man = (frame["sex"] == "m").to_numpy(float)
    columns = {"x": frame["x"], "man": man, "both": frame["x"] * man}
    columns |= {f"r{level}": (frame["region"] == level).to_numpy(float) for level in (2, 3)}
    return pd.DataFrame(columns)


def people():
    model, answers, frame, _ = fitted(800)
    rng = np.random.default_rng(8)
    return model, answers, frame.assign(region=rng.integers(1, 4, len(frame)))


def test_factors_and_interactions_are_columns_made_by_hand() -> None:
    model, answers, frame = people()
    text = "x * sex + C(region)"
    found = three_step(model, answers, covariates=text, data=frame)
    hand = three_step(model, answers, covariates=by_hand(frame))
    terms = ("intercept", "x", "sex[T.m]", "C(region)[T.2]", "C(region)[T.3]", "x:sex[T.m]")
    assert found.terms == terms
    order = [0, 1, 2, 4, 5, 3]
    assert_allclose(found.coefficients, hand.coefficients[order], atol=1e-6)
    assert_allclose(found.standard_errors, hand.standard_errors[order], rtol=1e-5)
    assert list(found.tests) == ["x", "sex", "C(region)", "x:sex"]
    assert found.tests["C(region)"].df == 4
    z = found.z[found.terms.index("x:sex[T.m]")]
    assert found.tests["x:sex"].df == len(z) == 2


def test_a_spline_is_that_of_scipy_and_keeps_its_knots_for_other_rows() -> None:
    model, answers, frame = people()
    settings = {"prior": None, "n_init": 1}
    text = "bs(age, df=4) + sex"
    together = one_step(model, answers, covariates=text, data=frame, **settings)
    age = frame["age"].to_numpy()
    inner = np.median(age)
    knots = np.r_[[age.min()] * 4, inner, [age.max()] * 4]
    basis = BSpline.design_matrix(age, knots, 3).toarray()[:, 1:]
    hand = pd.DataFrame(basis).add_prefix("b").assign(sex=frame["sex"])
    plain = one_step(model, answers, covariates=hand, **settings)
    assert together.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-6)
    every = together.weights(frame)
    assert_allclose(every, plain.weights(hand), atol=1e-4)
    few = frame.iloc[[7, 3, 700]]
    assert_allclose(together.weights(few), every[[7, 3, 700]], rtol=1e-12)
    both = together.predict_proba(answers[:5], frame[:5])
    assert_allclose(both, plain.predict_proba(answers[:5], hand[:5]), atol=1e-4)


def test_names_in_a_frame_are_its_columns() -> None:
    model, answers, frame = people()
    for name, columns in (("covariates", ["x", "sex"]), ("distal", ["income", "job"])):
        named = three_step(model, answers, **{name: columns}, data=frame)
        assert named.summary() == three_step(model, answers, **{name: frame[columns]}).summary()


def test_outcomes_by_formula_are_columns_made_by_hand() -> None:
    model, answers, frame = people()
    frame = frame.assign(income=frame["income"].where(frame["age"] > 30))
    found = three_step(model, answers, distal="exp(income) + C(region) + job", data=frame)
    made = pd.DataFrame(
        {
            "exp(income)": np.exp(frame["income"]),
            "region": frame["region"].astype(str),
            "job": frame["job"],
        }
    )
    hand = three_step(model, answers, distal=made)
    assert found.summary() == hand.summary()
    assert found.outcomes["exp(income)"].n_left_out == int((frame["age"] <= 30).sum())


def test_rows_that_lack_a_column_or_count_nothing_do_not_say_what_levels_and_knots_are() -> None:
    model, answers, frame = people()
    weights = np.ones(len(frame))
    weights[:50] = 0.0
    wild = frame.copy()
    wild.loc[:49, "age"] = 1e6
    wild.loc[:49, "region"] = 9
    wild.loc[50:60, "x"] = np.nan
    text = "bs(age, df=4) + C(region) + x"
    found = three_step(model, answers, covariates=text, data=wild, sample_weight=weights)
    kept = three_step(
        model, answers, covariates=text, data=frame.where(wild["x"].notna()), sample_weight=weights
    )
    assert found.n_left_out == 11
    assert found.terms == kept.terms
    assert_allclose(found.coefficients, kept.coefficients, rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("agee + x", DataError, "names 'agee', which is no column of data; those are x, age, sex"),
        ("x + log(nope)", DataError, "names 'nope'"),
        ("x +", ParameterError, "'x [+]' is no formula"),
        ("0 + x", ParameterError, "leaves the intercept out"),
        ("job ~ x", ParameterError, "two sides"),
        ("1", ParameterError, "names no column"),
        ("log(x)", DataError, "no finite number where x = "),
        ("foo(x)", DataError, "cannot be computed .*'foo' is not defined"),
        ("x + I(2 * x)", DataError, r"'I\(2 \* x\)' is determined by those before it"),
        ("I(x * 0)", DataError, "has one value"),
        ("log(", ParameterError, "is no formula"),
        ("abs(x).clip(1)", ParameterError, "is no formula"),
    ],
)
def test_what_a_formula_lacks_is_said(text, error, said) -> None:
    model, answers, frame = people()
    with pytest.raises(error, match=said) as told:
        three_step(model, answers, covariates=text, data=frame)
    assert "\n" not in str(told.value)


def test_formula_and_frame_go_together() -> None:
    model, answers, frame = people()
    with pytest.raises(ParameterError, match="is a formula, whose columns are in a frame"):
        one_step(model, answers, covariates="x")
    with pytest.raises(ParameterError, match="leave data out"):
        one_step(model, answers, covariates=frame[["x"]], data=frame)
    with pytest.raises(ParameterError, match="is not one number"):
        three_step(model, answers, distal="poly(x, 2)", data=frame)
    with pytest.raises(DataError, match="data has 3 rows and X has 800"):
        one_step(model, answers, covariates="x", data=frame[:3])


def test_a_level_that_no_row_of_the_fit_had_is_refused() -> None:
    model, answers, frame = people()
    found = one_step(model, answers, covariates="C(region)", data=frame, n_init=1)
    with pytest.raises(DataError, match=r"cannot be computed .*outside of the nominated levels"):
        found.weights(frame[:2].assign(region=[1, 7]))
    found = one_step(model, answers, covariates="sex", data=frame, n_init=1)
    with pytest.raises(DataError, match=r"'sex' holds 'x' at row 1 .* Leave such rows out$"):
        found.weights(frame[:2].assign(sex=["f", "x"]))


def test_the_command_takes_formulas(tmp_path) -> None:
    answers, frame, _ = drawn()
    items = list("abcdef")
    table = pd.concat([pd.DataFrame(answers, columns=items), frame], axis=1)
    path = tmp_path / "survey.csv"
    table.rename(columns={"age": "age (years)"}).to_csv(path, index=False)
    asked = ["classes", str(path), "-k", "3", "--starts", "2", "--columns", ",".join(items)]
    asked += ["--covariates", "C(sex) * `age (years)`", "--distal", "exp(income) + job"]
    done = CliRunner().invoke(command, asked)
    assert done.exit_code == 0, done.stderr
    assert "C(sex)[T.m]:age (years)" in done.stdout
    assert "exp(income)" in done.stdout
    refused = CliRunner().invoke(command, [*asked[:2], "--covariates", "x + nope"])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has no column 'nope'" in refused.stderr


@pytest.mark.parametrize("text", ["(age + sex)**99999", "(age + sex) ^ 21", "age + (age*sex)**100"])
def test_a_power_that_would_never_end_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="asks for a power of"):
        Formula.of(text)
