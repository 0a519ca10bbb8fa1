"""Rows of files and batches: read once, whatever they come in, and kept out of memory if many."""

import gc
import gzip
import os
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from mixtura import DataError, MixturaWarning, ParameterError, dataset
from mixtura.data import records
from mixtura.data.arrays import ArrayRows
from mixtura.data.spool import SpooledRows

N_ROWS, NAMES = 1000, ("a", "b", "c")


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(N_ROWS, 3))


def table_of(rows, names=NAMES):
    return pa.table({name: rows[:, j] for j, name in enumerate(names)})


def write_parts(folder, rows, n_files=3, group=100):
    for number, part in enumerate(np.array_split(rows, n_files)):
        pq.write_table(table_of(part), folder / f"part-{number}.parquet", row_group_size=group)


def spooled(source, tmp_path, **options):
    cache = tmp_path / "cache"
    cache.mkdir(exist_ok=True)
    return dataset(source, memory=1000, cache=cache, **options)


def all_of(data):
    return np.concatenate(list(data.batches()))


def sources(folder, rows):
    write_parts(folder, rows)
    yield "pattern", str(folder / "part-*.parquet"), True
    yield "list", sorted(folder.glob("part-*.parquet")), True
    yield "folder", folder, True
    yield "dataset of pyarrow", pads.dataset(folder, format="parquet"), True
    reader = pa.RecordBatchReader.from_batches(
        table_of(rows).schema, table_of(rows).to_batches(max_chunksize=77)
    )
    yield "reader", reader, True
    yield "batch of Arrow", table_of(rows).to_batches()[0], True
    yield "generator of arrays", (part for part in np.array_split(rows, 9)), False
    yield "function", lambda: iter(np.array_split(rows, 9)), False
    yield "frames of pandas", [pd.DataFrame(rows, columns=list(NAMES))] * 1, True
    yield "lazy frame", pl.DataFrame(rows, schema=list(NAMES)).lazy(), True
    yield "array", rows, False


def test_rows_come_in_many_ways(tmp_path, rows):
    for memory in (None, 1000):
        folder = tmp_path / str(memory)
        folder.mkdir()
        for called, source, named in sources(folder, rows):
            with dataset(source, memory=memory, cache=tmp_path) as data:
                assert (data.n_rows, data.n_columns) == rows.shape, called
                assert data.names == (NAMES if named else None), called
                assert data.is_in_memory == (memory is None), called
                assert_array_equal(all_of(data), rows, called)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.arrow", "x.stream.arrow", "x.npy"])
def test_files_of_other_kinds(tmp_path, rows, name):
    file = tmp_path / name
    if name.endswith(".csv"):
        pd.DataFrame(rows, columns=list(NAMES)).to_csv(file, index=False)
    elif name.endswith(".gz"):
        text = pd.DataFrame(rows, columns=list(NAMES)).to_csv(index=False)
        file.write_bytes(gzip.compress(text.encode()))
    elif name.endswith(".npy"):
        np.save(file, rows)
    else:
        make = pa.ipc.new_stream if "stream" in name else pa.ipc.new_file
        with make(file, table_of(rows).schema) as writer:
            writer.write_table(table_of(rows), max_chunksize=99)
    with spooled(file, tmp_path) as data:
        assert_array_equal(all_of(data), rows)


def test_whole_numbers_of_a_text_file_may_go_on_as_others(tmp_path, monkeypatch):
    monkeypatch.setattr("mixtura.data.batches.TEXT_BYTES", 64)
    file = tmp_path / "x.csv"
    file.write_text("a;b\n" + "1;NA\n" * 50 + "2.5;3\n" * 50)
    with dataset(file) as data:
        assert_array_equal(data.survey.n_missing, [0, 50])
        assert_array_equal(data.survey.highest, [2.5, 3.0])


@pytest.mark.parametrize("content", ["garbage", "text", "objects", "cut"])
def test_what_is_no_array_of_numbers_is_told_in_words_of_this_package(tmp_path, content):
    file = tmp_path / "x.npy"
    np.save(file, np.array(["a", None], dtype=object) if content == "objects" else np.ones((9, 2)))
    written = {"garbage": b"\x00\x01garbage" * 9, "text": b"a,b\n1,2\n"}
    file.write_bytes(written.get(content, file.read_bytes()[: 90 if content == "cut" else None]))
    with pytest.raises(DataError, match=r"x\.npy' is no whole .*numpy\.save") as caught:
        assert dataset(file).n_rows
    assert "pickle" not in str(caught.value)


def test_no_array_loses_a_column_of_weights(tmp_path):
    pd.DataFrame({"a": [1.0, 2.0], "w": [1.0, 3.0]}).to_csv(tmp_path / "x.csv", index=False)
    data = dataset(tmp_path / "x.csv", weights="w")
    with pytest.raises(DataError, match="column of weights"):
        np.asarray(data)
    assert_array_equal(data.array(), [[1.0], [2.0]])
    assert_array_equal(data.row_weights, [1.0, 3.0])


@pytest.mark.parametrize("shape", [(), (5,), (5, 2, 2)])
def test_an_array_in_a_file_is_a_table(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.ones(shape))
    with pytest.raises(DataError, match=r"x\.npy' is no table of rows and columns"):
        assert dataset(tmp_path / "x.npy").n_rows


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [("1", "x", "'x' in row 41 .*, and numbers"), ("true", "0.5", "'0.5' in row 41 .* truth")],
)
def test_a_cell_of_another_kind_late_in_a_text_file_is_named(
    tmp_path, monkeypatch, first, last, words
):
    monkeypatch.setattr("mixtura.data.batches.TEXT_BYTES", 64)
    (tmp_path / "x.csv").write_text("a,b\n" + f"1,{first}\n" * 40 + f"2,{last}\n")
    with pytest.raises(DataError, match=f"column 'b' of .* holds {words}"):
        assert dataset(tmp_path / "x.csv").n_rows


def test_columns_are_read_by_name(tmp_path, rows):
    write_parts(tmp_path, rows)
    pq.write_table(table_of(rows[:, ::-1], NAMES[::-1]), tmp_path / "part-9.parquet")
    with spooled(str(tmp_path / "*.parquet"), tmp_path, columns=["c", "a"]) as data:
        assert data.names == ("c", "a")
        assert_array_equal(all_of(data), np.vstack([rows, rows])[:, [2, 0]])


@pytest.mark.parametrize(
    "of",
    [
        pd.DataFrame,
        pl.DataFrame,
        pl.LazyFrame,
        lambda cells: pl.DataFrame(cells).lazy(),
        pa.table,
        lambda cells: pa.table(cells).to_batches()[0],
    ],
)
def test_columns_of_frames_of_all_libraries_are_read_by_name(of):
    frame = of({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": ["u", "v"]})
    data = dataset([frame], columns=["b", "a"])
    assert data.names == ("b", "a")
    assert_array_equal(data.array(), [[3.0, 1.0], [4.0, 2.0]])
    with pytest.raises(DataError, match="no column 'z'; there are 'a', 'b', 'c'"):
        assert dataset([frame], columns=["z"]).n_rows


def test_a_column_that_a_file_lacks_is_told_with_those_it_has(tmp_path, rows):
    pq.write_table(table_of(rows), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"x\.parquet' has no column 'z'; it has 'a', 'b', 'c'"):
        assert dataset(tmp_path / "x.parquet", columns=["z"]).n_rows


def test_masked_cells_are_missing(rows):
    data = dataset([np.ma.masked_array(rows, rows > 1.0)])
    assert_array_equal(data.array(), np.where(rows > 1.0, np.nan, rows))


def test_what_gives_rows_once_is_not_read_twice(rows):
    data = dataset(part for part in (rows, rows[:, :2], rows))
    with pytest.raises(DataError, match=r"batch 1 .* has 2 columns"):
        assert data.n_rows
    # The third part alone would pass for all rows.
    with pytest.raises(DataError, match="a generator gives its rows once"):
        assert data.n_rows


def test_columns_in_another_order_are_brought_into_that_of_the_first(tmp_path, rows):
    parts = [table_of(rows), table_of(rows[:, ::-1], NAMES[::-1])]
    assert_array_equal(all_of(dataset(parts)), np.vstack([rows, rows]))


def test_single_precision_stays(tmp_path, rows):
    with spooled([rows.astype(np.float32)], tmp_path) as data:
        assert all_of(data).dtype == np.float32
        assert data.rows.path.stat().st_size == 4 * rows.size


@pytest.mark.parametrize("memory", [8, 20_000, 2**30])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 0, 1), (1, 0, 0)])
def test_parts_of_unlike_precision_are_all_double(tmp_path, rows, memory, order):
    kinds = (np.float32, np.float64, np.int64)
    parts = [np.round(rows * 8).astype(kinds[kind]) for kind in order]
    with dataset(parts, memory=memory, cache=tmp_path) as data:
        assert all_of(data).dtype == np.float64
        assert_array_equal(all_of(data), np.vstack(parts))
    assert not list(tmp_path.iterdir())


def test_rows_in_the_cache_are_a_source_like_those_in_memory(tmp_path, rows):
    rows = np.vstack([rows, rows[:100], rows[:10]])
    with spooled([rows], tmp_path) as data:
        source, memory = data.rows, ArrayRows(rows)
        assert isinstance(source, SpooledRows)
        for size in (1, 10, 500, 5000):
            for own, expected in zip(
                source.subsample(size, 3), memory.subsample(size, 3), strict=True
            ):
                assert_array_equal(own, expected)
        for at_least in (1, 900, 5000):
            assert source.count_distinct(at_least) == memory.count_distinct(at_least)
        assert_array_equal(source.block(7, 300).rows, rows[7:300])
        assert source.block(5, 5).rows.shape == (0, 3)
        assert source.total_weight == len(source) == len(rows)
        assert_array_equal(pickle.loads(pickle.dumps(source)).block(0, 9).rows, rows[:9])


def test_the_cache_goes_when_the_rows_do(tmp_path, rows):
    folder = tmp_path / "cache"
    data = spooled([rows], tmp_path)
    assert not os.listdir(folder)
    assert data.n_rows == N_ROWS
    assert len(os.listdir(folder)) == 1
    del data
    gc.collect()
    assert not os.listdir(folder)
    with spooled([rows], tmp_path) as data:
        assert data.n_rows == N_ROWS
    assert not os.listdir(folder)
    assert data.n_rows == N_ROWS


def test_nothing_is_left_of_rows_that_cannot_be_read(tmp_path, rows):
    wrong = rows.copy()
    wrong[5, 1] = np.inf
    with spooled([rows, wrong], tmp_path) as data, pytest.raises(DataError, match="batch 1"):
        assert data.n_rows
    assert not os.listdir(tmp_path / "cache")


def test_what_killed_runs_left_is_swept_and_what_others_use_is_not(tmp_path, rows):
    first = spooled([rows], tmp_path)
    assert first.n_rows
    stale = tmp_path / "cache" / f"{records.PREFIX}0123456789abcdef"
    stale.write_bytes(b"left")
    with spooled([rows], tmp_path) as data:
        assert data.n_rows
        assert not stale.exists()
    assert_array_equal(all_of(first), rows)


def test_a_full_disk_is_told(tmp_path, rows, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records, "is_locked", full)
    with pytest.raises(DataError, match=r"No space left.*bytes are free.*cache="):
        assert spooled([rows], tmp_path).n_rows
    assert not os.listdir(tmp_path / "cache")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.write_bytes(x.read_bytes()[:-20]), "has become shorter"),
        (lambda x: x.unlink(), "cannot be read"),
    ],
)
def test_a_cache_that_changes_meanwhile_is_told(tmp_path, rows, change, words):
    with spooled([rows], tmp_path) as data:
        source = data.rows
        change(source.path)
        with pytest.raises(DataError, match=words):
            source.block(N_ROWS - 5, N_ROWS)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (lambda x: [x, x[:, :2]], "batch 1 .* has 2 columns, and batch 0 .* has 3"),
        (lambda x: [table_of(x), table_of(x, ("a", "b", "z"))], "no column 'c'"),
        (lambda x: [table_of(x), x], "has 3 columns"),
        (lambda x: [x[0]], "no table"),
        (lambda x: [pd.DataFrame({"a": ["u"]})], "column 'a' holds 'u' at row 0"),
        (lambda _: [], "no rows"),
        (lambda x: [x[:0]], "no rows"),
        (lambda x: [x.astype(complex)], "complex"),
        (lambda x: [x.astype("M8[s]")], "dates or times"),
        (lambda x: [csr_array(x)], "is sparse"),
    ],
)
def test_rows_that_do_not_go_together_are_told(rows, parts, words):
    with pytest.raises(DataError, match=words):
        assert dataset(parts(rows)).n_rows


def test_a_damaged_row_group_is_named(tmp_path, rows):
    file = tmp_path / "x.parquet"
    pq.write_table(
        table_of(rows),
        file,
        row_group_size=200,
        write_page_checksum=True,
        compression="none",
        use_dictionary=False,
    )
    column = pq.ParquetFile(file).metadata.row_group(2).column(1)
    content = bytearray(file.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 0xFF
    file.write_bytes(bytes(content))
    # Row 36 of the table of faults.
    with pytest.raises(DataError, match=r"x\.parquet', row group 2, column 'b', is damaged"):
        assert dataset(file).n_rows
    left = dataset(file, on_bad="skip")
    with pytest.warns(MixturaWarning, match=r"row group 2, column 'b', .*; its 200 rows are left"):
        assert left.n_rows == len(rows) - 200
    assert_array_equal(left.array(), np.delete(rows, np.s_[400:600], axis=0))
    with pytest.raises(ParameterError, match="on_bad should be"):
        dataset(file, on_bad="ignore")


@pytest.mark.parametrize("name", ["nothing.parquet", "*.none", "x.txt"])
def test_files_that_are_none_are_told(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"does not exist|matches no file|extension"):
        assert dataset(name).n_rows
    with pytest.raises(DataError, match="holds no file of rows"):
        dataset(tmp_path)


def test_a_file_that_is_not_what_it_says_is_told(tmp_path):
    for name in ("x.parquet", "x.arrow", "x.npy"):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(DataError, match=name):
            assert dataset(tmp_path / name).n_rows


def test_arguments_that_are_none_are_told(tmp_path, rows):
    with pytest.raises(ParameterError, match="memory should be"):
        dataset([rows], memory="much")
    with pytest.raises(ParameterError, match="memory should be"):
        dataset([rows], memory=float("inf"))
    with pytest.raises(ParameterError, match="cache should be"):
        dataset([rows], cache=tmp_path / "none")
    with pytest.raises(ParameterError, match=r"a list of names, such as \['ab'\]"):
        dataset([rows], columns="ab")
    for wrong in ([0], []):
        with pytest.raises(ParameterError, match="columns should be a list of names, at least one"):
            dataset([rows], columns=wrong)
    with pytest.raises(ParameterError, match="is made of"):
        assert dataset(5).n_rows
    with pytest.raises(ParameterError, match="the rows have no names"):
        assert dataset([rows], columns=["a"]).n_rows


@pytest.mark.parametrize(
    ("memory", "expected"),
    [("2 GB", 2e9), ("2GiB", 2**31), ("1 TiB", 2**40), ("1.5kb", 1500), ("100", 100), (7, 7)],
)
def test_sizes_in_words(rows, memory, expected):
    assert dataset([rows], memory=memory)._memory == expected
