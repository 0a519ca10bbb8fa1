"""`mixtura classes` on files that memory does not hold."""

import pandas as pd
import pyarrow.parquet as pq
import pytest
from class_rows_written import N_ROWS, frame_of, written
from click.testing import CliRunner

from mixtura.cli.command import command

pytestmark = pytest.mark.usefixtures("sketched")


def run(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def tables_of(folder, memory, output, *more):
    asked = ["classes", folder / "*.parquet", "-k", "1:3", "--starts", "2", "-o", output]
    asked += ["--weights", "n", "--id", "who", "--labels", "few,many", "--blrt", "2", "--fit", "0"]
    found = run(*asked, *more, *([] if memory is None else ["--memory", memory]))
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture
def folder(tmp_path):
    frame = frame_of(4).assign(who=[f"p{row}" for row in range(N_ROWS)])
    (tmp_path / "rows").mkdir()
    return written(frame, tmp_path / "rows")


def test_tables_are_those_of_memory(folder, tmp_path):
    inside, beyond = tmp_path / "inside", tmp_path / "beyond"
    tables_of(folder, None, inside)
    said = tables_of(folder, "20kB", beyond)
    assert "reading 3 file(s)" in said
    for name in ("enumeration.csv", "classes.csv"):
        one, other = (pd.read_csv(place / name) for place in (inside, beyond))
        pd.testing.assert_frame_equal(one, other, rtol=1e-5)
    one = pd.read_csv(inside / "assignments.csv")
    other = pq.read_table(beyond / "assignments.parquet").to_pandas()
    assert other.columns.tolist() == one.columns.tolist()
    assert {"who", "p_few", "p_many"} <= {*other.columns}
    pd.testing.assert_frame_equal(one, other, rtol=1e-4, atol=1e-5, check_dtype=False)


@pytest.mark.parametrize(
    "option",
    [
        ("--covariates", "n"),
        ("--distal", "n"),
        ("--groups", "n"),
        ("--sampling-weights", "n"),
        ("--clusters", "n"),
    ],
)
def test_what_is_told_row_by_row_is_refused(folder, option):
    found = run("classes", folder, "--columns", "a,b,c,d", "--memory", "20kB", *option)
    assert found.exit_code == 2
    assert f"{option[0]} is told of each row by itself" in found.output
