"""`mixtura inspect`: a file's columns, as a fit takes them."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura.cli.command import command


def mixtura(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def table(n=200):
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, n)
    spend = (rng.normal(40 + 30 * group, 5)).round(2)
    return pd.DataFrame(
        {
            "rownames": range(1, n + 1),
            "year": rng.integers(2007, 2010, n),
            "spend": np.where(rng.random(n) < 0.02, 99999, spend),
            "visits": rng.poisson(2 + 9 * group),
            "target": group,
            "height": rng.normal(170, 8, n).round(1),
        }
    )


def test_a_fit_does_what_an_inspection_says(tmp_path):
    path = tmp_path / "a.csv"
    table().to_csv(path, index=False)
    told = json.loads(mixtura("inspect", path, "--json").stdout)
    assert told["rows"] == 200
    kinds = {one["column"]: one["kind"] for one in told["columns"]}
    assert list(kinds.values()) == [
        "row numbers",
        "years",
        "amounts",
        "counts",
        "yes/no",
        "amounts",
    ]
    fitted = mixtura("fit", path, "-k", "2")
    for one in told["columns"]:
        if one["left_out"] is None:
            assert f"{one['fitted']}: " in fitted.stderr
        else:
            assert f"column '{one['column']}' is left out: {one['left_out']}" in fitted.stderr
    words = "99999 (4 cells) look like codes for missing cells"
    assert words in fitted.stderr
    assert words in mixtura("inspect", path).stdout
    assert words not in mixtura("inspect", path, "--missing", "99999").stdout


def test_years_row_numbers_and_yes_or_no_are_never_gaussian_by_default(tmp_path):
    path = tmp_path / "a.csv"
    table().to_csv(path, index=False)
    fitted = mixtura("fit", path, "-f", "gaussian", "-k", "1", "-s", "full", "--missing", "99999")
    assert "column 'rownames' is left out: row numbers" in fitted.stderr
    assert "column 'year' is left out: years" in fitted.stderr
    assert "columns left out, as they are yes or no; --family auto takes them: 'target'" in (
        fitted.stderr
    )
    means = fitted.stdout.split("Means")[1].splitlines()[1].split()
    assert means == ["component", "spend", "visits", "height"]


def test_columns_beyond_memory_are_told_by_the_first_rows(tmp_path):
    table().to_csv(tmp_path / "a.csv", index=False)
    found = mixtura("inspect", tmp_path / "a.csv", "--memory", "1000")
    assert found.exit_code == 0, found.output
    assert "these are the first 200 rows" in found.stderr
    assert "row numbers" in found.stdout


@pytest.mark.parametrize(
    ("command_line", "coded"),
    [
        ("fit {} -k 2 -f categorical --columns a_1,a_2,b_1", "'a_1': 99 (9 cells)"),
        ("fit {} -k 2 -f poisson --columns a_1,b_1", "'a_1': 99 (9 cells)"),
        ("fit {} -k 2 -f gaussian --columns age,pay", "'pay': 9999 (7 cells)"),
        ("classes {} -k 2 --starts 2 --columns a_1,a_2,b_1", "'a_1': 99 (9 cells)"),
        ("classes {} -k 2 --starts 2 --columns a_2,b_1 --distal pay", "'pay': 9999 (7 cells)"),
        ("classes {} -k 2 --starts 2 --columns a_2,b_1 --covariates pay", "'pay': 9999 (7 cells)"),
        ("transition {} -k 2 --starts 2 --columns a_*,b_*", "'a': 99 (9 cells)"),
        ("regress {} -k 2 --formula pay~age --starts 2", "'pay': 9999 (7 cells)"),
    ],
)
def test_codes_in_columns_that_are_named_are_told_of_once(tmp_path, command_line, coded):
    rng = np.random.default_rng(1)
    high = rng.random(200) < 0.5
    names = ["a_1", "a_2", "b_1", "b_2"]
    rows = pd.DataFrame({name: 1 + rng.binomial(3, 0.2 + 0.6 * high) for name in names})
    rows["age"] = rng.normal(45, 9, 200).round(1)
    rows["pay"] = rng.normal(20 + 9 * high, 4).round(1)
    rows.loc[:8, "a_1"], rows.loc[9:15, "pay"] = 99, 9999
    path = tmp_path / "rows.csv"
    rows.to_csv(path, index=False)
    asked = [path if word == "{}" else word for word in command_line.split()]
    done = mixtura(*asked)
    assert done.stderr.count(f"{coded} look like codes for missing cells") == 1, done.stderr
    code = coded.split()[1]
    missing = mixtura(*asked, "--missing", code)
    assert "look like codes" not in missing.stderr


def test_a_code_that_no_cell_holds_is_said(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("a,b\n" + "".join(f"{i % 4 + 1},{i % 3 + 1}.0\n" for i in range(60)))
    said = f"--missing: no cell of '{path}' holds '8', 'none'"
    for asked in (["inspect"], ["fit", "-k", "1"], ["classes", "-k", "1", "--blrt", "0"]):
        done = mixtura(asked[0], path, *asked[1:], "--missing", "8,3,none")
        assert done.stderr.count(said) == 1, done.stderr
        again = mixtura(asked[0], path, *asked[1:], "--missing", "3")
        assert "no cell" not in again.stderr
