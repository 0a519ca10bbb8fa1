"""`--exclude` leaves columns out of those that suit, in every command that looks for these."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import load
from mixtura.cli.command import command

pytestmark = pytest.mark.usefixtures("sketched")


def run(*given: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in given])


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    cells = rng.normal(size=(80, 3)) + np.repeat([[0.0], [7.0]], 40, axis=0)
    frame = pd.DataFrame(cells, columns=["a", "b", "c"])
    frame["kind"] = np.repeat(["left", "right"], 40)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


@pytest.mark.parametrize("family", ["auto", "gaussian", "mixed"])
def test_a_fit_is_that_of_the_columns_that_are_left(
    rows: Path, tmp_path: Path, family: str
) -> None:
    shared = ["-f", family, "-k", "2", "-s", "full"] if family != "auto" else ["-k", "2"]
    left = ["a", "c"] if family == "gaussian" else ["a", "c", "kind"]
    some = run("fit", rows, *shared, "--exclude", "b", "-o", tmp_path / "some")
    named = run("fit", rows, *shared, "--columns", ",".join(left), "-o", tmp_path / "named")
    assert (some.exit_code, named.exit_code) == (0, 0), some.output
    assert sorted(load(tmp_path / "some" / "model.mixtura").columns) == left
    assert some.stdout.split("seconds")[0][:400] == named.stdout.split("seconds")[0][:400]


def test_classes_are_told_by_the_rest(rows: Path) -> None:
    some = run("classify", rows, "--class", "kind", "--exclude", "b,c")
    named = run("classify", rows, "--class", "kind", "--columns", "a")
    assert some.exit_code == 0, some.output
    assert some.stdout == named.stdout


def test_inspect_shows_the_rest(rows: Path) -> None:
    shown = json.loads(run("inspect", rows, "--exclude", "a,kind", "--json").stdout)
    assert [column["column"] for column in shown["columns"]] == ["b", "c"]


@pytest.mark.parametrize(
    "first", [["fit", "-k", "2"], ["classify", "--class", "kind"], ["inspect"]]
)
def test_what_is_not_there_and_what_says_nothing_are_refused(rows: Path, first: list[str]) -> None:
    unknown = run(*first, rows, "--exclude", "bb")
    assert unknown.exit_code == 1
    assert "has no column 'bb'; did you mean 'b'?" in unknown.stderr
    both = run(*first, rows, "--exclude", "b", "--columns", "a")
    assert both.exit_code == 2
    assert "give one of the two" in both.stderr


def test_rows_beyond_memory_are_those_of_the_columns_that_are_left(tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    cells = np.random.default_rng(4).normal(size=(30_000, 3)) + 9 * (np.arange(30_000) % 2)[:, None]
    pd.DataFrame(cells, columns=["a", "b", "c"]).to_csv(big, index=False)
    given = ["-f", "gaussian", "-k", "2", "-s", "full", "--memory", "1MB", "--exclude", "b"]
    done = run("fit", big, *given, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert list(load(tmp_path / "out" / "model.mixtura").columns) == ["a", "c"]
    refused = run("fit", big, *given[:-1], "bb")
    assert "has no column 'bb'" in refused.stderr
