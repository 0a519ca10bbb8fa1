"""`mixtura groups` writes a mixture for each group of rows, as `fit_by` finds them."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import GaussianMixture, fit_by, load
from mixtura.cli.command import command


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 2)), columns=["width", "height"])
    frame["store"] = ["north", "south", "=east"] * 40
    frame.loc[frame.store == "south", "height"] = 2.0
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def test_tables_and_model_are_those_of_fit_by(path, tmp_path):
    out = tmp_path / "out"
    arguments = ["groups", str(path), "--by", "store", "-k", "2", "--seed", "3", "-o", str(out)]
    ran = CliRunner().invoke(command, arguments)
    assert ran.exit_code == 0, ran.output
    assert "south: all rows hold one value in column(s) 'height'" in ran.output
    expected = fit_by(GaussianMixture(2, random_state=3), path, "store")
    groups = pd.read_csv(out / "groups.csv")
    # A cell that a spreadsheet would run stands as text.
    assert [name.lstrip("'") for name in groups["store"]] == list(expected.groups)
    np.testing.assert_allclose(groups["log_likelihood"], expected.log_likelihood, rtol=1e-9)
    assert groups["trusted"].tolist() == expected.trusted.tolist()
    components = pd.read_csv(out / "components.csv")
    values = [row["value"] for row in expected.components()]
    np.testing.assert_allclose(components["value"], values, rtol=1e-8)
    assert load(out / "model.mixtura").table() == expected.table()
    ran = CliRunner().invoke(command, ["predict", str(out / "model.mixtura"), str(path)])
    assert ran.exit_code == 1
    assert "holds a mixture for each group; in Python mixtura.load reads it" in ran.output


def test_a_column_may_hold_row_weights(path, tmp_path):
    rows = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    rows["times"] = np.random.default_rng(1).integers(1, 4, len(rows))
    rows.to_parquet(tmp_path / "rows.parquet")
    arguments = ["groups", str(tmp_path / "rows.parquet"), "--by", "store", "-k", "2"]
    arguments += ["--weights", "times", "-o", str(tmp_path / "out")]
    ran = CliRunner().invoke(command, arguments)
    assert ran.exit_code == 0, ran.output
    expected = fit_by(GaussianMixture(2, random_state=0), rows, "store", weights="times")
    found = load(tmp_path / "out" / "model.mixtura")
    np.testing.assert_array_equal(found.total_weight, expected.total_weight)
    np.testing.assert_allclose(found.log_likelihood, expected.log_likelihood, rtol=1e-9)


def test_groups_may_be_days_of_a_file(tmp_path):
    days = ["2024-02-29", "2025-01-01"]
    rows = pd.DataFrame({"day": days * 30, "width": np.random.default_rng(0).normal(size=60)})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    arguments = ["groups", str(tmp_path / "rows.csv"), "--by", "day", "-k", "1", "-o", str(out)]
    ran = CliRunner().invoke(command, arguments)
    assert ran.exit_code == 0, ran.output
    assert pd.read_csv(out / "groups.csv")["day"].tolist() == days
    assert [str(day) for day in load(out / "model.mixtura")] == days


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--by", "stores"], "no column 'stores'"),
        (["--by", "store", "--columns", "width,depth"], "no column 'depth'"),
        (["--by", "store", "--force"], "--force says how -o is written"),
        (["--by", "store", "--covariance", "round"], "round"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(path, arguments, words):
    ran = CliRunner().invoke(command, ["groups", str(path), "-k", "2", *arguments])
    assert ran.exit_code in (1, 2)
    assert words in ran.output
    assert "Traceback" not in ran.output
