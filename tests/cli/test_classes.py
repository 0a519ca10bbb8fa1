"""`mixtura classes` tells what the library tells, of a file, and writes it down."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import ordinal_cases
import pandas as pd
import pytest
from class_cases import drawn, fitted
from click.testing import CliRunner

from mixtura import (
    CategoricalMixture,
    SurveyDesign,
    little_test,
    load,
    one_step,
    profile,
    three_step,
)
from mixtura.classes.enumeration import enumeration_of
from mixtura.cli import classes as room
from mixtura.cli.command import command
from mixtura.inference import vuong_test

pytestmark = pytest.mark.drawn(2, among="file")

DATA = Path(__file__).parents[2] / "examples" / "data"
WRITTEN = ["assignments.csv", "classes.csv", "enumeration.csv", "model.mixtura"]
WRITTEN += ["scree.svg", "tables.md", "tables.tex"]


def told(*arguments):
    return CliRunner().invoke(command, ["classes", *map(str, arguments)])


@pytest.fixture
def survey(tmp_path):
    answers, frame, _ = drawn()
    path = tmp_path / "survey.csv"
    pd.concat([pd.DataFrame(answers, columns=list("abcdef")), frame], axis=1).to_csv(
        path, index=False
    )
    return path


def test_numbers_are_those_of_the_library(survey, tmp_path):
    out = tmp_path / "out"
    options = ["--covariates", "x,sex", "--distal", "income,job", "--prior", "none"]
    done = told(survey, "-k", "1:3", *options, "--starts", "5", "-o", out)
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == WRITTEN
    assert "preferred by" in done.stdout
    assert "Chosen by BIC: Latent class model (mixture of categories), 3 components" in done.stdout
    mixture = load(out / "model.mixtura")
    model, answers, frame, _ = fitted()
    items = pd.DataFrame(answers, columns=list("abcdef"))
    for options in ({"covariates": frame[["x", "sex"]]}, {"distal": frame[["income", "job"]]}):
        assert three_step(mixture, items, **options).summary() in done.stdout
    rows = list(csv.DictReader((out / "enumeration.csv").open()))
    assert [row["n_classes"] for row in rows] == ["1", "2", "3"]
    assert float(rows[2]["log_likelihood"]) == pytest.approx(model.log_likelihood_, abs=1e-3)
    rows = list(csv.DictReader((out / "classes.csv").open()))
    assert [row["class"] for row in rows[:3]] == ["0", "1", "2"]
    assert [float(row["estimate"]) for row in rows[:3]] == pytest.approx(list(mixture.weights))
    assert float(rows[0]["lower"]) < float(rows[0]["estimate"]) < float(rows[0]["upper"])
    rows = list(csv.DictReader((out / "assignments.csv").open()))
    chances = np.array([[float(row[f"p{k}"]) for k in range(3)] for row in rows])
    np.testing.assert_allclose(chances, mixture.responsibilities(items), rtol=5.1e-6)
    words = (out / "tables.md").read_text(encoding="utf-8")
    for title in ("Numbers of classes", "Classes", "Classification", "Covariates", "Outcomes"):
        assert f"# {title}\n" in words
    assert f"3 class(es) were retained (log-likelihood {model.log_likelihood_:.3f}" in words
    typeset = (out / "tables.tex").read_text(encoding="utf-8")
    assert typeset.count("\\toprule") == typeset.count("\\bottomrule") == 7
    assert "log likelihood & df" in typeset
    assert "BIC" in (out / "scree.svg").read_text(encoding="utf-8")
    again = told(survey, "-k", "2", "-o", out)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert told(survey, "-k", "2", "--columns", "a,b,c,d", "-o", out, "--force").exit_code == 0


def test_classes_and_covariates_are_fitted_together_on_request(survey, tmp_path):
    out = tmp_path / "out"
    asked = ["--columns", "a,b,c,d,e,f", "--covariates", "x,sex", "--one-step", "-o", out]
    done = told(survey, "-k", "3", "--prior", "none", *asked, "--distal", "income")
    assert done.exit_code == 0, done.stderr
    mixture = load(out / "model.mixtura")
    _, answers, frame, _ = fitted()
    items = pd.DataFrame(answers, columns=list("abcdef"))
    found = one_step(mixture, items, covariates=frame[["x", "sex"]], prior=None)
    assert found.membership.summary() in done.stdout
    assert f"log-likelihood {found.log_likelihood:.4f}" in done.stdout
    assert three_step(mixture, items, distal=frame["income"]).summary() in done.stdout
    assert "(one step)" in (out / "tables.md").read_text(encoding="utf-8")


def test_samples_are_told_with_their_own_errors(survey, tmp_path):
    table = pd.read_csv(survey)
    rng = np.random.default_rng(4)
    table["w"], table["region"] = rng.uniform(100, 900, len(table)), np.arange(len(table)) % 4
    table["house"] = rng.integers(0, 200, len(table))
    path = tmp_path / "sample.csv"
    table.to_csv(path, index=False)
    drawn_by = ["--sampling-weights", "w", "--strata", "region", "--clusters", "house"]
    asked = ["--columns", "a,b,c,d,e,f", "--covariates", "x", "-o", tmp_path / "out"]
    done = told(path, "-k", "3", *drawn_by, *asked)
    assert done.exit_code == 0, done.stderr
    mixture = load(tmp_path / "out" / "model.mixtura")
    design = SurveyDesign(weights=table["w"], strata=table["region"], clusters=table["house"])
    items = table[list("abcdef")]
    found = three_step(mixture, items, covariates=table[["x"]], survey=design)
    assert found.summary() in done.stdout
    assert f"n = {len(table)}." in done.stdout
    assert profile(mixture, items, survey=design).summary() in done.stdout
    refused = told(path, "-k", "3", *drawn_by, "--weights", "w")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "give one of the two" in refused.stderr
    assert "--blrt" in told(path, "-k", "1:2", *drawn_by, "--blrt", "9").stderr
    assert "--vlmr" in told(path, "-k", "1:2", *drawn_by, "--vlmr").stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--one-step"], "name these by --covariates"),
        (["--one-step", "--distal", "income"], "name these by --covariates"),
        (["--one-step", "--covariates", "x", "--correction", "bch"], "--correction says"),
        (["--one-step", "--covariates", "x", "--assignment", "modal"], "--assignment says"),
        (["--correction", "ml"], "there is nothing to relate"),
    ],
)
def test_an_option_that_would_say_nothing_is_refused(survey, options, words):
    done = told(survey, "-k", "2", "--columns", "a,b,c", *options)
    assert done.exit_code == 2
    assert words in done.stderr


def test_profiles_with_weights_and_tests(tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    table = pd.DataFrame(3.0 * labels[:, None] + rng.normal(size=(300, 2)), columns=["u", "v"])
    table["w"], table["y"] = 1 + np.arange(300) % 2, labels + rng.normal(size=300)
    table.loc[3, "u"] = np.nan
    path = tmp_path / "rows.csv"
    table.to_csv(path, index=False)
    options = ["-f", "gaussian", "--weights", "w", "--distal", "y", "--blrt", "9", "--starts", "2"]
    done = told(path, "-k", "1:2", *options)
    assert done.exit_code == 0, done.stderr
    assert "Gaussian mixture, diagonal covariance, 2 components" in done.stdout
    assert "0.100\n" in done.stdout
    assert "y: n = 450" in done.stdout
    test = little_test(table[["u", "v"]], table["w"])
    assert f"Little's d² = {test.statistic:.3f}, df 1, p" in done.stdout


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({"u": slice(0, 40), "v": slice(40, 80)}, "no column is known in rows of two patterns"),
        ({"u": slice(0, 40)}, ""),
    ],
)
def test_why_there_is_no_test_of_missing_cells_is_said(tmp_path, lacking, why):
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(80, 2)), columns=["u", "v"])
    for column, rows in lacking.items():
        table.loc[table.index[rows], column] = np.nan
    table.to_csv(tmp_path / "rows.csv", index=False)
    done = told(tmp_path / "rows.csv", "-f", "gaussian", "-k", "1", "--starts", "1")
    assert done.exit_code == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert ("Missing completely at random: Little's d²" in said) == (not why)
    assert f"no test whether numbers are missing completely at random: {why}" in said or not why


def test_ratings_of_slides():
    done = told(DATA / "carcinoma.csv", "-k", "2:4", "--prior", "none")
    assert done.exit_code == 0
    assert "-293.70" in done.stdout
    assert "3 components" in done.stdout


def test_what_cannot_be_done_is_said_before_or_after_the_fits(survey, tmp_path):
    done = told(survey, "--covariates", "ages")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "'ages'" in done.stderr
    done = told(survey, "-s", "diag")
    assert done.exit_code == 2
    assert "--structure says nothing to --family categorical, only to gaussian" in done.stderr
    done = told(survey, "-f", "gaussian", "-s", "diag,full")
    assert "--structure takes one" in done.stderr
    table = pd.read_csv(survey)
    table["sure"] = (table[list("abcdef")].sum(axis=1) > 3).astype(str)
    path, out = tmp_path / "more.csv", tmp_path / "out"
    table.to_csv(path, index=False)
    done = told(path, "-k", "2", "--columns", "a,b,c,d,e,f", "--covariates", "sure", "-o", out)
    assert done.exit_code == 1
    assert "has no bound" in done.stderr
    # What was found is there all the same.
    assert "Chosen by BIC" in done.stdout
    assert {file.name for file in out.iterdir()} == {*WRITTEN} - {"scree.svg"}
    # A mass at one value has no normal likelihood; what to try is an option here.
    table["flat"] = np.where(table["sure"] == "True", 0.0, table["income"])
    table.to_csv(path, index=False)
    options = ["--columns", "a,b,c,d,e,f", "--distal", "flat", "--correction", "ml"]
    done = told(path, "-k", "2", *options)
    assert done.exit_code == 1
    assert "take --correction bch" in done.stderr
    done = told(path, "-k", "1", "--columns", "a,b", "--distal", "x")
    assert done.exit_code == 0
    assert "one class only" in done.stderr


def test_gaps_and_classes_that_answers_do_not_determine_are_said(tmp_path):
    path, out = tmp_path / "two.csv", tmp_path / "out"
    path.write_text("a,b\n" + "x,p\nx,\ny,q\ny,q\n" * 20)
    done = told(path, "-k", "2", "--starts", "1", "-o", out)
    words = (out / "tables.md").read_text(encoding="utf-8")
    for text in (done.stdout, words):
        assert "20 of 160 cells are missing, in 20 of 80 rows and 2 patterns of columns" in text
        assert "5 free parameters and 4 possible patterns: the components are not" in text


def test_an_interrupt_of_the_tests_keeps_the_fits(survey, tmp_path, monkeypatch):
    def interrupted(*arguments, blrt=0, **more):
        if blrt:
            raise KeyboardInterrupt
        return enumeration_of(*arguments, **more)

    monkeypatch.setattr(room, "enumeration_of", interrupted)
    out = tmp_path / "out"
    done = told(survey, "-k", "2:3", "--columns", "a,b,c,d,e,f", "--blrt", "9", "-o", out)
    assert done.exit_code == 130
    assert "interrupted" in done.stderr
    assert sorted(path.name for path in out.iterdir()) == WRITTEN


def test_answers_of_a_survey_package_are_told_by_their_labels(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    rng = np.random.default_rng(0)
    kind = rng.random(300) < 0.5
    said = rng.random((300, 4)) < np.where(kind, 0.9, 0.2)[:, None]
    codes = np.where(rng.random((300, 4)) < 0.05, 8, 1 + said)
    frame = pd.DataFrame(codes, columns=[f"q{j}" for j in range(4)]).astype(float)
    labels = {name: {1: "never", 2: "often", 8: "refused"} for name in frame.columns}
    path = tmp_path / "survey.sav"
    pyreadstat.write_sav(frame, path, variable_value_labels=labels)
    out = tmp_path / "out"
    done = told(path, "-k", 2, "--missing", "8,9", "--starts", 2, "-o", out)
    assert done.exit_code == 0, done.stderr
    assert "often" in done.stdout
    assert "refused" not in done.stdout

    def predicted(*more):
        return CliRunner().invoke(
            command, ["predict", str(out / "model.mixtura"), str(path), *more]
        )

    found = predicted("--missing", "8,9")
    assert found.exit_code == 0, found.stderr
    assert len(found.stdout.splitlines()) == 301
    assert "'refused'" in predicted().stderr


def test_the_order_of_labels_is_that_of_their_codes(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame(ordinal_cases.drawn(200, 4, 2), columns=list("abcd")).astype(float)
    labels = dict(zip(range(1, 6), ["quite", "mostly", "so-so", "partly", "barely"], strict=True))
    path, out = tmp_path / "survey.sav", tmp_path / "out"
    pyreadstat.write_sav(frame, path, variable_value_labels=dict.fromkeys(frame, labels))
    done = told(path, "-k", 2, "--ordinal", "all", "--starts", 2, "-o", out)
    assert done.exit_code == 0, done.stderr
    scores = {item.scores for item in load(out / "model.mixtura").constraints.ordinal}
    # The levels are barely, mostly, partly, quite, so-so.
    assert (4.0, 1.0, 3.0, 0.0, 2.0) in scores


def test_classes_keep_the_names_that_are_given(survey, tmp_path):
    out = tmp_path / "out"
    options = ["--labels", "low, middle,high", "--columns", "a,b,c,d,e,f", "--prior", "none"]
    options += ["--vlmr"]
    done = told(survey, "-k", "2:3", *options, "--starts", "3", "-o", out)
    assert done.exit_code == 0, done.stderr
    names = ["low", "middle", "high"]
    mixture = load(out / "model.mixtura")
    assert list(mixture.names) == names
    rows = list(csv.DictReader((out / "classes.csv").open()))
    assert [row["class"] for row in rows[:3]] == names
    rows = pd.read_csv(out / "assignments.csv")
    items = pd.read_csv(survey)[list("abcdef")]
    assert list(rows["component"]) == [names[k] for k in mixture.predict(items)]
    chances = rows[[f"p_{name}" for name in names]].to_numpy()
    np.testing.assert_allclose(chances, mixture.responsibilities(items), rtol=5.1e-6)
    assert "middle" in (out / "tables.tex").read_text()
    tests = pd.read_csv(out / "enumeration.csv")
    expected = vuong_test(
        CategoricalMixture(2, prior=None, random_state=0).fit(items).mixture_, mixture, items
    )
    assert tests["lmr"][1] == pytest.approx(expected.adjusted, rel=1e-5)
    assert "LMR p" in done.stdout
    assert "lmr_p" in (out / "tables.md").read_text()
    # Other commands call them so too.
    for arguments in (
        ["predict", out / "model.mixtura", survey],
        ["sample", out / "model.mixtura"],
    ):
        more = ["-n", "50"] if arguments[0] == "sample" else []
        said = CliRunner().invoke(command, [*map(str, arguments), *more])
        assert said.exit_code == 0, said.stderr
        found = pd.read_csv(io.StringIO(said.stdout))
        assert set(found["component"]) == set(names)
        if arguments[0] == "predict":
            assert list(found["component"]) == list(rows["component"])
    said = CliRunner().invoke(command, ["summary", str(out / "model.mixtura"), "--json"])
    assert json.loads(said.stdout)["names"] == names


def test_names_of_another_number_of_classes_are_said_to_be_without_use(survey):
    done = told(survey, "-k", "2:3", "--labels", "few,many", "--starts", "2")
    assert done.exit_code == 0
    assert "--labels names 2 classes, and BIC is lowest for 3" in done.stderr
    assert "few" not in done.stdout
    done = told(survey, "-k", "2:3", "--labels", "a,b,c,d")
    assert done.exit_code == 2
    assert "--labels names 4 classes, which -k does not try" in done.stderr


def test_answers_in_an_order_are_told_by_name_or_by_what_is_said(tmp_path):
    rows = ordinal_cases.drawn(300, 4, 2)
    frame = pd.DataFrame(rows, columns=list("abcd"))
    path, out = tmp_path / "rows.csv", tmp_path / "out"
    frame.to_csv(path, index=False)
    options = ["-k", "2", "--starts", "3", "--prior", "none"]
    done = told(path, *options, "--ordinal", "all", "-o", out)
    assert done.exit_code == 0, done.stderr
    assert "probabilities: those of 4 item(s) ordinal" in done.stdout
    settings = {"prior": None, "n_init": 3, "random_state": 0}
    model = CategoricalMixture(2, ordinal=True, **settings).fit(frame)
    found = load(out / "model.mixtura")
    assert found.constraints == model.mixture_.constraints
    assert found.n_parameters == model.n_parameters_
    words = {1: "q", 2: "d", 3: "z", 4: "a", 5: "b"}
    frame.replace({"a": words, "b": words}).to_csv(path, index=False)
    refused = told(path, *options, "--ordinal", "a")
    assert refused.exit_code != 0
    assert "in no order that is known; say it by --ordinal NAME=low<middle<high" in refused.stderr
    order = ["--ordinal", "a=q<d<z<a<b", "--ordinal", "b=q<d<z<a<b", "--ordinal", "c,d"]
    other = told(path, *options, *order, "--ordinal-link", "cumulative")
    assert other.exit_code == 0
    assert other.stdout.splitlines()[1] != done.stdout.splitlines()[1]
    again = told(path, *options, *order)
    assert again.stdout.splitlines()[1] == done.stdout.splitlines()[1]
    for wrong, said in (
        (["--ordinal", "c", "--ordinal", "c,d"], "--ordinal names 'c' twice"),
        (["--ordinal", "e"], "no column 'e'"),
        (["--ordinal", "c", "-f", "gaussian"], "--ordinal says nothing to --family gaussian"),
    ):
        refused = told(path, *options, *wrong)
        assert refused.exit_code != 0
        assert said in refused.stderr


def test_codes_among_answers_are_told_of_before_classes_are(tmp_path):
    rng = np.random.default_rng(0)
    shift = 2 * rng.integers(0, 2, (300, 1))
    frame = pd.DataFrame(rng.integers(1, 4, (300, 4)) + shift, columns=list("abcd"))
    frame.loc[:5, "a"] = 99
    frame.to_csv(tmp_path / "rows.csv", index=False)
    done = told(tmp_path / "rows.csv", "-k", "2", "--starts", "2", "--ordinal", "all")
    assert done.exit_code == 0
    assert "'a': 99 (6 cells) look like codes for missing cells" in done.stderr
    assert "make them missing (NaN in a frame, --missing 99 by command)" in done.stderr
    twice = told(tmp_path / "rows.csv", "-k", "2", "--ordinal", "all", "--ordinal", "a")
    assert twice.exit_code == 2
    assert "--ordinal all is given with further items" in twice.stderr
