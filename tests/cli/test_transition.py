"""`mixtura transition` tells what the library tells, of files of both forms, and writes it."""

import csv
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import CategoricalMixture, SurveyDesign, latent_transition
from mixtura.cli.command import command

pytestmark = pytest.mark.drawn(3, among="file")

N, YEARS, ITEMS = 250, (2016, 2018), ["ever", "friends", "today", "likes"]
COLUMNS = "ever_*,friends_*,today_*,likes_*"


def told(*arguments):
    return CliRunner().invoke(command, ["transition", *map(str, arguments)])


def people(seed=1):
    """Return the answers of each year, and what is known of the people."""
    rng = np.random.default_rng(seed)
    age = rng.integers(15, 20, N)
    smokes, answers = rng.random(N) < 0.3, {}
    for year in YEARS:
        if answers:
            smokes = np.where(smokes, rng.random(N) < 0.9, rng.random(N) < 0.05 * (age - 14))
        chances = np.where(smokes[:, None], [0.9, 0.7, 0.8, 0.7], [0.1, 0.2, 0.1, 0.2])
        said = np.where(rng.random((N, 4)) < chances, "yes", "no")
        answers[year] = pd.DataFrame(said, columns=ITEMS, dtype=object)
    answers[YEARS[1]].iloc[:20] = None
    about = pd.DataFrame({"id": [f"p{i:03d}" for i in range(N)], "age": age})
    about["w"], about["school"] = rng.uniform(0.5, 2.0, N), rng.integers(0, 30, N)
    about.loc[5, "age"] = np.nan
    return answers, about


@pytest.fixture
def wide(tmp_path):
    answers, about = people()
    path = tmp_path / "wide.csv"
    parts = [one.add_suffix(f"_{year}") for year, one in answers.items()]
    pd.concat([about, *parts], axis=1).to_csv(path, index=False)
    return path


@pytest.fixture
def long(tmp_path):
    answers, about = people()
    lines = pd.concat([pd.concat([about, a], axis=1).assign(year=y) for y, a in answers.items()])
    path = tmp_path / "long.csv"
    lines[lines["ever"].notna()].to_csv(path, index=False)
    return path


def fitted(about, answers, n_classes=2, **options):
    """Return what Python calls come to, from the classes of all waves."""
    rows = pd.concat(answers.values())
    rows = rows[rows["ever"].notna()]
    asked = {"prior": "auto", "n_init": 5, "random_state": 0}
    weights = options.pop("weights", None)
    if weights is not None:
        weights = np.tile(weights, len(YEARS))[
            np.concatenate([a["ever"].notna() for a in answers.values()])
        ]
    model = CategoricalMixture(n_classes, **asked).fit(rows, sample_weight=weights)
    named = {str(year): one for year, one in answers.items()}
    return latent_transition(model, named, **{**asked, **options})


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_numbers_are_those_of_the_library(wide, tmp_path) -> None:
    out = tmp_path / "out"
    asked = ["--columns", COLUMNS, "--labels", "no,smoker", "--id", "id", "--tests"]
    done = told(wide, *asked, "-k", "2", "-o", out)
    assert done.exit_code == 0, done.stderr
    answers, about = people()
    found = fitted(about, answers)
    rows = rows_of(out / "enumeration.csv")
    assert [row["n_classes"] for row in rows] == ["2"]
    assert float(rows[0]["log_likelihood"]) == pytest.approx(found.log_likelihood, abs=1e-4)
    assert float(rows[0]["bic"]) == pytest.approx(found.bic, abs=1e-3)
    rows = rows_of(out / "transitions.csv")
    assert [row["wave"] for row in rows] == ["2016"] * 2 + ["2018"] * 4
    assert {row["to"] for row in rows} == {"no", "smoker"}
    for name in ("probability", "standard_error"):
        expected = [row[name] for row in found.table()]
        assert [float(row[name]) for row in rows] == pytest.approx(expected, abs=1e-4)
    rows = rows_of(out / "classes.csv")
    expected = [row["estimate"] for row in found.profiles[0].table()]
    assert [float(row["estimate"]) for row in rows] == pytest.approx(expected, abs=1e-3)
    shares = found.predict_proba({str(year): one for year, one in answers.items()})
    rows = rows_of(out / "assignments.csv")
    assert [row["id"] for row in rows] == np.repeat(about["id"], 2).tolist()
    written = [[float(row["p_no"]), float(row["p_smoker"])] for row in rows]
    np.testing.assert_allclose(written, shares.reshape(-1, 2), atol=1e-3)
    words = (out / "tables.md").read_text(encoding="utf-8")
    assert "classes equal against free by wave" in words
    free = fitted(about, answers, measurement="free")
    test = next(line for line in words.splitlines() if line.startswith("| classes equal"))
    _, _, statistic, df, *_ = test.split("|")
    assert float(statistic) == pytest.approx(found.against(free).statistic, abs=2e-3)
    assert int(df) == 8
    assert "By BIC 2 classes were retained" in words
    assert "\\toprule" in (out / "tables.tex").read_text(encoding="utf-8")
    assert "wave 2016 to wave 2018" in done.stdout
    assert "--force" in told(wide, *asked, "-o", out).stderr


def test_lines_and_columns_lead_to_the_same(wide, long) -> None:
    by_columns = told(wide, "--columns", COLUMNS, "-k", "2", "--covariates", "age")
    by_lines = told(
        long,
        "--person",
        "id",
        "--wave",
        "year",
        "--columns",
        ",".join(ITEMS),
        "-k",
        2,
        "--covariates",
        "age",
    )
    assert by_columns.exit_code == by_lines.exit_code == 0, by_lines.stderr
    assert by_columns.stdout == by_lines.stdout
    assert "1 rows without a covariate left out" in by_lines.stdout
    answers, about = people()
    found = fitted(about, answers, covariates=about[["age"]])
    assert f"log-likelihood {found.log_likelihood:.3f}" in by_lines.stdout
    coefficients = found.moves[0][0].summary().passages[0].tables[0].rows[1]
    assert coefficients[2][:-1] in by_lines.stdout


def test_people_are_drawn_as_is_said_and_moves_may_be_equal(long) -> None:
    drawn = ["--sampling-weights", "w", "--clusters", "school"]
    own = ["--person", "id", "--wave", "year", "--columns", ",".join(ITEMS), "-k", "2"]
    done = told(long, *own, *drawn, "--transitions", "equal", "--measurement", "free")
    assert done.exit_code == 0, done.stderr
    answers, about = people()
    design = SurveyDesign(weights=about["w"], clusters=about["school"])
    found = fitted(
        about,
        answers,
        weights=about["w"] / about["w"].mean(),
        survey=design,
        transitions="equal",
        measurement="free",
    )
    assert f"log-likelihood {found.log_likelihood:.2f}" in done.stdout
    assert "Classes at wave 2018" in done.stdout
    value, error = found.transitions[0, 0, 0], found.transition_errors[0, 0, 0]
    assert f"{value:.3f}" in done.stdout
    assert f"({error:.3f})" in done.stdout
    refused = told(long, *own, *drawn, "--tests")
    assert refused.exit_code == 2
    assert "--tests" in refused.stderr


def test_assignments_of_who_lacks_a_covariate_are_empty(long, tmp_path) -> None:
    out = tmp_path / "out"
    asked = ["--person", "id", "--wave", "year", "--covariates", "age", "-k", "2"]
    done = told(long, *asked, "--columns", ",".join(ITEMS), "-o", out)
    assert done.exit_code == 0, done.stderr
    rows = [row for row in rows_of(out / "assignments.csv") if not row["class"]]
    assert [row["id"] for row in rows] == ["p005"] * 2
    assert {row["term"] for row in rows_of(out / "coefficients.csv")} == {"intercept", "age"}


@pytest.mark.parametrize("weights", [None, "w"])
def test_covariates_are_tested_on_the_people_who_have_them(wide, weights) -> None:
    asked = ["--columns", COLUMNS, "-k", "2", "--covariates", "age", "--tests"]
    done = told(wide, *asked, *([] if weights is None else ["--weights", weights]))
    assert done.exit_code == 0, done.stderr
    answers, about = people()
    there = about["age"].notna()

    def alone(people, answers, **options):
        given = {} if weights is None else dict.fromkeys(("weights", "sample_weight"), people["w"])
        return fitted(people, answers, **given, **options)

    own = {year: one[there] for year, one in answers.items()}
    test = alone(about[there], own).against(alone(about, answers, covariates=about[["age"]]))
    (line,) = (row for row in done.stdout.splitlines() if row.startswith("no covariates"))
    *_, statistic, df, _ = line.split()
    assert float(statistic) == pytest.approx(test.statistic, abs=2e-3)
    assert int(df) == test.df == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-k", "1:2", "--columns", COLUMNS], "-k should be from 2 up"),
        (["--columns", "ever_*", "--person", "id"], "--person and --wave"),
        ([], "--columns should name the items"),
        (["--columns", "ever_*", "--covariates-on", "initial"], "--covariates-on says"),
        (["--columns", "ever_*,likes_*", "--covariates", "ever_2016"], "a column has one job"),
        (["--columns", "ever_*", "--weights", "w", "--strata", "school"], "give one of the two"),
        (["--columns", "ever_*", "-f", "gaussian", "-s", "diag,full"], "--structure takes one"),
        (["--columns", "ever_*", "--labels", "a,b,c", "-k", "2"], "--labels names 3 classes"),
        (["--wave", "year", "--person", "id", "--id", "id"], "--id is for files"),
        (["--columns", "ever_*", "--force"], "there is no -o"),
    ],
)
def test_options_that_contradict_one_another_are_refused(wide, options, words) -> None:
    done = told(wide, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--columns", "ever_*,friend_*"], "no column such as 'friend_*'"),
        (["--columns", "ever_*", "--waves", "2016,2017"], "no column 'ever_2017'"),
        (["--columns", "ever_*", "--covariates", "ages"], "did you mean 'age'?"),
        (["--columns", "ever_*,likes_*", "-f", "gaussian"], "column 'ever_2016' of"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(wide, options, words) -> None:
    done = told(wide, "-k", "2", *options)
    assert done.exit_code == 1
    assert words in done.stderr
    assert "wide.csv" in done.stderr


def test_a_cell_at_fault_is_named_in_the_row_of_the_file(tmp_path) -> None:
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(30, 4)).astype(object)
    cells[7, 3] = "oops"
    path = tmp_path / "profiles.csv"
    pd.DataFrame(cells, columns=["a1", "b1", "a2", "b2"]).to_csv(path, index=False)
    for family in ("gaussian", "mixed"):
        done = told(path, "--columns", "a*,b*", "-k", "2", "--family", family)
        assert done.exit_code == 1
        assert "column 'b2'" in done.stderr
        assert "row 8 (counted from 1) holds 'oops'" in done.stderr


def test_profiles_are_taken_too(tmp_path) -> None:
    rng = np.random.default_rng(0)
    state = rng.integers(0, 2, 150)
    frame = pd.DataFrame()
    for t in (1, 2):
        state = np.where(rng.random(150) < 0.8, state, 1 - state)
        frame[[f"a{t}", f"b{t}"]] = rng.normal(size=(150, 2)) + 3.0 * state[:, None]
    path = tmp_path / "profiles.csv"
    frame.to_csv(path, index=False)
    asked = ["--family", "gaussian", "--starts", "1"]
    done = told(path, "--columns", "a*,b*", "-k", "2:3", *asked, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    rows = rows_of(tmp_path / "out" / "enumeration.csv")
    assert [row["n_classes"] for row in rows] == ["2", "3"]
    assert float(rows[1]["bic"]) > float(rows[0]["bic"])
    assert "Classes at all waves\ncolumn  number" in done.stdout
    assert re.search(r"\na +mean +-?[\d.]+ \([\d.]+\)", done.stdout)
