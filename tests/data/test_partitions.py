"""Columns that stand in the names of folders are those that pyarrow's hive partitioning reads."""

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mixtura import dataset
from mixtura.cli.command import command
from mixtura.data.files import read_tables
from mixtura.data.partitions import Partitions
from mixtura.data.paths import called_together, files_of
from mixtura.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Return a folder of files that pyarrow wrote, by year and shop."""
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "x": rng.normal(size=60),
            "y": rng.normal(size=60),
            "year": np.repeat([2023, 2024, 2025], 20),
            "shop": ["north", "south & west"] * 30,
        }
    )
    pa.dataset.write_dataset(
        table,
        tmp_path / "data",
        format="parquet",
        partitioning=pa.dataset.partitioning(
            pa.schema([("year", pa.int64()), ("shop", pa.string())]), flavor="hive"
        ),
    )
    return tmp_path / "data"


def by_arrow(folder):
    return pa.dataset.dataset(folder, partitioning="hive", format="parquet").to_table()


def in_order(table):
    return table.select(["x", "y", "year", "shop"]).sort_by("x").to_pylist()


def test_a_folder_is_read_as_pyarrow_reads_it(folder):
    files = files_of(folder)
    read = read_tables(files, called_together([str(folder)]))
    assert in_order(read.content) == in_order(by_arrow(folder))
    assert read.kinds["year"] == "number"
    assert read.kinds["shop"] == "text"


@pytest.mark.parametrize("memory", [None, 0])
def test_a_dataset_has_them_among_its_columns(folder, memory):
    rows = dataset(folder, ["year", "x"], memory=memory)
    expected = by_arrow(folder).sort_by("x")
    found = np.concatenate(list(rows.batches()))
    assert rows.names == ("year", "x")
    found = found[np.argsort(found[:, 1])]
    np.testing.assert_array_equal(found[:, 0], expected["year"].to_numpy())
    np.testing.assert_array_equal(found[:, 1], expected["x"].to_numpy())


def test_columns_of_folders_alone_have_a_value_for_each_row(folder):
    found = np.concatenate(list(dataset(folder, ["year"]).batches()))
    assert sorted(found[:, 0]) == [2023] * 20 + [2024] * 20 + [2025] * 20


def test_what_is_the_same_in_all_files_is_a_column_only_where_it_is_asked_for(folder):
    files = files_of(folder / "year=2024")
    assert Partitions.of(files).differing == ("shop",)
    assert read_tables(files, folder).names == ("x", "y", "shop")
    assert set(read_tables(files, folder, ["x", "year"]).column("year")) == {2024}
    (one,) = files_of(folder / "year=2024" / "shop=north")
    assert read_tables([one], folder).names == ("x", "y")
    assert read_tables([one], folder, ["shop", "y"]).column("shop") == ["north"] * 10


def test_values_are_numbers_where_those_of_all_files_are(tmp_path):
    for value in ("1", "02", "__HIVE_DEFAULT_PARTITION__", "7b"):
        place = tmp_path / "data" / f"n={value}" / f"m={0 if value == '7b' else value}"
        place.mkdir(parents=True)
        pq.write_table(pa.table({"x": [1.0]}), place / "part.parquet")
    (tmp_path / "data" / "n=7b").rename(tmp_path / "other")
    whole = read_tables(files_of(tmp_path / "data"), tmp_path)
    assert sorted(whole.column("n"), key=str) == [1, 2, None]
    (tmp_path / "other").rename(tmp_path / "data" / "n=7b")
    mixed = read_tables(files_of(tmp_path / "data"), tmp_path)
    assert sorted(mixed.column("n"), key=str) == ["02", "1", "7b", None]


def test_what_stands_in_folders_is_read_and_not_what_files_say_of_it(tmp_path):
    for year in (2024, 2025):
        (tmp_path / f"year={year}").mkdir()
        table = pa.table({"year": ["of the file"] * 2, "x": [0.5, 1.5]})
        pq.write_table(table, tmp_path / f"year={year}" / "part.parquet")
    assert read_tables(files_of(tmp_path), tmp_path).column("year") == [2024, 2024, 2025, 2025]


def test_names_that_stand_twice_on_the_way_are_refused(tmp_path):
    place = tmp_path / "year=1" / "year=2"
    place.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1.0]}), place / "part.parquet")
    with pytest.raises(DataError, match="two folders that say what 'year' is"):
        dataset(tmp_path, ["x"]).array()


def test_the_command_fits_and_predicts_by_them(folder, tmp_path):
    ran = CliRunner().invoke(command, ["inspect", str(folder)])
    assert ran.exit_code == 0
    assert "year" in ran.output
    assert "shop" in ran.output
    arguments = ["fit", str(folder), "-k", "2", "--columns", "x,year", "-o", str(tmp_path / "out")]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    arguments = ["predict", str(tmp_path / "out" / "model.mixtura"), str(folder / "year=2024")]
    ran = CliRunner().invoke(command, [*arguments, "--id", "shop"])
    assert ran.exit_code == 0, ran.output
    assert len(ran.stdout.splitlines()) == 21
    assert "south & west" in ran.stdout
