"""`mixtura regress` writes what `MixtureRegressor` finds, and commands about rows read it."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose

from mixtura import MixtureRegressor, load
from mixtura.archive import read_archive, write_archive
from mixtura.cli.command import command

pytest.importorskip("formulaic")

TEXT = "spent ~ months + C(shop)"


def ran(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(one) for one in arguments])


def drawn() -> pd.DataFrame:
    """Return rows of two lines, four of each person, some of which lack a cell."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "name": [f"r{row}" for row in range(240)],
            "person": np.arange(240) // 4,
            "months": rng.uniform(0, 4, 240).round(3),
            "shop": rng.choice(["a", "b"], 240),
            "years": rng.uniform(1, 3, 240).round(3),
        }
    )
    line = rng.integers(2, size=60)[frame.person]
    mean = np.where(line == 0, 5 + 2 * frame.months, -frame.months + 3 * (frame["shop"] == "b"))
    frame["spent"] = (mean + rng.normal(0, 0.4, 240)).round(3)
    rate = np.exp(np.where(line == 0, 1.0 + 0.3 * frame.months, -0.2 * frame.months))
    frame["visits"] = rng.poisson(frame.years * rate)
    frame.loc[3, "months"] = np.nan
    frame.loc[5, "spent"] = np.nan
    frame.loc[9, "shop"] = None
    return frame


@pytest.fixture
def path(tmp_path: Path) -> Path:
    drawn().to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def test_tables_and_model_are_those_of_the_library(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = ran("regress", path, "--formula", TEXT, "-k", "1:3", "--id", "name", "-o", out)
    assert found.exit_code == 0, found.output
    assert "left out: 3 of 240 rows, without a cell that the formula needs" in found.stderr
    used = drawn().dropna(subset=["months", "spent", "shop"])
    model = MixtureRegressor(2, formula=TEXT, random_state=0).fit(used)
    errors = model.errors(used)
    table = pd.read_csv(out / "coefficients.csv")
    assert table["term"].tolist() == ["intercept", "months", "C(shop)[T.b]"] * 2
    assert_allclose(table["standard_error"], errors.standard_errors.ravel(), rtol=1e-7)
    tried = pd.read_csv(out / "enumeration.csv")
    assert tried["n_components"].tolist() == [1, 2, 3]
    assert tried["bic"].argmin() == 1
    assert_allclose(tried["bic"][1], model.bic_, rtol=1e-8)
    assert "C(shop)[T.b] (1)" in found.stdout
    assert f"{errors.test('C(shop)').statistic:.2f}" in found.stdout
    assert "| C(shop) " in (out / "tables.md").read_text("utf-8")

    rows = pd.read_csv(out / "assignments.csv").set_index("name")
    assert rows.loc[["r3", "r9"]].isna().all(axis=None)
    assert rows.loc["r5"].dropna().index.tolist() == ["predicted"]
    kept = rows.loc[used.name]
    shares = model.predict_proba(used)
    assert kept["component"].tolist() == shares.argmax(axis=1).tolist()
    assert_allclose(kept["probability"], shares.max(axis=1), rtol=1e-5)
    assert_allclose(kept["log_density"], model.log_density(used), atol=1e-6)
    assert_allclose(kept["predicted"], model.predict(used), rtol=1e-5)


def test_predict_says_what_follows_and_what_would_be(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = ran("regress", path, "--formula", TEXT, "-k", "2", "--proba", "-o", out)
    assert first.exit_code == 0, first.output
    model = out / "model.mixtura"
    same = ran("predict", model, path, "--proba", "-o", tmp_path / "again.csv")
    assert same.exit_code == 0, same.output
    assert "2 row(s) without a cell that the terms need have no prediction" in same.stderr
    assert (tmp_path / "again.csv").read_bytes() == (out / "assignments.csv").read_bytes()
    new = drawn()[["shop", "months"]].dropna()
    new.to_csv(tmp_path / "new.csv", index=False)
    told = ran("predict", model, tmp_path / "new.csv", "-o", tmp_path / "new.parquet")
    assert told.exit_code == 0, told.output
    table = pd.read_parquet(tmp_path / "new.parquet")
    assert table.columns.tolist() == ["row", "predicted"]
    assert_allclose(table["predicted"], load(model).predict(new), rtol=1e-12)
    new.assign(shop="c").to_csv(tmp_path / "new.csv", index=False)
    told = ran("predict", model, tmp_path / "new.csv")
    assert told.exit_code == 1
    assert "holds 'c' at row 1 (counted from 1), which was not there in the fit" in told.stderr


def test_columns_of_other_jobs_go_along_in_the_model(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["--groups", "person", "--exposure", "years", "-f", "poisson", "--equal", "months"]
    found = ran("regress", path, "--formula", "visits ~ months", "-k", 2, *asked, "-o", out)
    assert found.exit_code == 0, found.output
    used = drawn().dropna(subset=["months"])
    model = MixtureRegressor(
        2, "poisson", formula="visits ~ months", equal={"coef": ["months"]}, random_state=0
    )
    told = {"groups": used.person, "exposure": used.years}
    model.fit(used, **told)
    told_again = ran("predict", out / "model.mixtura", path, "-o", tmp_path / "again.csv")
    assert told_again.exit_code == 0, told_again.output
    for name in (out / "assignments.csv", tmp_path / "again.csv"):
        rows = pd.read_csv(name).loc[used.index]
        shares = model.predict_proba(used, **told)
        assert_allclose(rows["probability"], shares.max(axis=1), rtol=1e-5)
        assert_allclose(rows["predicted"], model.predict(used, exposure=used.years), rtol=1e-5)
        densities = model.log_density(used, **told)[used.person]
        assert_allclose(rows["log_density"], densities, atol=1e-6)
    drawn().drop(columns="years").to_csv(path, index=False)
    told_again = ran("predict", out / "model.mixtura", path)
    assert told_again.exit_code == 1
    assert "no column 'years'" in told_again.stderr


def test_weights_and_codes_of_missing_cells_count(path: Path, tmp_path: Path) -> None:
    frame = drawn().dropna()
    frame["weight"] = np.random.default_rng(1).integers(0, 3, len(frame))
    frame.assign(months=frame.months.mask(frame.person == 2, -99)).to_csv(path, index=False)
    asked = ["--weights", "weight", "--missing", "-99", "-k", 2, "-o", tmp_path / "out"]
    found = ran("regress", path, "--formula", "spent ~ months", *asked)
    assert found.exit_code == 0, found.output
    used = frame[frame.person != 2]
    model = MixtureRegressor(2, formula="spent ~ months", random_state=0)
    model.fit(used, sample_weight=used.weight)
    read = load(tmp_path / "out" / "model.mixtura")
    assert_allclose(read.log_likelihood_, model.log_likelihood_, rtol=1e-9)


def test_a_dot_leaves_out_columns_of_other_jobs(path: Path, tmp_path: Path) -> None:
    asked = ["--id", "name", "--groups", "person", "--weights", "years", "-k", 1]
    drawn().assign(years=2.0).drop(columns="visits").to_csv(path, index=False)
    found = ran("regress", path, "--formula", "spent ~ .", *asked, "-o", tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert load(tmp_path / "out" / "model.mixtura").terms_ == ("months", "shop[T.b]")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--formula", "spent ~ nope"], "no column 'nope'"),
        (["--formula", "months"], "has no left side"),
        (["--formula", "spent ~ months +"], "is no formula"),
        (["--formula", "shop ~ months"], "response 'shop' holds categories"),
        (["--formula", TEXT, "--groups", "spent"], "--groups names column 'spent'"),
        (["--formula", TEXT, "--groups", "persons"], "no column 'persons'"),
        (["--formula", TEXT, "--proba"], "--proba says how -o is written"),
        (["--formula", TEXT, "--equal", "shop"], "no column 'shop'"),
        (["--formula", "spent ~ months", "-f", "poisson"], "which is no count"),
        (["--formula", "spent ~ months + I(months * 2)"], "follows from the terms before it"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    path: Path, arguments: list[str], words: str
) -> None:
    found = ran("regress", path, "-k", "1", *arguments)
    assert found.exit_code in (1, 2)
    assert words in found.stderr
    assert found.stderr.strip().count("\n") <= 1
    assert isinstance(found.exception, SystemExit)


def test_a_model_of_columns_from_python_is_read_by_their_names(tmp_path: Path) -> None:
    frame = drawn().dropna()
    X = frame[["months", "years"]]
    X.to_csv(tmp_path / "rows.csv", index=False)
    model = MixtureRegressor(2, random_state=0).fit(X, frame.spent)
    model.save(tmp_path / "lines.mixtura")
    found = ran("predict", tmp_path / "lines.mixtura", tmp_path / "rows.csv", "-o", tmp_path / "p")
    assert found.exit_code == 0, found.output
    assert_allclose(pd.read_csv(tmp_path / "p")["predicted"], model.predict(X), rtol=1e-5)
    MixtureRegressor(2, random_state=0).fit(X.to_numpy(), frame.spent).save(tmp_path / "bare")
    found = ran("predict", tmp_path / "bare", tmp_path / "rows.csv")
    assert found.exit_code == 1
    assert "regressions on columns without names" in found.stderr


def test_a_file_whose_other_jobs_are_none_is_refused(path: Path, tmp_path: Path) -> None:
    model = tmp_path / "out" / "model.mixtura"
    ran("regress", path, "--formula", TEXT, "-k", "1", "-o", tmp_path / "out")
    arrays, document = read_archive(model)
    for told in ({"groups": 3}, {"other": "x"}, [1]):
        document["facts"]["regression_roles"] = told
        write_archive(model, arrays, document)
        found = ran("predict", model, path)
        assert found.exit_code == 1
        assert "tells no columns of other jobs" in found.stderr


@pytest.fixture
def regressions(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    X, z = rng.normal(size=(80, 2)), rng.integers(0, 2, 80)
    y = np.where(z, 1 + 2 * X[:, 0], -3 - X[:, 1]) + 0.1 * rng.normal(size=80)
    np.savetxt(tmp_path / "rows.csv", X, delimiter=",", header="a,b", comments="")
    MixtureRegressor(2, random_state=0).fit(X, y).save(tmp_path / "lines.mixtura")
    return tmp_path


@pytest.mark.parametrize(
    "asked",
    [
        ["compare", "lines.mixtura", "lines.mixtura", "rows.csv"],
        ["merge", "lines.mixtura", "rows.csv", "-o", "merged"],
        ["update", "lines.mixtura", "rows.csv", "-o", "more.mixtura"],
    ],
)
def test_commands_about_rows_say_where_regressions_are_read(
    regressions: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.chdir(regressions)
    found = ran(*asked)
    assert found.exit_code == 1
    assert "'lines.mixtura' is of regressions, which mixtura predict and summary" in found.stderr
    assert "mixtura.load('lines.mixtura')" in found.stderr


@pytest.mark.parametrize(
    "asked", [["--priors", "equal"], ["--long", "a,b,c"], ["--unknown", "ignore"]]
)
def test_options_of_other_models_say_nothing_to_regressions(
    regressions: Path, asked: list[str]
) -> None:
    found = ran("predict", regressions / "lines.mixtura", regressions / "rows.csv", *asked)
    assert found.exit_code == 2
    assert f"{asked[0]}" in found.stderr
    assert "says nothing to a model of regressions" in found.stderr


def test_regressions_are_summarised(regressions: Path) -> None:
    found = ran("summary", regressions / "lines.mixtura")
    assert found.exit_code == 0
    assert "Gaussian regressions (identity link), 2 components" in found.output


def test_weights_go_by_covariates(path: Path, tmp_path: Path) -> None:
    frame = drawn()
    older = np.random.default_rng(2).normal(size=60)[frame.person]
    line = older > 0
    mean = np.where(line, 5 + 2 * frame.months, -frame.months)
    frame["spent"] = (mean + np.random.default_rng(3).normal(0, 0.4, 240)).round(3)
    frame["age"] = (older + np.random.default_rng(4).normal(0, 1, 240)).round(3)
    frame.loc[20, "age"] = np.nan
    frame.to_csv(path, index=False)
    asked = ["--formula", "spent ~ months", "--concomitant", "age", "-k", 2]
    found = ran("regress", path, *asked, "-o", tmp_path / "out")
    assert found.exit_code == 0, found.output
    used = frame.dropna(subset=["months", "spent", "age"])
    model = MixtureRegressor(2, formula="spent ~ months", concomitant="age", random_state=0)
    model.fit(used)
    told = model.errors(used).membership
    assert told is not None
    assert f"{told.standard_errors[1, 0]:.4f}" in found.stdout
    headings = "Coefficients", "Class membership by covariates, against class 0", "Terms: without"
    assert [found.stdout.count(f"\n{heading}") for heading in headings] == [1, 1, 1]
    # Lines so far apart leave p-values whose digits mean nothing.
    assert re.search(r"^months +[\d.]+ +2 +<0.0001 ", found.stdout, re.MULTILINE)
    assert "left out: 2 of 240 rows" in found.stderr
    told_again = ran("predict", tmp_path / "out" / "model.mixtura", path)
    assert told_again.exit_code == 0, told_again.output
    rows = pd.read_csv(tmp_path / "out" / "assignments.csv").loc[used.index]
    assert_allclose(rows["predicted"], model.predict(used), rtol=1e-5)
    assert_allclose(rows["probability"], model.predict_proba(used).max(axis=1), rtol=1e-5)
