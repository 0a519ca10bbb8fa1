"""`mixtura choose` chooses of a file what the library chooses of a frame."""

import csv

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import load
from mixtura.cli.command import command
from mixtura.column_choice import choose_columns


def mixtura(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)])


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(120, 3))
    rows[:, 1] += 6.0 * (np.arange(120) % 2)
    frame = pd.DataFrame(rows, columns=["length", "width", "height"])
    frame["count"] = 1 + np.arange(120) % 2
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    return frame, path


def test_columns_are_those_that_the_library_chooses_and_the_model_is_of_them(table, tmp_path):
    frame, path = table
    asked = ("-k", "1:3", "-s", "EEE,VVV", "--weights", "count")
    done = mixtura("choose", path, *asked, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    found = choose_columns(
        frame.drop(columns="count"),
        range(1, 4),
        ("EEE", "VVV"),
        sample_weight=frame["count"],
        random_state=0,
    )
    assert found.columns == ("width",)
    assert found.summary() in done.stdout
    rows = list(csv.DictReader((tmp_path / "out" / "steps.csv").open(encoding="utf-8")))
    # Files have nine digits.
    evidence = [step.evidence for step in found.steps]
    assert [float(row["evidence"]) for row in rows] == pytest.approx(evidence, rel=1e-8)
    labels = load(tmp_path / "out" / "model.mixtura").predict(frame[["width"]])
    assert (labels == found.selection.predict(frame[["width"]])).all()


def test_what_options_contradict_is_said(table):
    _, path = table
    done = mixtura("choose", path, "-f", "categorical", "-s", "full")
    assert done.exit_code == 2
    assert "--structures says nothing" in done.stderr
    done = mixtura("choose", path, "-k", "1")
    assert done.exit_code == 2
    assert "a number from 2 up" in done.stderr
