"""`convert` writes what other programs read of a model file."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mixtura import GaussianMixture, MixtureRegressor, load
from mixtura.cli.command import command

ROWS = pd.DataFrame(np.random.default_rng(2).normal(size=(60, 2)), columns=["a", "b"])


def run(*given: Any) -> Any:
    return CliRunner().invoke(command, [str(each) for each in given])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    GaussianMixture(2, random_state=0).fit(ROWS).save(tmp_path / "model.mixtura")
    return tmp_path / "model.mixtura"


def test_a_query_is_that_of_the_mixture_and_runs(model: Path, tmp_path: Path) -> None:
    asked = ("--table", "people", "--keep", "id", "--dialect", "sqlite")
    done = run("convert", model, "-o", tmp_path / "x.sql", *asked)
    assert done.exit_code == 0, done.output
    query = (tmp_path / "x.sql").read_text("utf-8")
    assert query == load(model).mixture_.to_sql("people", keep=["id"], dialect="sqlite") + "\n"
    with sqlite3.connect(":memory:") as database:
        ROWS.assign(id=range(60)).to_sql("people", database)
        told = pd.read_sql(query, database)
    expected = load(model).predict_proba(ROWS)
    np.testing.assert_allclose(told[["p_0", "p_1"]], expected, rtol=0, atol=1e-9)


def test_numbers_are_those_of_the_mixture(model: Path, tmp_path: Path) -> None:
    assert run("convert", model, "-o", tmp_path / "x.JSON").exit_code == 0
    said = json.loads((tmp_path / "x.JSON").read_text("utf-8"))
    assert said == json.loads(load(model).mixture_.to_json())


def test_a_model_of_onnx_gives_posteriors(model: Path, tmp_path: Path) -> None:
    onnxruntime: Any = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    assert run("convert", model, "-o", tmp_path / "x.onnx").exit_code == 0
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx")
    (found,) = session.run(["probabilities"], {"X": ROWS.to_numpy()})
    np.testing.assert_allclose(found, load(model).predict_proba(ROWS), rtol=0, atol=1e-9)


def test_what_cannot_be_written_is_said(model: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.mixtura"
    MixtureRegressor(1).fit(ROWS[["a"]], ROWS["b"]).save(lines)
    for given, words in (
        ((model, "-o", tmp_path / "x.csv"), "may be .json, .onnx, .sql"),
        ((model, "-o", tmp_path / "x.json", "--table", "a"), "--table is for .sql, and -o"),
        ((model, "-o", tmp_path / "x.sql", "--keep", "p_0"), "--keep has 'p_0', but a column"),
        ((model, "-o", tmp_path / "x.sql", "--table", ""), "mixtura: --table should be a name"),
        ((model, "-o", model), "is read and would be replaced"),
        ((lines, "-o", tmp_path / "x.sql"), "there is no SQL for a 'regression' mixture"),
        ((tmp_path / "none", "-o", tmp_path / "x.sql"), "none"),
    ):
        done = run("convert", *given)
        assert done.exit_code in (1, 2)
        assert words in " ".join(done.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lines.mixtura", "model.mixtura"]
