"""The command on several files, folders and patterns, in memory and beyond it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mixtura import load
from mixtura.cli.command import command
from mixtura.store import load_with_facts

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(9000, 3)) + 6 * rng.integers(3, size=(9000, 1))
    place = tmp_path_factory.mktemp("parts")
    for number, part in enumerate(np.array_split(rows, 3)):
        table = pa.table({name: part[:, j] for j, name in enumerate(NAMES)})
        table = table.append_column("city", pa.array(["x"] * len(part)))
        pq.write_table(table, place / f"{number}.parquet", row_group_size=700)
    return place


def run(*arguments):
    return CliRunner().invoke(command, [str(each) for each in arguments])


def passed(*arguments):
    found = run(*arguments)
    assert found.exit_code == 0, found.output
    return found


@pytest.mark.parametrize("memory", [None, "50kB"])
def test_a_fit_is_the_same_whatever_memory_there_is(folder, tmp_path, memory):
    options = ["-k", "2:4", "-s", "full,EII", "-o", tmp_path / "out"]
    found = passed(
        "fit", folder / "*.parquet", *options, *([] if memory is None else ["--memory", memory])
    )
    assert "columns left out" in found.output
    assert "city" in found.output
    mixture, facts = load_with_facts(tmp_path / "out" / "model.mixtura")
    whole = passed("fit", *sorted(folder.glob("*.parquet")), *options[:-1], tmp_path / "whole")
    assert whole.exit_code == 0
    expected, other = load_with_facts(tmp_path / "whole" / "model.mixtura")
    np.testing.assert_array_equal(mixture.parameters.means, expected.parameters.means)
    assert facts["log_likelihood"] == other["log_likelihood"]
    assert facts["sizes"] == other["sizes"]
    assert sum(facts["sizes"]) == 9000
    page = (tmp_path / "out" / "report.html").read_text()
    assert "of the 9,000 rows" in page
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assigned = "assignments.csv" if memory is None else "assignments.parquet"
    assert names == {"model.mixtura", assigned, "report.html"}
    read = pd.read_csv if memory is None else pd.read_parquet
    own, others = read(tmp_path / "out" / assigned), pd.read_csv(tmp_path / "whole/assignments.csv")
    assert (own["component"].to_numpy() == others["component"].to_numpy()).all()
    assert (own["row"] == np.arange(9000)).all()


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_predictions_are_the_same_part_by_part(folder, tmp_path, name):
    passed("fit", folder, "-k", "3", "-s", "full", "-o", tmp_path / "out")
    model = tmp_path / "out" / "model.mixtura"
    for memory, target in (("1GB", tmp_path / f"1{name}"), ("10kB", tmp_path / f"2{name}")):
        passed("predict", model, folder / "*.parquet", "--proba", "--memory", memory, "-o", target)
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    one, other = read(tmp_path / f"1{name}"), read(tmp_path / f"2{name}")
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert list(one.columns[5:]) == ["p0", "p1", "p2"]
    rows = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    expected = load(model).responsibilities(rows[list(NAMES)])
    np.testing.assert_allclose(one[["p0", "p1", "p2"]], expected, atol=1e-12)


def test_text_files_are_read_part_by_part(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("mixtura.data.batches.TEXT_BYTES", 4000)
    rows = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    rows.to_csv(tmp_path / "x.csv", index=False)
    passed("fit", folder, "-k", "3", "-s", "full", "-o", tmp_path / "out")
    model = tmp_path / "out" / "model.mixtura"
    one = passed("predict", model, tmp_path / "x.csv", "--id", "city").stdout
    other = passed("predict", model, tmp_path / "x.csv", "--id", "city", "--memory", "1kB").stdout
    assert one == other
    passed(
        "fit", tmp_path / "x.csv", "-k", "3", "-s", "full", "--memory", "1kB", "-o", tmp_path / "b"
    )
    np.testing.assert_array_equal(
        load(tmp_path / "b" / "model.mixtura").parameters.means, load(model).parameters.means
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--noise"], "--noise is not for rows that are more than --memory"),
        (["--weights", "a"], "--weights is not for rows"),
        (["--id", "city"], "--id is not for rows"),
        (["-f", "poisson"], "--family gaussian only"),
        (["--columns", "city"], "'city'"),
        (["--columns", "nothing"], "'nothing'"),
    ],
)
def test_what_cannot_be_is_said(folder, tmp_path, options, words):
    found = run("fit", folder, "-k", "2", "--memory", "1kB", *options, "-o", tmp_path / "out")
    assert found.exit_code != 0
    assert words in found.output
    assert "Traceback" not in found.output
    assert not list(tmp_path.iterdir())


def test_files_that_do_not_go_together_are_named(folder, tmp_path):
    pd.DataFrame({"z": [1.0, 2.0]}).to_csv(tmp_path / "z.csv", index=False)
    found = run("fit", folder / "0.parquet", tmp_path / "z.csv")
    assert found.exit_code != 0
    assert "have not the same columns" in found.output
    missing = run("fit", tmp_path / "*.none")
    assert "matches no file" in missing.output
