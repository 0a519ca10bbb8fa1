"""A frame that lives on a cluster is fitted as its rows are in memory, and never comes whole."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mixtura import (
    CategoricalMixture,
    DataError,
    GaussianMixture,
    PoissonMixture,
    assignments,
    dataset,
    select,
)
from mixtura.data.chained import ChainedRecords, SharedFolder
from mixtura.data.records import PREFIX, RecordWriter

dask = pytest.importorskip("dask.dataframe", reason="Dask has no frames: dask[dataframe]")
pd = pytest.importorskip("pandas")

RNG = np.random.default_rng(5)
TABLE = pd.DataFrame(
    RNG.normal(size=(4001, 3)) + 4 * RNG.integers(3, size=(4001, 1)), columns=list("abc")
)
TABLE["n"] = RNG.integers(0, 4, len(TABLE)).astype(float)
ASKED: Any = {"n_components": 3, "random_state": 0}


def cut(table: Any, *ends: int) -> Any:
    """Return a frame of Dask's with partitions that end at the given rows."""
    whole = dask.from_pandas(table, npartitions=1)
    bounds = [0, *ends, len(table)]
    parts = [table.iloc[start:stop] for start, stop in pairwise(bounds)]
    return dask.from_map(lambda part: part, parts, meta=whole._meta)


@pytest.mark.parametrize(("memory", "inside"), [("10 kB", False), ("1 GB", True)])
@pytest.mark.parametrize("ends", [(), (1, 1500, 1500, 4000)])
def test_a_fit_to_a_frame_has_the_bits_of_memory(
    ends: tuple[int, ...], memory: str, inside: bool, tmp_path: Path
) -> None:
    rows = TABLE[["a", "b", "c"]]
    expected = GaussianMixture(**ASKED).fit(rows)
    asked: Any = {"columns": list("abc"), "memory": memory, "cache": tmp_path}
    with dataset(cut(TABLE, *ends), **asked) as data:
        found = GaussianMixture(**ASKED).fit(data)
        assert data.is_in_memory is inside
        assert data.names == ("a", "b", "c")
        assert list(found.feature_names_in_) == list("abc")
        assert found.log_likelihood_ == expected.log_likelihood_
        assert found.means_.tobytes() == expected.means_.tobytes()
        assert (found.predict(data) == expected.predict(rows)).all()
        assert (found.score_samples(data) == expected.score_samples(rows)).all()
    assert not any(tmp_path.iterdir())


def test_weights_gaps_and_counts_are_those_of_memory(tmp_path: Path) -> None:
    table = TABLE.copy()
    table.loc[RNG.random(len(table)) < 0.2, "b"] = np.nan
    names = list("abc")
    own: Any = {**ASKED, "missing": "marginal"}
    expected = GaussianMixture(**own).fit(table[names], sample_weight=table["n"])
    frame = cut(table, 700, 2000)
    with dataset(frame, weights="n", memory="10 kB", cache=tmp_path) as data:
        assert GaussianMixture(**own).fit(data).log_likelihood_ == expected.log_likelihood_
    counts = pd.DataFrame(RNG.poisson(3, size=(2500, 2)), columns=["x", "y"])
    of_counts = PoissonMixture(2, random_state=0).fit(counts).log_likelihood_
    with dataset(cut(counts, 900), memory="1 kB", cache=tmp_path) as data:
        assert PoissonMixture(2, random_state=0).fit(data).log_likelihood_ == of_counts
    # What a fit sorted is in files beside the folders, as long as the fit is there.
    assert not any(path.is_dir() for path in tmp_path.iterdir())


def test_what_is_known_and_what_is_told_of_rows_are_those_of_memory(tmp_path: Path) -> None:
    table = TABLE.drop(columns="n")
    table["kind"] = np.where(np.arange(len(table)) % 9 == 0, (table["a"] > 2).astype(int), -1)
    names = list("abc")
    expected = GaussianMixture(2, random_state=0).fit(table[names], table["kind"])
    frame = cut(table, 700, 2000)
    with dataset(frame, memory="10 kB", cache=tmp_path) as data:
        found = GaussianMixture(2, random_state=0).fit(data, y="kind")
        assert found.log_likelihood_ == expected.log_likelihood_
        told = pa.table(assignments(found, data, ids="kind", proba=True))
    assert told["kind"].to_pylist() == table["kind"].tolist()
    assert (told["component"].to_numpy() == expected.predict(table[names])).all()
    assert (told["p1"].to_numpy() == expected.predict_proba(table[names])[:, 1]).all()


def test_single_precision_stays_so_and_becomes_wider_beside_double(tmp_path: Path) -> None:
    single = TABLE[["a", "b"]].astype(np.float32)
    with dataset(cut(single, 1000), memory="1 kB", cache=tmp_path) as data:
        assert data.rows.dtype == np.float32
        assert np.array_equal(np.concatenate(list(data.batches())), single.to_numpy())


def test_categories_are_those_of_memory() -> None:
    table = pd.DataFrame(
        np.array(["x", "y", "z"])[RNG.integers(3, size=(900, 4))], columns=[*"pqrs"]
    )
    expected = CategoricalMixture(2, random_state=0).fit(table)
    with dataset(cut(table, 100, 500), memory="1 kB") as data:
        found = CategoricalMixture(2, random_state=0).fit(data)
    assert found.log_likelihood_ == expected.log_likelihood_
    assert found.categories_ == expected.categories_


def test_what_needs_all_rows_at_once_is_refused() -> None:
    frame = cut(TABLE, 2000)
    for refused in (GaussianMixture(2).fit, lambda rows: select(rows, [1, 2])):
        with pytest.raises(DataError, match=r"live with the workers of Dask.*dataset\(X\)"):
            refused(frame)
    with (
        dataset(frame, memory="1 kB") as data,
        pytest.raises(DataError, match="more than the 1,000 of memory="),
    ):
        np.asarray(data)


def test_an_error_names_partition_column_and_row(tmp_path: Path) -> None:
    wrong = TABLE.copy()
    wrong.loc[2100, "b"] = np.inf
    with pytest.raises(DataError, match=r"partition 1 \(counted from 0\).*'b'.*row 100"):
        assert dataset(cut(wrong, 2000), cache=tmp_path).rows
    wrong.loc[2100, ["b", "n"]] = 0, -1
    with pytest.raises(DataError, match=r"partition 1 .*column 'n' of weights holds -1"):
        assert dataset(cut(wrong, 2000), weights="n", cache=tmp_path).rows
    with pytest.raises(DataError, match=r"partition 0 .*there is no column 'z'; there are 'a'"):
        assert dataset(cut(TABLE, 2000), ["z"], cache=tmp_path).rows
    with pytest.raises(DataError, match="there are no rows"):
        assert dataset(cut(TABLE.iloc[:0]), cache=tmp_path).rows
    assert not any(tmp_path.iterdir())


def test_a_folder_that_workers_cannot_write_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mixtura.data.clusters.Spool", full)
    with pytest.raises(DataError, match=r"put rows into '.*No space left.*by cache="):
        assert dataset(cut(TABLE, 2000), cache=tmp_path).rows


def chain(folder: SharedFolder, *parts: Any) -> ChainedRecords:
    pieces = []
    for part in parts:
        with RecordWriter(folder.path) as writer:
            writer.add(part)
            pieces.append(writer.ended())
    return ChainedRecords(pieces, [len(part) for part in parts], folder)


def test_chained_files_are_read_as_the_array_they_are(tmp_path: Path) -> None:
    rows = RNG.normal(size=(50, 3))
    first = rows[:7].astype(np.float32)
    rows[:7] = first
    chained = chain(SharedFolder(tmp_path), first, rows[7:8], rows[8:40], rows[40:])
    for start, stop in ((0, 50), (3, 7), (7, 8), (5, 41), (49, 50), (9, 9), (50, 50)):
        assert np.array_equal(chained.read(start, stop), rows[start:stop])
        assert np.array_equal(
            chained.of_columns(slice(1, 3)).read(start, stop), rows[start:stop, 1:]
        )
    places = np.flatnonzero(RNG.random(50) < 0.3)
    assert np.array_equal(chained.take(places), rows[places])
    chained.remove()
    assert not any(tmp_path.iterdir())


def test_what_a_killed_run_left_is_swept_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "lock").touch()
    held = SharedFolder(tmp_path)
    other = SharedFolder(tmp_path)
    assert {folder.name for folder in tmp_path.iterdir()} == {held.path.name, other.path.name}
