"""`--log` fits columns by their logarithms, and models remember which these were."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import GaussianMixture, load
from mixtura.cli.command import command


def run(*given: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in given])


@pytest.fixture
def people(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    rich = rng.random(200) < 0.4
    frame = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(200)],
            "income": np.exp(rng.normal(np.where(rich, 9.0, 6.0), 0.4)),
            "age": rng.normal(np.where(rich, 50.0, 30.0), 4.0),
        }
    )
    frame.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


ASKED = ("-f", "gaussian", "-k", "2", "-s", "full", "--log", "income", "--id", "id")


def logged(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    return pd.DataFrame({"log(income)": np.log(frame["income"]), "age": frame["age"]})


def test_a_fit_is_that_of_the_logarithms(people: Path, tmp_path: Path) -> None:
    done = run("fit", people, *ASKED, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    mixture = load(tmp_path / "out" / "model.mixtura")
    expected = GaussianMixture(2, random_state=0).fit(logged(people))
    assert mixture.columns == ("log(income)", "age")
    np.testing.assert_allclose(mixture.parameters.means, expected.means_, rtol=1e-6)
    assert "log(income)" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("memory", ["1GB", "2kB"])
def test_other_files_are_told_by_their_own_columns(
    people: Path, tmp_path: Path, memory: str
) -> None:
    assert run("fit", people, *ASKED, "-o", tmp_path / "out").exit_code == 0
    model = tmp_path / "out" / "model.mixtura"
    mixture = load(model)
    target = tmp_path / "said.parquet"
    asked = ["--id", "income", "--proba", "--memory", memory, "-o", target]
    done = run("predict", model, people, *asked)
    assert done.exit_code == 0, done.output
    said = pd.read_parquet(target)
    expected = mixture.responsibilities(logged(people))
    np.testing.assert_allclose(said[["p0", "p1"]], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        said["income"].astype(float), pd.read_csv(people)["income"], rtol=1e-12
    )


def test_a_file_that_has_the_logarithms_is_read_as_it_is(people: Path, tmp_path: Path) -> None:
    assert run("fit", people, *ASKED, "-o", tmp_path / "out").exit_code == 0
    logged(people).assign(income=-1.0).to_csv(tmp_path / "logs.csv", index=False)
    model = tmp_path / "out" / "model.mixtura"
    one, other = run("predict", model, people), run("predict", model, tmp_path / "logs.csv")
    assert one.exit_code == other.exit_code == 0, other.output
    assert one.stdout == other.stdout


def test_rows_are_taken_in_and_compared_by_logarithms_too(people: Path, tmp_path: Path) -> None:
    assert run("fit", people, *ASKED, "-o", tmp_path / "out").exit_code == 0
    model, more = tmp_path / "out" / "model.mixtura", tmp_path / "more.mixtura"
    done = run("update", model, people, "-o", more)
    assert done.exit_code == 0, done.output
    done = run("compare", model, more, people)
    assert done.exit_code == 0, done.output
    assert "0 of 200 rows change groups" in done.output


def test_columns_may_be_named_by_their_own_names(people: Path, tmp_path: Path) -> None:
    asked = ["-k", "1", "--columns", "age,income", "--log", "income,age"]
    assert run("fit", people, *asked, "-o", tmp_path / "out").exit_code == 0
    assert load(tmp_path / "out" / "model.mixtura").columns == ("log(age)", "log(income)")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--log", "incom"], "has no column 'incom'"),
        (["--log", "age,age"], "--log names column 'age' twice"),
        (["--log", "age", "--weights", "age"], "'age', and so does --weights"),
        (["--log", "id", "--id", "id"], "'id', and so does --id"),
        (["--log", "age", "--exclude", "age"], "'age', and so does --exclude"),
        (["--log", "age", "--columns", "income"], "'age', which --columns leaves out"),
        (["--log", "id"], "column 'id' of .* is not numeric: row 1 .* holds 'r0'"),
    ],
)
def test_what_has_no_logarithm_is_said(people: Path, asked: list[str], words: str) -> None:
    done = run("fit", people, "-k", "1", *asked)
    # 1 is for the data, 2 for what was asked.
    assert done.exit_code == (2 if words.startswith(("'", "--")) else 1)
    assert re.search(words, " ".join(done.stderr.split())), done.stderr


def test_the_first_cell_without_a_logarithm_is_named(people: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(people)
    frame.loc[6, "income"], frame.loc[9, "income"] = 0.0, -2.0
    frame.to_csv(tmp_path / "zero.csv", index=False)
    done = run("fit", tmp_path / "zero.csv", *ASKED)
    assert done.exit_code == 1
    words = " ".join(done.stderr.split())
    assert "column 'income'" in words
    assert (
        "holds 0 in row 7 (counted from 1), which has no logarithm; 2 cell(s) have none in all"
        in words
    )
