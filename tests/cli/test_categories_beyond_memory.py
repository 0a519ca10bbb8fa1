"""The command on categories and mixed columns beyond memory, and on identifiers of such rows."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import dataset
from mixtura.cli.beyond import shown_rows
from mixtura.cli.command import command
from mixtura.store import load_with_facts

pytestmark = [pytest.mark.usefixtures("sketched"), pytest.mark.drawn(4, among="file")]


def passed(*arguments):
    found = CliRunner().invoke(command, [str(each) for each in arguments])
    assert found.exit_code == 0, found.output
    return found


def answers(seed=0, n_rows=4000):
    rng = np.random.default_rng(seed)
    sides = rng.integers(2, size=n_rows)
    frame = pd.DataFrame(
        {
            "id": [f"p{row}" for row in range(n_rows)],
            "colour": np.array(["red", "blue", "green"])[
                sides + (rng.random(n_rows) < 0.4).astype(int)
            ],
            "stars": 1 + 2 * sides + rng.integers(2, size=n_rows),
            "owns": rng.random(n_rows) < 0.2 + 0.6 * sides,
            "length": 5.0 + 4.0 * sides + rng.normal(size=n_rows),
            "n": rng.integers(0, 3, n_rows),
        }
    )
    frame.loc[rng.random(n_rows) < 0.1, "colour"] = None
    frame.loc[n_rows - 1, "colour"] = "amber"
    return frame


def written(frame, folder, ending):
    for number, part in enumerate((frame[:900], frame[900:3333], frame[3333:])):
        if ending == "csv":
            part.to_csv(folder / f"{number}.csv", index=False)
        else:
            part.to_parquet(folder / f"{number}.parquet", row_group_size=333, index=False)
    return folder / f"*.{ending}"


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-f", "categorical", "--columns", "colour,stars,owns"], ""),
        (["-f", "categorical", "--columns", "colour,stars,owns", "--noise"], ""),
        (["-f", "mixed", "-s", "diag"], "gaussian: 'length'"),
        (["-f", "auto"], "family auto: mixed"),
        (["-f", "auto", "--columns", "colour,owns"], "family auto: categorical"),
    ],
)
def test_a_fit_is_the_same_whatever_memory_there_is(tmp_path, ending, options, said):
    frame, found, tables = answers(), [], []
    files = written(frame, tmp_path, ending)
    for memory in ("1GB", "10kB"):
        out = tmp_path / memory
        asked = ["-k", "1:2", "--starts", "2", "--weights", "n", "--id", "id", "--memory", memory]
        output = passed("fit", files, *options, *asked, "-o", out).output
        assert said in output
        mixture, facts = load_with_facts(out / "model.mixtura")
        found.append((mixture.weights.tolist(), mixture.kinds, {**facts, "seconds": 0}))
        assert (out / "report.html").exists()
    assert found[0] == found[1]
    tables = (
        pd.read_csv(tmp_path / "1GB" / "assignments.csv"),
        pd.read_parquet(tmp_path / "10kB" / "assignments.parquet"),
    )
    assert tables[1]["id"].tolist() == frame["id"].tolist()
    # CSV files have six digits, which the last bit of a number may turn.
    digits = {"probability": ".6g", "uncertainty": ".6g", "log_density": ".6f"}
    told = {name: [float(f"{v:{form}}") for v in tables[1][name]] for name, form in digits.items()}
    pd.testing.assert_frame_equal(
        tables[0], tables[1].assign(**told), rtol=1.1e-6, atol=1.1e-6, check_dtype=False
    )


def test_identifiers_stay_as_they_are_spelled(tmp_path):
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(rng.normal(size=(500, 2)), columns=["a", "b"])
    rows.assign(code=[f"{row:05d}" for row in range(500)]).to_csv(tmp_path / "x.csv", index=False)
    options = ["-k", "1", "-s", "full", "--id", "code", "--memory", "1kB", "-o", tmp_path / "out"]
    passed("fit", tmp_path / "x.csv", *options)
    found = pd.read_parquet(tmp_path / "out" / "assignments.parquet")
    assert found["code"].tolist() == [f"{row:05d}" for row in range(500)]


@pytest.mark.parametrize("memory", ["1 GB", 1000])
def test_categories_are_shown_as_often_as_they_are_there(tmp_path, memory):
    rng = np.random.default_rng(2)
    rare = rng.random(5000) < 0.02
    frame = pd.DataFrame({"a": np.where(rare, "rare", "often"), "b": rng.integers(2, size=5000)})
    with dataset([frame], memory=memory, cache=tmp_path) as data:
        shown = shown_rows(data.coded(), 2000, 0)
    assert len(shown) == 2000
    assert (shown[:, 0] == 1).mean() == pytest.approx(0.02, abs=0.015)
    assert shown[:, 1].mean() == pytest.approx(0.5, abs=0.05)


def test_predictions_of_such_a_fit_go_part_by_part(tmp_path):
    frame = answers(3)
    files = written(frame, tmp_path, "parquet")
    passed("fit", files, "-f", "mixed", "-k", "2", "--memory", "10kB", "-o", tmp_path / "out")
    passed(
        *("predict", tmp_path / "out" / "model.mixtura", files),
        *("--memory", "10kB", "-o", tmp_path / "s.parquet"),
    )
    one = pd.read_parquet(tmp_path / "out" / "assignments.parquet")
    pd.testing.assert_frame_equal(one, pd.read_parquet(tmp_path / "s.parquet"))
