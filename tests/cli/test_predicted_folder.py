"""`mixtura predict -o FOLDER/` writes rows in their order, part by part, and loses nothing."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from mixtura import GaussianMixture
from mixtura.cli.command import command
from mixtura.scoring import writing


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_seed: int
) -> tuple[Path, np.ndarray]:
    """Return a folder with a model and three files, and what their rows are."""
    rng = np.random.default_rng(fresh_seed)
    rows = rng.normal(size=(250, 2)) + 5.0 * rng.integers(0, 2, (250, 1))
    (tmp_path / "data").mkdir()
    table = pa.table({"a": rows[:, 0], "b": rows[:, 1], "who": np.arange(250) * 3})
    for number, (start, stop) in enumerate([(0, 90), (90, 100), (100, 250)]):
        pq.write_table(table.slice(start, stop - start), tmp_path / "data" / f"{number}.parquet")
    GaussianMixture(2, random_state=0).fit(table.select(["a", "b"])).save(tmp_path / "m.mixtura")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(writing, "PART_ROWS", 60)
    return tmp_path, rows


def predict(*asked: str) -> Result:
    return CliRunner().invoke(command, ["predict", "m.mixtura", "data/*.parquet", *asked])


@pytest.mark.parametrize("asked", [(), ("--proba", "--id", "who")])
def test_a_folder_holds_what_one_file_does(
    place: tuple[Path, np.ndarray], asked: tuple[str, ...]
) -> None:
    done = predict("-o", "scored/", *asked)
    assert done.exit_code == 0, done.output
    assert "written to scored: part-00000.parquet, ... part-00004.parquet" in done.stderr
    assert predict("-o", "scored.parquet", *asked).exit_code == 0
    files = sorted(Path("scored").iterdir())
    assert [pq.read_metadata(file).num_rows for file in files] == [60, 60, 60, 60, 10]
    assert ds.dataset(files).to_table() == pq.read_table("scored.parquet")


def test_a_folder_of_before_is_replaced_only_where_that_is_said(
    place: tuple[Path, np.ndarray],
) -> None:
    assert predict("-o", "scored/").exit_code == 0
    before = {file.name: file.read_bytes() for file in Path("scored").iterdir()}
    refused = predict("-o", "scored", "--proba")
    assert refused.exit_code == 2
    assert "holds part-00000.parquet" in refused.stderr
    assert {file.name: file.read_bytes() for file in Path("scored").iterdir()} == before
    assert predict("-o", "scored", "--proba", "--force").exit_code == 0
    assert "p1" in ds.dataset("scored").schema.names
    (Path("scored") / "notes.txt").write_text("mine")
    refused = predict("-o", "scored", "--force")
    assert "'notes.txt'" in refused.stderr
    assert (Path("scored") / "notes.txt").exists()


def test_a_folder_that_is_read_is_not_written(place: tuple[Path, np.ndarray]) -> None:
    refused = predict("-o", "data/", "--force")
    assert refused.exit_code == 2
    assert "in it is read; name another folder" in refused.stderr
    assert len(list(Path("data").iterdir())) == 3


def test_nothing_is_there_where_rows_cannot_be_read(place: tuple[Path, np.ndarray]) -> None:
    pq.write_table(pa.table({"a": ["x"], "b": [1.0], "who": [1]}), "data/3.parquet")
    failed = predict("-o", "scored/")
    assert failed.exit_code == 1
    assert not Path("scored").exists()
    assert not Path("scored.partial").exists()
