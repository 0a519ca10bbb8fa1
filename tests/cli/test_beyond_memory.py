"""The command on several files, folders and patterns, in memory and beyond it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from nightly import first

from mixtura import dataset, load
from mixtura.cli.command import command
from mixtura.errors import ParameterError
from mixtura.store import load_with_facts

# Pages have tests of their own.
pytestmark = [
    pytest.mark.usefixtures("sketched"),
    pytest.mark.drawn(5, among="file"),
]

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
        "fit",
        "-f",
        "gaussian",
        folder / "*.parquet",
        *options,
        *([] if memory is None else ["--memory", memory]),
    )
    assert "columns left out" in found.output
    assert "city" in found.output
    mixture, facts = load_with_facts(tmp_path / "out" / "model.mixtura")
    whole = passed(
        "fit",
        "-f",
        "gaussian",
        *sorted(folder.glob("*.parquet")),
        *options[:-1],
        tmp_path / "whole",
    )
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
    # CSV files have six digits, others all.
    rounded = {"rtol": 5.1e-6, "atol": 1e-21} if name.endswith("csv") else {"atol": 1e-12}
    np.testing.assert_allclose(one[["p0", "p1", "p2"]], expected, **rounded)


def test_text_files_are_read_part_by_part(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("mixtura.data.batches.TEXT_BYTES", 4000)
    rows = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    rows.to_csv(tmp_path / "x.csv", index=False)
    passed("fit", folder, "-k", "3", "-s", "full", "-o", tmp_path / "out")
    model = tmp_path / "out" / "model.mixtura"
    one = passed("predict", model, tmp_path / "x.csv", "--id", "city").stdout
    other = passed("predict", model, tmp_path / "x.csv", "--id", "city", "--memory", "1kB").stdout
    assert one == other
    rows.assign(city=2**53 + 1 + 2 * np.arange(len(rows))).to_csv(tmp_path / "i.csv", index=False)
    for memory in ("1GB", "1kB"):
        named = ("--id", "city", "--memory", memory, "-o", tmp_path / "named.csv")
        passed("predict", model, tmp_path / "i.csv", *named)
        read = pd.read_csv(tmp_path / "named.csv")["city"]
        assert (read == 2**53 + 1 + 2 * np.arange(len(rows))).all()
    passed(
        "fit", tmp_path / "x.csv", "-k", "3", "-s", "full", "--memory", "1kB", "-o", tmp_path / "b"
    )
    np.testing.assert_array_equal(
        load(tmp_path / "b" / "model.mixtura").parameters.means, load(model).parameters.means
    )


def test_gaps_weights_and_columns_of_one_value_are_the_same_whatever_memory_there_is(tmp_path):
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(6000, 3)) + 6 * rng.integers(3, size=(6000, 1))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    frame = pd.DataFrame(rows, columns=list(NAMES)).assign(one=1.0, n=rng.integers(0, 3, 6000))
    for number in range(3):
        frame[2000 * number : 2000 * (number + 1)].to_parquet(tmp_path / f"{number}.parquet")
    files, found = tmp_path / "*.parquet", {}
    for memory in ("1GB", "50kB"):
        out = tmp_path / memory
        options = ["-k", "3", "-s", "full", "--weights", "n", "--memory", memory, "-o", out]
        text = passed("fit", "-f", "gaussian", files, *options).stdout
        mixture, facts = load_with_facts(out / "model.mixtura")
        found[memory] = mixture.parameters.means, {**facts, "seconds": 0}, text
    (means, facts, text), (other_means, other_facts, other_text) = found.values()
    np.testing.assert_array_equal(means, other_means)
    assert facts == other_facts
    told = frame[frame[list(NAMES)].notna().any(axis=1)]
    assert facts["total_weight"] == told["n"].sum()
    assert sum(facts["sizes"]) == frame["n"].sum()
    assert "cells are missing, in" in text
    assert text.count("cells are missing, in") == other_text.count("cells are missing, in")
    sizes = [pd.read_csv(tmp_path / "1GB" / "assignments.csv")]
    sizes.append(pd.read_parquet(tmp_path / "50kB" / "assignments.parquet"))
    assert (sizes[0]["component"].to_numpy() == sizes[1]["component"].to_numpy()).all()


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_codes_of_missing_cells_and_logarithms_are_the_same_whatever_memory_there_is(
    tmp_path, suffix
):
    rng = np.random.default_rng(5)
    rows = np.exp(rng.normal(size=(3000, 3)) + 4 * rng.integers(2, size=(3000, 1)))
    rows[rng.random(rows.shape) < 0.05] = 99.0
    for number, part in enumerate(np.array_split(rows, 3)):
        write(tmp_path / f"{number}.{suffix}", part)
    found = {}
    for memory in ("1GB", "20kB"):
        out = tmp_path / memory
        options = ["-k", "2", "-s", "full", "--missing", "99", "--log", "a,c", "--memory", memory]
        passed("fit", "-f", "gaussian", tmp_path / f"*.{suffix}", *options, "-o", out)
        found[memory] = load_with_facts(out / "model.mixtura")
    (inside, facts), (beyond, other) = found.values()
    assert inside.columns == ("log(a)", "b", "log(c)")
    np.testing.assert_array_equal(inside.parameters.means, beyond.parameters.means)
    assert {**facts, "seconds": 0} == {**other, "seconds": 0}


def test_a_dataset_knows_codes_of_missing_cells_and_takes_logarithms(tmp_path):
    rows = np.array([[1.0, 99.0, 3.0], [99.0, 5.0, 99.0]])
    path = write(tmp_path / "rows.parquet", rows)
    data = dataset(path, ["log(c)", "a"], weights="b", missing=["99"], transforms={"c": "log"})
    np.testing.assert_array_equal(data.array(), [[np.log(3.0), 1.0], [np.nan, np.nan]])
    # Those of weights are weights.
    assert data.row_weights.tolist() == [99.0, 5.0]
    with pytest.raises(ParameterError, match="columns of files"):
        dataset([rows], missing=["99"])


@pytest.mark.parametrize("family", first(2, ["poisson", "bernoulli", "gamma", "negative_binomial"]))
def test_other_families_are_fitted_the_same_whatever_memory_there_is(tmp_path, family):
    rng = np.random.default_rng(4)
    rows = rng.poisson(np.array([[1.0, 4, 9], [8, 2, 1]])[rng.integers(2, size=3000)])
    cells = rows + 0.5 if family == "gamma" else (rows > 3) if family == "bernoulli" else rows
    frame = pd.DataFrame(cells.astype(float), columns=list(NAMES))
    frame = frame.assign(n=rng.integers(0, 3, 3000), time=rng.random(3000) + 0.5)
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=100)
    more = ["--exposure", "time"] if family == "poisson" else ["--noise"]
    options = ["-f", family, "-k", "1:2", "--columns", "a,b,c", "--weights", "n", *more]
    found = []
    for memory in ("1GB", "10kB"):
        out = tmp_path / memory
        passed("fit", tmp_path / "x.parquet", *options, "--memory", memory, "-o", out)
        found.append({**load_with_facts(out / "model.mixtura")[1], "seconds": 0})
        assert (out / "report.html").exists()
    assert found[0] == found[1]


def test_missing_cells_are_counted_over_all_parts(tmp_path):
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(6000, 3)) + 6 * rng.integers(3, size=(6000, 1))
    passed(
        "fit", write(tmp_path / "whole.csv", rows), "-k", "3", "-s", "full", "-o", tmp_path / "o"
    )
    rows[rng.random(rows.shape) < 0.1] = np.nan
    file = write(tmp_path / "x.parquet", rows)
    said = [
        passed("predict", tmp_path / "o" / "model.mixtura", file, "--memory", memory).stderr
        for memory in ("1GB", "1kB")
    ]
    assert said[0] == said[1]
    missing, gappy = np.isnan(rows).sum(), np.isnan(rows).any(axis=1).sum()
    assert f"{missing:,} of 18,000 cells are missing, in {gappy:,} of 6,000 rows" in said[0]
    assert said[0].count("cells are missing, in") == 1


def write(path, rows):
    frame = pd.DataFrame(rows, columns=list(NAMES))
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, row_group_size=700)
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--id", "town"], "'town'"),
        (["--log", "town"], "'town'"),
        (["--log", "a"], "has no logarithm"),
        (["--columns", "city"], "'city'"),
        (["--columns", "nothing"], "'nothing'"),
    ],
)
def test_what_cannot_be_is_said(folder, tmp_path, options, words):
    found = run(
        "fit",
        "-f",
        "gaussian",
        folder,
        "-k",
        "2",
        "--memory",
        "1kB",
        *options,
        "-o",
        tmp_path / "out",
    )
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


def test_files_without_rows_among_others_say_nothing(folder, tmp_path):
    first = pd.read_parquet(folder / "0.parquet")
    first[:0].to_csv(tmp_path / "none.csv", index=False)
    first[:0].to_csv(tmp_path / "other.csv", index=False)
    for memory in ("1GB", "1kB"):
        target = tmp_path / memory
        fit = ["fit", tmp_path / "none.csv", folder / "0.parquet", "-k", "2", "-s", "full"]
        passed(*fit, "--memory", memory, "-o", target)
        found = passed(
            "predict", target / "model.mixtura", tmp_path / "none.csv", folder / "0.parquet"
        )
        assert len(found.stdout.splitlines()) == 1 + len(first)
        nothing = run("fit", tmp_path / "none.csv", tmp_path / "other.csv", "--memory", memory)
        assert "rows" in nothing.output
        assert nothing.exit_code != 0
    nothing = run(
        "predict", target / "model.mixtura", tmp_path / "none.csv", tmp_path / "other.csv"
    )
    assert "none of the files holds rows" in nothing.output


def test_tab_separated_files_are_read_part_by_part_too(folder, tmp_path):
    pd.read_parquet(folder / "0.parquet").to_csv(tmp_path / "x.tsv", sep="\t", index=False)
    one, other = (
        passed(
            "fit", "-f", "gaussian", file, "-k", "2", "-s", "full", "--memory", "1kB"
        ).stdout.split("converged")[0]
        for file in (tmp_path / "x.tsv", folder / "0.parquet")
    )
    assert one == other


@pytest.mark.parametrize("column", ["log_density", "p1", "component"])
def test_a_column_of_identifiers_is_not_written_over(folder, tmp_path, column):
    passed("fit", folder, "-k", "2", "-s", "full", "-o", tmp_path / "out")
    rows = pd.read_parquet(folder / "0.parquet")
    rows.assign(**{column: np.arange(len(rows))}).to_parquet(tmp_path / "x.parquet")
    model, target = tmp_path / "out" / "model.mixtura", tmp_path / "s.csv"
    passed("predict", model, tmp_path / "x.parquet", "--id", column, "--proba", "-o", target)
    found = pd.read_csv(target)
    assert (found[f"{column} (id)"] == np.arange(len(rows))).all()
    assert found.shape[1] == 7


def test_identifiers_of_two_kinds_go_to_text_only(folder, tmp_path):
    passed("fit", folder, "-k", "2", "-s", "full", "-o", tmp_path / "out")
    rows = pd.read_parquet(folder / "0.parquet")
    rows.assign(id=1).to_parquet(tmp_path / "1.parquet")
    rows.assign(id="a").to_parquet(tmp_path / "2.parquet")
    files = [tmp_path / "out" / "model.mixtura", tmp_path / "1.parquet", tmp_path / "2.parquet"]
    passed("predict", *files, "--id", "id", "-o", tmp_path / "s.csv")
    found = run("predict", *files, "--id", "id", "-o", tmp_path / "s.parquet")
    assert "column 'id' holds int64 in the first rows and string in others" in found.output
    assert not (tmp_path / "s.parquet").exists()


def test_advice_is_that_of_the_command(folder, tmp_path):
    rows = pd.read_parquet(folder / "0.parquet")
    rows.assign(b=-1.5).to_parquet(tmp_path / "x.parquet")
    found = run("fit", tmp_path / "x.parquet", "--weights", "b", "--memory", "1kB")
    assert "column 'b' of weights holds -1.5 at row 1 (counted from 1" in found.output
    rows.assign(a="u").to_parquet(tmp_path / "y.parquet")
    files = [folder / "0.parquet", tmp_path / "y.parquet"]
    found = run("fit", *files, "--columns", "a", "--memory", "1kB")
    assert "from its row 1 (counted from 1) on: column 'a' holds 'u' at row 1 (" in found.output


def test_auto_goes_by_the_first_rows_beyond_memory(folder, tmp_path):
    options = ["-k", "2", "-s", "full", "-f", "auto", "--memory", "1kB"]
    assert "family auto: gaussian" in passed("fit", folder, *options).output
    answers = np.random.default_rng(0).integers(0, 3, (500, 2))
    pd.DataFrame(answers, columns=["a", "b"]).to_parquet(tmp_path / "x.parquet")
    found = passed("fit", tmp_path / "x.parquet", *options[:2], "-f", "auto", "--memory", "1kB")
    assert "family auto: categorical" in found.output


def test_a_column_of_one_value_is_left_out_and_named(folder, tmp_path):
    rows = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    rows.assign(site=7.0).to_parquet(tmp_path / "x.parquet", index=False)
    options = ["-k", "3", "-s", "full"]
    found = passed(
        "fit",
        "-f",
        "gaussian",
        tmp_path / "x.parquet",
        *options,
        "--memory",
        "1kB",
        "-o",
        tmp_path / "out",
    )
    assert "column 'site': all rows hold one value" in found.output
    passed("fit", "-f", "gaussian", folder, *options, "-o", tmp_path / "without")
    one, other = (load(tmp_path / name / "model.mixtura") for name in ("out", "without"))
    assert one.columns == other.columns == NAMES
    np.testing.assert_array_equal(one.parameters.means, other.parameters.means)
